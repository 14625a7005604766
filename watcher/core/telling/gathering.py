"""Gathering: events that are to be told at once become messages, and the times at which the rest is told.

One message for each registrable domain; one for a storm, where many of them have a wildcard, an exchange operator, an
address or a nameserver operator in common, or are too many to be read one by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.core.events import Event
from watcher.core.mail.verdict import Basis
from watcher.core.telling.alerts import DigestEvery, Policy, group_key

MOST_AT_ONCE = 50
"""More messages of one kind than this at once are one message, though the names have nothing in common."""


def storm_keys(event: Event, operator_of: Callable[[str], str]) -> tuple[str, ...]:
    """What many events may have in common, widest first: a suffix's wildcard, exchange operators, nameserver operators.

    Of names that take mail by an address alone, also the addresses. `operator_of` gives the registrable domain of a
    host. Kinds do not mix: the key ends with the event's kind.
    """
    keys = []
    now = event.after or event.before
    if now.get("basis") == Basis.REGISTRY_WILDCARD and event.registrable_domain:
        keys.append(f"wildcard:{event.registrable_domain.partition('.')[2]}")
    side = event.after if _rows(event.after.get("exchanges")) else event.before  # lost ones count as well
    exchanges = _rows(side.get("exchanges"))
    operators = sorted({operator_of(row["host"]) for row in exchanges if row.get("host")})
    keys += [f"exchange:{operator}" for operator in operators if operator != event.registrable_domain]
    if side.get("basis") == Basis.IMPLICIT_MX:  # no operator but the name itself: whoever has the host has them all
        keys += sorted({f"address:{address}" for row in exchanges for address in row.get("addresses", ())})
    servers = {str(server) for server in now.get("nameservers") or ()}
    for row in event.evidence:
        if row.get("type") == "NS":
            servers.update(row.get("records", ()))
    operators = sorted({operator_of(server) for server in servers})
    keys += [f"nameserver:{operator}" for operator in operators if operator != event.registrable_domain]
    return tuple(f"{key}:{event.kind.value}" for key in keys)


def _rows(value: Any) -> Sequence[Mapping[str, Any]]:
    return value if isinstance(value, list | tuple) else ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event of the outbox that is to be told at once, through `channels`, waiting there since `since`."""

    event: Event
    channels: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """What goes into one message; `storm` when many names have `key` in common."""

    key: str
    members: tuple[Waiting, ...]
    storm: bool = False
    channels: tuple[str, ...] = ()


def grouped(
    waiting: Iterable[Waiting], *, digest_after: int, operator_of: Callable[[str], str] = lambda host: host
) -> tuple[Group, ...]:
    """Every waiting event in exactly one group, oldest group first; members in the order given.

    More than `digest_after` registrable domains with something in common are one storm; the rest is one group for each
    `group_key`. Events with different channels never share a group.
    """
    parts: dict[tuple[str, ...], list[Waiting]] = {}
    for one in waiting:
        parts.setdefault(one.channels, []).append(one)
    groups = [
        group for channels, part in parts.items() for group in _grouped(part, channels, digest_after, operator_of)
    ]
    return tuple(sorted(groups, key=lambda group: min((one.since, one.event.id) for one in group.members)))


def _grouped(
    part: list[Waiting], channels: tuple[str, ...], digest_after: int, operator_of: Callable[[str], str]
) -> list[Group]:
    groups = []
    left = {one.event.id: one for one in part}
    sharing: dict[str, list[Waiting]] = {}
    for one in part:
        for key in storm_keys(one.event, operator_of):
            sharing.setdefault(key, []).append(one)
    # the widest storm first, so that an event with several keys goes where most of its like are
    for key, members in sorted(sharing.items(), key=lambda item: (-len(item[1]), item[0])):
        fresh = tuple(one for one in members if one.event.id in left)
        if len({one.event.registrable_domain for one in fresh}) > digest_after:
            groups.append(Group(key, fresh, storm=True, channels=channels))
            for one in fresh:
                del left[one.event.id]
    alone: dict[str, list[Waiting]] = {}
    for one in left.values():
        alone.setdefault(group_key(one.event), []).append(one)
    return groups + _few([Group(key, tuple(members), channels=channels) for key, members in alone.items()])


def _few(groups: list[Group]) -> list[Group]:
    """Messages that have nothing in common but their number and kind are one too: nobody reads hundreds."""
    alike: dict[str, list[Group]] = {}
    for group in groups:
        first = group.members[0].event
        alike.setdefault(first.kind.value if first.name else "", []).append(group)
    made: list[Group] = []
    for kind, those in alike.items():
        if kind and len(those) > MOST_AT_ONCE:
            members = sorted((one for group in those for one in group.members), key=lambda one: one.event.id)
            made.append(Group(f"many:{kind}", tuple(members), storm=True, channels=those[0].channels))
        else:
            made += those
    return made


def last_digest_time(now: datetime, policy: Policy) -> datetime | None:
    """The newest moment, at or before `now`, at which a digest was due; None when there are none."""
    if policy.digest is DigestEvery.NEVER:
        return None
    day = now.astimezone(policy.timezone).date() + timedelta(days=1)
    step = timedelta(days=1)
    while True:
        due = datetime.combine(day, policy.digest_at, policy.timezone).astimezone(UTC)
        if due <= now and (policy.digest is DigestEvery.DAILY or day.weekday() == 0):
            return due
        day -= step
