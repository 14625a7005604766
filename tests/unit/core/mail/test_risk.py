"""The severity table, row by row, with the reasons that go with it."""

from itertools import product

import pytest

from watcher.core.mail.risk import Severity, rate
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict, ability_of


def _severity(basis: Basis, *flags: Flag, rank: int | None = None) -> Severity:
    return rate(Verdict(ability_of(basis), basis, tuple(sorted(flags))), rank=rank).severity


@pytest.mark.parametrize(
    ("basis", "flags", "rank", "expected"),
    [
        (Basis.EXPLICIT_MX, (), None, Severity.HIGH),
        (Basis.EXPLICIT_MX, (), 100, Severity.CRITICAL),
        (Basis.EXPLICIT_MX, (), 101, Severity.HIGH),
        (Basis.EXPLICIT_MX, (Flag.COLLECTOR,), None, Severity.CRITICAL),
        (Basis.EXPLICIT_MX, (Flag.ACCEPTS_ANY,), 5000, Severity.CRITICAL),
        (Basis.EXPLICIT_MX, (Flag.REJECTS_UNKNOWN,), None, Severity.HIGH),
        (Basis.EXPLICIT_MX, (Flag.PARTLY_DEAD, Flag.WILDCARD, Flag.ARMED), None, Severity.HIGH),
        (Basis.EXPLICIT_MX, (Flag.SENDER_DEPENDENT,), 1, Severity.MEDIUM),
        (Basis.EXPLICIT_MX, (Flag.DEFENSIVE,), 1, Severity.INFO),
        (Basis.EXPLICIT_MX, (Flag.OWN_SUGGESTED,), None, Severity.HIGH),
        (Basis.IMPLICIT_MX, (), 1, Severity.MEDIUM),
        (Basis.IMPLICIT_MX, (Flag.PARKED,), 1, Severity.LOW),
        (Basis.IMPLICIT_MX, (Flag.REJECTS_UNKNOWN,), None, Severity.HIGH),
        (Basis.IMPLICIT_MX, (Flag.REJECTS_UNKNOWN,), 7, Severity.CRITICAL),
        (Basis.IMPLICIT_MX, (Flag.ACCEPTS_ANY, Flag.PARKED), None, Severity.CRITICAL),
        (Basis.IMPLICIT_MX, (Flag.REFUSES,), None, Severity.MEDIUM),
        (Basis.REGISTRY_WILDCARD, (Flag.WILDCARD,), 1, Severity.MEDIUM),
        (Basis.NULL_MX, (), 1, Severity.INFO),
        (Basis.DEAD_EXCHANGES, (Flag.ARMED,), 1, Severity.LOW),
        (Basis.UNROUTABLE_EXCHANGES, (Flag.QUEUED,), 1, Severity.LOW),
        (Basis.NO_SUCH_NAME, (Flag.ARMED, Flag.DEFENSIVE), 1, Severity.INFO),
        (Basis.LOOKUP_FAILED, (Flag.ADDRESS_SEEN,), 1, Severity.INFO),
    ],
)
def test_the_table(basis: Basis, flags: tuple[Flag, ...], rank: int | None, expected: Severity):
    assert _severity(basis, *flags, rank=rank) is expected


def test_every_combination_of_two_flags_has_a_severity_with_reasons():
    for basis, one, other in product(Basis, Flag, Flag):
        rating = rate(Verdict(ability_of(basis), basis, tuple(sorted({one, other}))), rank=1)
        assert rating.reasons
        assert all(reason == reason.strip() and not reason.endswith(".") for reason in rating.reasons)
        if ability_of(basis) is not Ability.ABLE:
            assert not rating.severity.at_least(Severity.MEDIUM)


def test_reasons_say_what_made_it_worse():
    verdict = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (Flag.COLLECTOR,))
    assert rate(verdict, rank=3).reasons == (
        "it has exchanges that take mail",
        "the operator collects mail for any name and never bounces it",
        "it is among the 100 likeliest slips (number 3)",
    )


def test_a_name_whose_every_resemblance_is_only_noted_is_medium_at_most():
    verdict = Verdict(ability_of(Basis.EXPLICIT_MX), Basis.EXPLICIT_MX, (Flag.COLLECTOR,))
    rating = rate(verdict, rank=None, only_noted=True)
    assert rating.severity is Severity.MEDIUM
    assert "grade note" in rating.reasons[-1]
    assert rate(verdict, rank=None).severity is Severity.CRITICAL
    parked = Verdict(ability_of(Basis.IMPLICIT_MX), Basis.IMPLICIT_MX, (Flag.PARKED,))
    assert rate(parked, rank=None, only_noted=True) == rate(parked, rank=None)
