"""Gathering: events that are to be told at once become messages, and the times at which the rest is told.

One message for each registrable domain; one for a storm, where many of them have a wildcard, an exchange operator, an
address or a nameserver operator in common, or are too many to be read one by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.core.events import Event
from watcher.core.mail.verdict import Basis, Flag
from watcher.core.telling.alerts import AlertPolicy, DigestEvery, group_key

MOST_AT_ONCE = 50
"""More messages of one kind than this at once are one message, though the names have nothing in common."""


def storm_keys(event: Event, operator_of: Callable[[str], str]) -> tuple[str, ...]:
    """Return the keys that many events may share, widest first.

    They name a suffix's wildcard, exchange operators and nameserver operators.
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


KNOWN_FOR = timedelta(hours=1)
"""The time for which an exchange operator or address that names moved to is known: the next name joins that story."""
PATIENCE = 5
"""A group that is part of a known story waits so many times `alerts.group_wait` for the next name."""

Known = Mapping[str, frozenset[str]]
"""The names that were told of late, by what they had in common (`story_keys`)."""


def story_keys(event: Event, operator_of: Callable[[str], str]) -> tuple[str, ...]:
    """Return the storm keys by which names that move one after another are one story.

    Not nameserver operators, which have many unrelated customers, nor the exchanges of a shared provider.
    """
    if Flag.SHARED_PROVIDER in event.after.get("flags", ()):
        return ()
    return tuple(key for key in storm_keys(event, operator_of) if key.partition(":")[0] in {"exchange", "address"})


def known_stories(told: Iterable[Event], operator_of: Callable[[str], str]) -> dict[str, frozenset[str]]:
    """Return the story keys that recently told events share, each with the names of those events."""
    names: dict[str, set[str]] = {}
    for event in told:
        for key in story_keys(event, operator_of):
            names.setdefault(key, set()).add(event.name)
    return {key: frozenset(some) for key, some in names.items()}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event of the outbox that is to be told at once, through `channels`, waiting there since `since`."""

    event: Event
    channels: tuple[str, ...]
    since: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """The events of one message; `storm` when many names have `key` in common.

    `others`: further names of the same story, told of before or at the same time. `joins`: some were told of before,
    and the group waits longer for the next ones.
    """

    key: str
    members: tuple[Waiting, ...]
    storm: bool = False
    channels: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    joins: bool = False


def grouped(
    waiting: Iterable[Waiting],
    *,
    digest_after: int,
    operator_of: Callable[[str], str] = lambda host: host,
    known: Known | None = None,
) -> tuple[Group, ...]:
    """Every waiting event in exactly one group, oldest group first; members in the order given.

    More than `digest_after` registrable domains with something in common are one storm; so are two, where names that
    were told of late have it too (`known`). The rest is one group for each `group_key`. Events with different channels
    never share a group.
    """
    parts: dict[tuple[str, ...], list[Waiting]] = {}
    for item in waiting:
        parts.setdefault(item.channels, []).append(item)
    groups = [
        group
        for channels, part in parts.items()
        for group in _grouped(part, channels, digest_after, operator_of, known or {})
    ]
    return tuple(sorted(groups, key=lambda group: min((member.since, member.event.id) for member in group.members)))


def _grouped(
    part: list[Waiting],
    channels: tuple[str, ...],
    digest_after: int,
    operator_of: Callable[[str], str],
    known: Known,
) -> list[Group]:
    groups = []
    left = {entry.event.id: entry for entry in part}
    sharing: dict[str, list[Waiting]] = {}
    for entry in part:
        for key in storm_keys(entry.event, operator_of):
            sharing.setdefault(key, []).append(entry)
    # the widest storm first, so that an event with several keys goes where most of its like are
    for key, members in sorted(sharing.items(), key=lambda item: (-len(item[1]), item[0])):
        fresh = tuple(member for member in members if member.event.id in left)
        domains = {entry.event.registrable_domain for entry in fresh}
        if len(domains) > (1 if key in known else digest_after):
            others = _others(fresh, known, operator_of)
            groups.append(Group(key, fresh, storm=True, channels=channels, others=others, joins=bool(others)))
            for entry in fresh:
                del left[entry.event.id]
    beside = known_stories((entry.event for entry in left.values()), operator_of)
    alone: dict[str, list[Waiting]] = {}
    for entry in left.values():
        alone.setdefault(group_key(entry.event), []).append(entry)
    return groups + _few(
        [
            Group(
                key,
                tuple(members),
                channels=channels,
                others=tuple(sorted({*before, *_others(members, beside, operator_of)})),
                joins=bool(before),
            )
            for key, members in alone.items()
            for before in [_others(members, known, operator_of)]
        ]
    )


def _others(members: Iterable[Waiting], known: Known, operator_of: Callable[[str], str]) -> tuple[str, ...]:
    events = [member.event for member in members]
    told = {name for event in events for key in story_keys(event, operator_of) for name in known.get(key, ())}
    return tuple(sorted(told - {event.name for event in events}))


def _few(groups: list[Group]) -> list[Group]:
    """Messages that have nothing in common but their number and kind are one too: nobody reads hundreds."""
    alike: dict[str, list[Group]] = {}
    for group in groups:
        first = group.members[0].event
        alike.setdefault(first.kind.value if first.name else "", []).append(group)
    made: list[Group] = []
    for kind, those in alike.items():
        if kind and len(those) > MOST_AT_ONCE:
            members = sorted((member for group in those for member in group.members), key=lambda one: one.event.id)
            made.append(Group(f"many:{kind}", tuple(members), storm=True, channels=those[0].channels))
        else:
            made += those
    return made


def last_digest_time(now: datetime, policy: AlertPolicy) -> datetime | None:
    """Return the newest moment, at or before `now`, at which a digest was due; None when there are none."""
    if policy.digest is DigestEvery.NEVER:
        return None
    day = now.astimezone(policy.timezone).date() + timedelta(days=1)
    step = timedelta(days=1)
    while True:
        due = datetime.combine(day, policy.digest_at, policy.timezone).astimezone(UTC)
        if due <= now and (policy.digest is DigestEvery.DAILY or day.weekday() == 0):
            return due
        day -= step
