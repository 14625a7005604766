"""The nameservers of one name, as answers list them and as looks in a row confirm them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.names.addresses import is_global

SIGHTINGS = 2
"""The settled looks in a row that must say the same before an event is recorded."""


@dataclass(frozen=True, slots=True)
class Nameservers:
    """The confirmed nameservers of a name, and the differences seen since.

    `names`: None before the first settled look. `troubled`: nameserver to why it is of no use, as it was told.
    `other` and `trouble` are what was seen `times` and `trouble_times` looks in a row, the last time by `shown`.
    """

    names: tuple[str, ...] | None = None
    troubled: Mapping[str, str] | None = None
    other: tuple[str, ...] | None = None
    times: int = 0
    trouble: Mapping[str, str] | None = None
    trouble_times: int = 0
    shown: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """One settled look: the nameservers, those of no use with the reason, and the answers that say so."""

    names: tuple[str, ...]
    trouble: Mapping[str, str]
    evidence: tuple[Answer, ...] = ()


def step(state: Nameservers, seen: Seen) -> tuple[Nameservers, bool, bool]:
    """Return the state after a look, whether the nameservers changed, and whether there is new trouble.

    The first look is baseline for the names, not for trouble. `state.shown` and `seen.evidence` are both readings.
    """
    after, changed, worse = _step(state, seen)
    waits = after.other is not None or after.trouble is not None
    return replace(after, shown=seen.evidence if waits else ()), changed, worse


def _step(state: Nameservers, seen: Seen) -> tuple[Nameservers, bool, bool]:
    changed = False
    if state.names is None or seen.names == state.names:
        state = replace(state, names=seen.names, other=None, times=0)
    else:
        times = state.times + 1 if seen.names == state.other else 1
        changed = times >= SIGHTINGS
        state = replace(state, other=seen.names, times=times)
        if changed:
            state = replace(state, names=seen.names, other=None, times=0)
    trouble = dict(seen.trouble)
    if trouble.keys() == (state.troubled or {}).keys():
        return replace(state, trouble=None, trouble_times=0), changed, False
    times = state.trouble_times + 1 if state.trouble is not None and trouble.keys() == state.trouble.keys() else 1
    if times < SIGHTINGS:
        return replace(state, trouble=trouble, trouble_times=times), changed, False
    worse = bool(trouble.keys() - (state.troubled or {}).keys())
    return replace(state, troubled=trouble, trouble=None, trouble_times=0), changed, worse


def listed(answer: Answer) -> tuple[str, ...] | None:
    """Return the nameservers that an NS answer lists, sorted; empty where there are none; None when not settled."""
    if not answer.settled:
        return None
    return tuple(sorted({record.lower().removesuffix(".") for record in answer.records}))


def questions(hosts: Iterable[str]) -> tuple[Question, ...]:
    """Return the questions that show whether nameservers are of use: those for their addresses."""
    return tuple(Question(host, kind) for host in hosts for kind in (RRType.A, RRType.AAAA))


def trouble_of(hosts: Iterable[str], answers: Iterable[Answer]) -> dict[str, str] | None:
    """Return the nameservers of no use, each with the reason; None when an answer that decides is missing."""
    heard = {(answer.question.name, answer.question.type): answer for answer in answers}
    found = {}
    for host in hosts:
        both = [heard[host, kind] for kind in (RRType.A, RRType.AAAA)]
        addresses = [record for answer in both for record in answer.records]
        if any(is_global(address) for address in addresses):
            continue
        if not all(answer.settled for answer in both):
            return None
        if addresses:
            found[host] = f"it has no address on the Internet ({addresses[0]})"
        elif any(answer.outcome is Outcome.NXDOMAIN for answer in both):
            found[host] = "it does not exist"
        else:
            found[host] = "it has no address"
    return found
