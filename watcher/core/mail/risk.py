"""The severity of a verdict with its reasons, as MAIL_VERDICT's severity table says."""

from dataclasses import dataclass
from enum import StrEnum

from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict


class Severity(StrEnum):
    """The severity of a verdict, from "nothing to see" to "act now"; compare with `at_least`."""

    INFO = "info"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    def at_least(self, other: "Severity") -> bool:
        """Return whether this severity is `other` or worse."""
        order = list(Severity)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True, slots=True)
class Rating:
    """A severity and the plain-language reasons for it."""

    severity: Severity
    reasons: tuple[str, ...]


FIRST_CANDIDATES = 100
"""The rank up to which a lookalike is among those that people really mistype."""

_ABLE_REASONS = {
    Basis.EXPLICIT_MX: "it has exchanges that take mail",
    Basis.IMPLICIT_MX: "it has no exchange, but senders deliver to its address",
    Basis.REGISTRY_WILDCARD: "nobody registered it, but its suffix answers for any name",
}


def rate(verdict: Verdict, *, rank: int | None, only_noted: bool = False) -> Rating:
    """Return the severity of a verdict with its reasons, the deciding one first.

    `rank`: the name's best place among the candidates of a protected name, or None where it is no candidate.
    `only_noted`: every resemblance of the name has the grade `note`. Most such names are innocent: medium at most.
    """
    rating = _rate(verdict, rank)
    if only_noted and rating.severity.at_least(Severity.HIGH):
        return Rating(Severity.MEDIUM, (*rating.reasons, "it resembles what is protected so little (grade note)"))
    return rating


def _rate(verdict: Verdict, rank: int | None) -> Rating:
    if Flag.DEFENSIVE in verdict.flags:
        return Rating(Severity.INFO, ("it is held defensively: on the own list, or its mail goes to the owner",))
    match verdict.ability:
        case Ability.ABLE:
            return _rate_able(verdict, rank)
        case Ability.UNABLE:
            return _rate_unable(verdict)
        case Ability.UNKNOWN:
            return Rating(Severity.INFO, ("whether it can receive mail is not settled",))


def _rate_able(verdict: Verdict, rank: int | None) -> Rating:
    reasons = [_ABLE_REASONS[verdict.basis]]
    answered = {Flag.ACCEPTS_ANY, Flag.REJECTS_UNKNOWN} & set(verdict.flags)
    if verdict.basis is Basis.EXPLICIT_MX and Flag.SENDER_DEPENDENT in verdict.flags:
        return Rating(Severity.MEDIUM, (*reasons, "only some mail systems deliver to it"))
    if verdict.basis is Basis.IMPLICIT_MX and answered:
        reasons.append("a mail server answers there")
    elif verdict.basis is Basis.IMPLICIT_MX and Flag.PARKED in verdict.flags:
        return Rating(Severity.LOW, (*reasons, "the address is a web-parking host's"))
    elif verdict.basis is not Basis.EXPLICIT_MX:
        return Rating(Severity.MEDIUM, tuple(reasons))
    worse = []
    if Flag.COLLECTOR in verdict.flags:
        worse.append("the operator collects mail for any name and never bounces it")
    if Flag.ACCEPTS_ANY in verdict.flags:
        worse.append("its mail server accepts any mailbox")
    if rank is not None and rank <= FIRST_CANDIDATES:
        worse.append(f"it is among the {FIRST_CANDIDATES} likeliest slips (number {rank})")
    return Rating(Severity.CRITICAL if worse else Severity.HIGH, (*reasons, *worse))


def _rate_unable(verdict: Verdict) -> Rating:
    reasons = []
    if Flag.ARMED in verdict.flags:
        reasons.append("it cannot receive mail now, but is one change away")
    if Flag.QUEUED in verdict.flags:
        reasons.append("senders keep trying for days, so a change in that time still gets the mail")
    if reasons:
        return Rating(Severity.LOW, tuple(reasons))
    return Rating(Severity.INFO, ("it cannot receive mail",))
