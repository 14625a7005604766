"""Answers that look like a filter's: told from the truth by another view of the same name (M62).

A filter that hides a name rarely says so. It answers an address that leads nowhere, or nothing at all, without the SOA
that would show who says so. A name's operator may do the same, so such an answer is doubted, never disbelieved.
"""

from dataclasses import replace

from watcher.core.mail.dns import Answer, Outcome, RRType
from watcher.core.mail.findings import Finding
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.names.addresses import Reach, reach

_BY_ADDRESS = frozenset({Basis.LOOPBACK_EXCHANGE, Basis.UNROUTABLE_EXCHANGES})
_BY_NOTHING = frozenset({Basis.NO_ADDRESS, Basis.DEAD_EXCHANGES})
_TYPES = frozenset({RRType.MX, RRType.A, RRType.AAAA})


def may_be_filtered(verdict: Verdict) -> bool:
    """Return whether a filter could have made a name look unable: by a useless address, or by NODATA without an SOA."""
    if verdict.basis in _BY_ADDRESS:
        return any(exchange.addresses for exchange in verdict.exchanges)
    return verdict.basis in _BY_NOTHING and any(map(_proves_nothing, verdict.evidence))


def suspects(verdict: Verdict) -> frozenset[str]:
    """Return the resolvers whose answers may be a filter's: others are to be heard."""
    found = (answer for answer in verdict.evidence if _proves_nothing(answer) or _leads_nowhere(answer))
    return frozenset(answer.resolver for answer in found)


def _proves_nothing(answer: Answer) -> bool:
    bare = answer.outcome is Outcome.NODATA and answer.soa is None and not answer.chain
    return bare and answer.question.type in _TYPES


def _leads_nowhere(answer: Answer) -> bool:
    by_address = answer.question.type in {RRType.A, RRType.AAAA}
    return by_address and any(reach(address) is not Reach.GLOBAL for address in answer.records)


def unsettled_by_filter(verdict: Verdict) -> Verdict:
    """Return the verdict where nobody else confirms what may be a filter's answers: unknown, and `filtered`."""
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
