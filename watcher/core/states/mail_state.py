"""The memory of a name between looks: the confirmed state, changes under way, and the look that may change it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from watcher.core.events import EventKind
from watcher.core.mail.dns import Answer, Outcome, RRType
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.names.names import is_under
from watcher.core.states.steadiness import Mark, Swings

SETTLED = "settled"
"""`MailState.last_outcome` after a settled look."""

BASELINE_TRIES, BASELINE_WAIT = 3, timedelta(minutes=15)
"""The baseline waits for a candidate that does not settle: so many tries, for so long at most (M75)."""

_LONGEST = timedelta(hours=1)


def _last_two_labels(host: str) -> str:
    return ".".join(host.split(".")[-2:])


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of confirmation: `delay` before a second look, `losses` settled looks `loss_gap` apart for a loss.

    `alone`: there is one resolver only, so a confirming look waits for the TTL too. Neither wait follows a TTL beyond
    `longest`, since the operator of the name sets the TTL. `voices`: so many resolvers must have said it, as long as
    there are others to be heard, so that half of them lying alike is not believed.
    `back_within`: what comes back sooner than that is a return and no gain (M70, M72). `flaps` changes within
    `flaps_within` are flapping.
    """

    delay: timedelta = timedelta(seconds=60)
    losses: int = 3
    loss_gap: timedelta = timedelta(minutes=5)
    longest: timedelta = _LONGEST
    alone: bool = False
    voices: int = 2
    back_within: timedelta = timedelta(days=7)
    flaps: int = 3
    flaps_within: timedelta = timedelta(days=30)
    registrable_domain: Callable[[str], str | None] = _last_two_labels

    @classmethod
    def among(cls, resolvers: int, *, at_source: bool, **others: Any) -> "Policy":
        """Return the policy for so many resolvers; `at_source`: the second look asks the name's own nameservers."""
        voices = 2 if at_source else max(2, resolvers // 2 + 1)
        return cls(alone=resolvers == 1, voices=voices, **others)

    def operator_of(self, host: str) -> str:
        """Return the operator of a host: its registrable domain."""
        return self.registrable_domain(host) or host


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look at a name: its verdict with evidence, when, by whom, and the TTL in seconds of what decided it.

    `resolvers` gave the decisive answer: the MX, or the address. `heard_at`: the oldest answer that decided it, where
    that was remembered from before the look.
    """

    verdict: Verdict
    at: datetime
    resolvers: frozenset[str] = frozenset()
    ttl: int | None = None
    heard_at: datetime | None = None

    @property
    def heard(self) -> datetime:
        """The time from which it speaks for itself: a remembered answer confirms nothing."""
        return self.at if self.heard_at is None else self.heard_at


@dataclass(frozen=True, slots=True)
class Origin:
    """The known facts of a candidate before its first look.

    `absent_since`: an earlier sweep settled it as absent, then or later (a shard's watermark); None: never settled.
    `last_sweep_at`: when the last finished sweep over its protected name began; None: there was none.
    `registered_at`: when its registration was created, where known.
    """

    absent_since: datetime | None = None
    last_sweep_at: datetime | None = None
    registered_at: datetime | None = None

    @property
    def known_absent_since(self) -> datetime | None:
        """The time by which it was absent (M67b; M68 by its registration); None: the first look is baseline."""
        if self.absent_since is not None:
            return self.absent_since
        if self.last_sweep_at is None or self.registered_at is None or self.registered_at <= self.last_sweep_at:
            return None
        return self.last_sweep_at


@dataclass(frozen=True, slots=True)
class Pending:
    """A gain or change seen and not yet confirmed. `since`: the last settled look before it, None for a baseline.

    `readings` are all looks that said so, the first one first; a look at `due_at` may confirm the last one.
    """

    readings: tuple[Sighting, ...]
    due_at: datetime
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Losses:
    """Settled looks in a row that say less than what stands. `since`: the last look before that saw it standing."""

    readings: tuple[Sighting, ...]
    due_at: datetime
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A name that no look has settled yet: since when, how often it was tried, and the outcome of the last try."""

    since: datetime
    tries: int
    outcome: str

    def is_given_up(self, now: datetime) -> bool:
        """Return whether the baseline waits for it no longer (M75)."""
        return self.tries >= BASELINE_TRIES or now - self.since >= BASELINE_WAIT


@dataclass(frozen=True, slots=True)
class MailState:
    """The confirmed state of one name, and the changes under way.

    `standing`: the confirmed verdict, without evidence; None until a look settles. `seen`: it was seen to exist.
    `plain_until`: when a look first saw it plain no more, once that stood. `gained_at`: when its last gain was told, or
    would have been but for its parent's (M73). `swings`: its changes of ability of late; `shifts`: those between weak
    and plain (M72). `failures`: unsettled looks in a row. `unsettled`: set until the first look that settles.
    `baseline_since`: set while it stands able by baseline alone: the sweep before its first look (M68).
    `ttl`: of the last settled look, in seconds. `at_risk`: settled looks in a row that saw mail of ours at risk.
    `was_ours`: when it last stood able, its mail was the owner's (M35). `home`: who ran the exchanges of an own name
    when it was first seen with mail as one; None: no own name, or no mail yet. `absences`: settled looks in a row by
    which the name is not there. `brought_by`: the feed that brought the name before any sweep did.
    """

    standing: Verdict | None = None
    seen: bool = False
    settled_at: datetime | None = None
    attempted_at: datetime | None = None
    last_outcome: str | None = None
    failures: int = 0
    ttl: int | None = None
    plain_until: datetime | None = None
    gained_at: datetime | None = None
    swings: Swings = field(default_factory=Swings)
    shifts: Swings = field(default_factory=Swings)
    unsettled: Unsettled | None = None
    baseline_since: datetime | None = None
    at_risk: int = 0
    was_ours: bool = False
    home: tuple[str, ...] | None = None
    absences: int = 0
    brought_by: str | None = None
    pending: Pending | None = None
    losses: Losses | None = None

    @property
    def unconfirmed(self) -> bool:
        """Return whether the last settled look said something else than what stands, and waits to be confirmed."""
        return self.pending is not None or self.losses is not None

    @property
    def avoid(self) -> frozenset[str]:
        """The resolvers that a confirming look should avoid: all that said so, the last one after an unsettled look."""
        under_way = self.pending or self.losses
        if under_way is None or not under_way.readings:
            return frozenset()
        return under_way.readings[-1].resolvers if self.failures else _agreeing(under_way.readings)


def _agreeing(readings: tuple[Sighting, ...]) -> frozenset[str]:
    """Return the resolvers that gave the last one of the readings, and those before it that say the same."""
    same = [
        reading.resolvers for reading in readings if exchange_set(reading.verdict) == exchange_set(readings[-1].verdict)
    ]
    return frozenset().union(*same)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to be recorded: the verdicts before and after, and the answers of every look that says so, oldest first.

    `since` is the last moment at which it cannot have been seen yet; None for a baseline. `marks` say which story the
    event belongs to (M72, M73). `unsettled`: no look had settled before (M75).
    """

    kind: EventKind
    before: Verdict | None
    after: Verdict
    evidence: tuple[Answer, ...]
    since: datetime | None
    marks: frozenset[Mark] = frozenset()
    unsettled: Unsettled | None = None


class Standing(StrEnum):
    """A row or column of the table: the verdict that stands, or that was seen."""

    NOTHING = "nothing"
    """No settled look yet; seen: unknown."""
    UNSETTLED = "unsettled"
    """No settled look yet, and the baseline was done without it (M75); never seen."""
    UNABLE = "unable"
    """Also: absent."""
    DEFENSIVE = "defensive"
    """Able, and the owner's own (M35)."""
    WEAK = "weak"
    """Able, but by `implicit_mx`, `registry_wildcard` or with `sender_dependent`."""
    PLAIN = "plain"
    """Able by an `explicit_mx` that every sender uses."""


UNSETTLED = Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED)
"""The standing verdict of a name whose baseline was done without it (M75)."""


def stands(state: "MailState") -> Standing:
    """Return the row of a state."""
    return Standing.UNSETTLED if state.standing == UNSETTLED else standing_of(state.standing)


def standing_of(verdict: Verdict | None) -> Standing:
    """Return the row, or column, of a verdict."""
    if verdict is None or verdict.ability is Ability.UNKNOWN:
        return Standing.NOTHING
    if verdict.ability is Ability.UNABLE:
        return Standing.UNABLE
    if Flag.DEFENSIVE in verdict.flags:
        return Standing.DEFENSIVE
    plain = verdict.basis is Basis.EXPLICIT_MX and Flag.SENDER_DEPENDENT not in verdict.flags
    return Standing.PLAIN if plain else Standing.WEAK


def exchange_set(verdict: Verdict | None) -> tuple[Basis, tuple[frozenset[str], ...]] | None:
    """Return the basis and the hosts from best to worst; order, TTLs and addresses do not count (M66)."""
    if verdict is None:
        return None
    preferences = sorted({exchange.preference for exchange in verdict.exchanges})
    ranks = (frozenset(e.host for e in verdict.exchanges if e.preference == p) for p in preferences)
    return verdict.basis, tuple(ranks)


def exists(verdict: Verdict) -> bool:
    """Return whether a settled verdict shows the name to exist: not by NXDOMAIN alone, nor by a suffix's wildcard."""
    if verdict.basis in {Basis.NO_SUCH_NAME, Basis.NO_SUCH_SUFFIX}:
        return Flag.ARMED in verdict.flags  # M06: delegated, one change away
    return verdict.basis not in {Basis.REGISTRY_WILDCARD, Basis.LOOKUP_FAILED}


def sighted(name: str, verdict: Verdict, at: datetime) -> Sighting:
    """Return the sighting of `name`: who answered what decided the verdict, and for how long that holds."""
    hosts = {exchange.host for exchange in verdict.exchanges}
    through_exchanges = verdict.basis not in {Basis.EXPLICIT_MX, Basis.NULL_MX}
    deciding = [
        answer
        for answer in verdict.evidence
        if answer.settled
        and answer.question.type in {RRType.MX, RRType.A, RRType.AAAA}
        and (is_under(name, answer.question.name) or (through_exchanges and answer.question.name in hosts))
    ]
    ttls = [answer.ttl for answer in deciding if answer.ttl is not None]
    heard_at = min((answer.at for answer in deciding if answer.at < at), default=None)
    resolvers = frozenset(answer.resolver for answer in _decisive(name, verdict, deciding))
    return Sighting(verdict, at, resolvers, max(ttls, default=None), heard_at)


def _decisive(name: str, verdict: Verdict, deciding: list[Answer]) -> list[Answer]:
    """Return the answers that alone show the name able: its MX, or its address. A second look avoids their resolvers.

    Not every answer's: resolvers take turns, and a look that avoids all of them avoids none.
    """
    types = (RRType.MX,) if verdict.basis is Basis.EXPLICIT_MX else (RRType.A, RRType.AAAA)
    for type_ in types:
        said = [answer for answer in deciding if answer.question.name == name and answer.question.type is type_]
        if with_records := [answer for answer in said if answer.records]:
            return with_records
    return deciding


def obstacle(verdict: Verdict) -> str:
    """Return the outcome that kept an unsettled look from settling: the first such one in its evidence."""
    unsettled = (answer.outcome for answer in verdict.evidence if not answer.settled)
    return next(unsettled, Outcome.TIMEOUT).value
