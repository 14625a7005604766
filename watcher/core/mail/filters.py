"""Answers that look like a filter's: told from the truth by another view of the same name (M62).

A filter that hides a name rarely says so. It answers an address that leads nowhere, or nothing at all, without the SOA
that would show who says so. A name's operator may do the same, so such an answer is doubted, never disbelieved.
"""

from dataclasses import replace

from watcher.core.mail.dns import Answer, Outcome, RRType
from watcher.core.mail.findings import Finding
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict

_BY_ADDRESS = frozenset({Basis.LOOPBACK_EXCHANGE, Basis.UNROUTABLE_EXCHANGES})
_BY_NOTHING = frozenset({Basis.NO_ADDRESS, Basis.DEAD_EXCHANGES})
_TYPES = frozenset({RRType.MX, RRType.A, RRType.AAAA})


def may_be_filtered(verdict: Verdict) -> bool:
    """Whether a filter could have made a name look unable: by a useless address, or by NODATA without an SOA."""
    if verdict.basis in _BY_ADDRESS:
        return any(exchange.addresses for exchange in verdict.exchanges)
    if verdict.basis not in _BY_NOTHING:
        return False
    return any(
        answer.outcome is Outcome.NODATA and answer.soa is None and not answer.chain and answer.question.type in _TYPES
        for answer in verdict.evidence
    )


def unsettled_by_filter(verdict: Verdict) -> Verdict:
    """The verdict where nobody else confirms what may be a filter's answers: unknown, and `filtered`."""
    evidence = _filtered(verdict.evidence)
    findings = (Finding(Basis.LOOKUP_FAILED.value, evidence), Finding(Flag.FILTERED.value, evidence))
    return Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED, (Flag.FILTERED,), (), evidence, findings)


def beside_filter(other: Verdict, filtered: Verdict) -> Verdict:
    """Another view's verdict, with the answers that a filter gave in place of it."""
    answers = _filtered(filtered.evidence)
    return replace(
        other,
        flags=tuple(sorted({*other.flags, Flag.FILTERED})),
        evidence=(*answers, *other.evidence),
        findings=(*other.findings, Finding(Flag.FILTERED.value, answers)),
    )


def _filtered(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    return tuple(
        replace(answer, outcome=Outcome.FILTERED, ttl=None)
        if answer.settled and answer.question.type in _TYPES
        else answer
        for answer in answers
    )
