"""One sentence for every verdict, harmless whatever a zone puts into it; the scenarios hold the exact words."""

from datetime import UTC, datetime
from itertools import product

from watcher.checks import VOCABULARY
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.verdict import Ability, Basis, Exchange, Flag, Verdict, ability_of

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _mx(resolver: str, *records: str) -> Answer:
    return Answer(Question("army.ml", RRType.MX), Outcome.ANSWER, resolver, _AT, records, ttl=60)


def test_two_resolvers_that_saw_it_are_counted():
    verdict = Verdict(
        Ability.ABLE,
        Basis.EXPLICIT_MX,
        (),
        (Exchange(10, "mx.army.ml", ("93.184.215.14",)),),
        (_mx("1.1.1.1:53", "10 mx.army.ml"), _mx("9.9.9.9:53", "10 mx.army.ml")),
    )
    expected = "Mail for army.ml is delivered to mx.army.ml (93.184.215.14): MX 10, seen by 2 resolvers"
    assert VOCABULARY.sentence("army.ml", verdict) == expected


def test_the_best_usable_exchange_is_named_not_the_dead_one_before_it():
    exchanges = (
        Exchange(5, "gone.army.ml"),
        Exchange(10, "in.army.ml", ("10.0.0.1", "2a00:1450:4001::25")),
        Exchange(20, "b.army.ml", ("93.184.215.14",)),
    )
    verdict = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (Flag.PARTLY_DEAD,), exchanges, (_mx("r", "x"),))
    assert VOCABULARY.sentence("army.ml", verdict).startswith(
        "Mail for army.ml is delivered to in.army.ml (2a00:1450:4001::25) and 1 more: MX 10"
    )


def test_every_basis_and_flag_gives_one_printable_line_without_a_full_stop():
    nasty = Exchange(0, "\x1b[31mevil\n\u202e" + "a" * 300, ("93.184.215.14", "not an address"))
    for basis, flag in product(Basis, Flag):
        for exchanges in ((), (nasty,)):
            text = VOCABULARY.sentence(
                "army.ml", Verdict(ability_of(basis), basis, (flag,), exchanges, (_mx("r", "x"),))
            )
            assert "army.ml" in text
            assert text.isascii()
            assert text.isprintable()
            assert not text.endswith(".")
            assert len(text) < 400
