"""The steadiness of a name: returns, flapping, and the end of flapping (M72).

`swing` is told of each change, and answers with marks for its event:

1. A gain within `policy.back_within` of a told loss is its return: `returned`.
2. From the change number `policy.flaps` within `policy.flaps_within` on the name is flapping: the event of that change
   says so (`flapping`), those after it are `damped`, which the digest tells.
3. Flapping ends when the name stood still for `policy.back_within`; at once with an exchange operator that was not
   there before, or with a higher severity.

Everything is measured in time: how often the name is looked at plays no part.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from watcher.core.mail.risk import Severity, rate
from watcher.core.mail.verdict import Ability, Basis, Verdict

_MOST = 20
"""The most changes, and operators, that are remembered."""


class Mark(StrEnum):
    """A mark of a gain or loss event about the story that it belongs to; `true` in its `to`."""

    RETURNED = "returned"
    """The gain follows a told loss of the same name."""
    FLAPPING = "flapping"
    """The name goes back and forth."""
    DAMPED = "damped"
    """In the digest: the name is flapping, and that was told."""
    JOINED = "joined"
    """In the digest: another host of the same parent gained the same way, and that was told (M73)."""


class Steadiness(Protocol):
    """The part of `mail_state.Policy` that this module needs."""

    @property
    def back_within(self) -> timedelta:
        """The time after a loss within which a gain is its return; a name that flapped must stand still as long."""
        ...

    @property
    def flaps(self) -> int:
        """The number of changes that is flapping."""
        ...

    @property
    def flaps_within(self) -> timedelta:
        """The time within which that number of changes is flapping."""
        ...

    def operator_of(self, host: str) -> str:
        """Return the operator of an exchange: its registrable domain."""
        ...


@dataclass(frozen=True, slots=True)
class Swings:
    """The changes of late, oldest first; when a loss was told; what is known while the name flaps."""

    changes: tuple[datetime, ...] = ()
    lost_at: datetime | None = None
    flapping: bool = False
    operators: tuple[str, ...] = ()
    worst: Severity = Severity.INFO


def swing(
    swings: Swings,
    stood: Verdict | None,
    stands: Verdict,
    policy: Steadiness,
    *,
    up: bool,
    first_seen: datetime,
    at: datetime,
) -> tuple[Swings, frozenset[Mark]]:
    """Return the swings after a change from `stood` to `stands` recorded at `at`, and the marks of its event.

    `up`: a gain, else a loss. `first_seen`: the first look that saw it.
    """
    lost_at = swings.lost_at
    returned = up and lost_at is not None and first_seen - lost_at <= policy.back_within
    known = _known(swings, stood, policy)
    new = up and known.flapping and _is_worse(known, stands, policy)
    if new or (known.flapping and first_seen - known.changes[-1] > policy.back_within):
        known = replace(known, changes=(), flapping=False)
    changes = (*(change for change in known.changes if timedelta() <= at - change <= policy.flaps_within), at)
    flapping = known.flapping or len(changes) >= policy.flaps
    marks = {Mark.RETURNED} if returned else set()
    marks |= {Mark.FLAPPING} if flapping else set()
    marks |= {Mark.DAMPED} if known.flapping else set()
    after = replace(known, changes=changes[-_MOST:], lost_at=None if up else at, flapping=flapping)
    return _known(after, stands, policy), frozenset(marks)


def set_back(swings: Swings, by: timedelta) -> Swings:
    """Return the swings after the clock was set back `by` so much."""
    lost_at = None if swings.lost_at is None else swings.lost_at - by
    return replace(swings, changes=tuple(change - by for change in swings.changes), lost_at=lost_at)


def operators_of(verdict: Verdict, policy: Steadiness) -> frozenset[str]:
    """Return the operators of an able verdict's exchanges; empty where it is not able, or able without an MX."""
    if verdict.ability is not Ability.ABLE or verdict.basis is not Basis.EXPLICIT_MX:
        return frozenset()
    return frozenset(policy.operator_of(exchange.host) for exchange in verdict.exchanges)


def _known(swings: Swings, verdict: Verdict | None, policy: Steadiness) -> Swings:
    if verdict is None or verdict.ability is not Ability.ABLE:
        return swings
    operators = tuple(sorted({*swings.operators, *operators_of(verdict, policy)})[:_MOST])
    return replace(swings, operators=operators, worst=_worse((swings.worst, _severity(verdict))))


def _is_worse(known: Swings, stands: Verdict, policy: Steadiness) -> bool:
    other = bool(known.operators) and not operators_of(stands, policy) <= set(known.operators)
    return other or not known.worst.at_least(_severity(stands))


def _severity(verdict: Verdict) -> Severity:
    return rate(verdict, rank=None).severity  # the rank is the name's, and the same before and after


def _worse(some: Iterable[Severity]) -> Severity:
    return max(some, key=list(Severity).index)
