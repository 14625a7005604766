"""The state machine of a suffix: its answers for names nobody registered, and their events (M54, M55).

| seen, against what stands | what is done |
|---|---|
| unknown | nothing: it changes no state |
| the same | what was waiting to be seen again is forgotten |
| another wildcard, or none, for the first time | it waits to be seen again |
| the same as what waits, fewer than `SIGHTINGS` times (for an end, `LOSSES`) | it waits on |
| the same as what waits, often enough | it stands, and is told: `suffix_wildcard_changed` |
| as the row before, of a suffix that had a wildcard when it was first seen | `mail_found_able`: baseline |

Two wildcards are the same when they lead to the same exchanges, or to the same addresses where they name none.
"""

from dataclasses import dataclass, replace

from watcher.core.events import EventKind
from watcher.core.mail.dns import Answer
from watcher.core.mail.nameservers import SIGHTINGS
from watcher.core.mail.verdict import Ability, Basis, Verdict

LOSSES = 3
_MOST_PROTECTED = 100
_ANY = "*"


@dataclass(frozen=True, slots=True)
class SuffixWaiting:
    """A change seen and not confirmed yet: its target (None: not looked at yet), times, resolvers and answers.

    `baseline`: it is no news when it is confirmed.
    """

    points: tuple[str, ...] | None = None
    times: int = 0
    resolvers: tuple[str, ...] = ()
    evidence: tuple[Answer, ...] = ()
    baseline: bool = False


@dataclass(frozen=True, slots=True)
class SuffixState:
    """The wildcard that stands, without the random name it was seen by; what waits; the protected names it concerns."""

    stands: Verdict | None = None
    waiting: SuffixWaiting | None = None
    protected: tuple[str, ...] = ()

    @property
    def resolvers(self) -> frozenset[str]:
        """The resolvers that said what waits: a confirming look avoids them."""
        return frozenset(() if self.waiting is None else self.waiting.resolvers)

    @property
    def is_kept(self) -> bool:
        """Return whether there is anything to remember."""
        return self.stands is not None or self.waiting is not None


@dataclass(frozen=True, slots=True)
class SuffixDraft:
    """An event of a suffix to be: the wildcard before and after, None where there is none, with all readings."""

    kind: EventKind
    before: Verdict | None
    after: Verdict | None
    evidence: tuple[Answer, ...]


def noted(state: SuffixState, protected: tuple[str, ...], *, news: bool) -> SuffixState:
    """Return the state after a candidate of these protected names met the wildcard; the suffix is to be looked at then.

    `news`: the candidate was known to be absent, so that the wildcard is new.
    """
    names = tuple(dict.fromkeys((*state.protected, *protected)))[:_MOST_PROTECTED]
    waiting = state.waiting if state.is_kept else SuffixWaiting(baseline=not news)
    return replace(state, waiting=waiting, protected=names)


def step(
    state: SuffixState, seen: Verdict, resolvers: frozenset[str], *, first: bool
) -> tuple[SuffixState, tuple[SuffixDraft, ...]]:
    """Return the state after a look by a random label, and the events to be recorded. `first`: the first look ever."""
    if seen.ability is Ability.UNKNOWN:
        return state, ()
    found = wildcard_of(seen)
    points = points_of(found)
    if points == points_of(state.stands):
        return replace(state, waiting=None), ()
    waiting = state.waiting or SuffixWaiting(baseline=first)
    again = waiting.points == points
    times = waiting.times + 1 if again else 1
    evidence = (*(waiting.evidence if again else ()), *seen.evidence)
    if times < (LOSSES if found is None else SIGHTINGS):
        waits = replace(waiting, points=points, times=times, resolvers=tuple(sorted(resolvers)), evidence=evidence)
        return replace(state, waiting=waits), ()
    baseline = waiting.baseline and state.stands is None
    kind = EventKind.MAIL_FOUND_ABLE if baseline else EventKind.SUFFIX_WILDCARD_CHANGED
    after = replace(state, stands=found, waiting=None)
    return after, (SuffixDraft(kind, state.stands, found, evidence),)


def is_wildcard(verdict: Verdict) -> bool:
    """Return whether the suffix answered for a name that nobody registered."""
    return verdict.basis is Basis.REGISTRY_WILDCARD


def wildcard_of(verdict: Verdict) -> Verdict | None:
    """Return the wildcard that a look saw, without the random name that was asked for; None where there is none."""
    if not is_wildcard(verdict):
        return None
    exchanges = (
        replace(exchange, host=_ANY) if exchange.preference == 0 else exchange for exchange in verdict.exchanges
    )
    return replace(verdict.brief, exchanges=tuple(exchanges))


def points_of(wildcard: Verdict | None) -> tuple[str, ...]:
    """Return the targets of a wildcard: its exchanges, or the addresses where it names none."""
    if wildcard is None:
        return ()
    found: set[str] = set()
    for exchange in wildcard.exchanges:
        found.update(exchange.addresses if exchange.preference == 0 else [exchange.host])
    return tuple(sorted(found))
