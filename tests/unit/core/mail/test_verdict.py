"""What shows each finding, and how two reads become one verdict."""

from datetime import UTC, datetime

from watcher import checks
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.findings import Observation
from watcher.core.mail.operators import MailOperators
from watcher.core.mail.reading import Surroundings
from watcher.core.mail.verdict import Ability, Basis, Flag, JudgeContext, Verdict, judge, unite
from watcher.core.names.names import parse
from watcher.data import load_suffixes

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_CONTEXT = JudgeContext(Surroundings(load_suffixes(), MailOperators(), "random"))


def _answer(name: str, rrtype: RRType, outcome: Outcome, *records: str, soa: str | None = None) -> Answer:
    return Answer(Question(name, rrtype), outcome, "9.9.9.10:53", _AT, records, (), soa)


def _observation(*answers: Answer) -> Observation:
    return Observation(parse("army.ml"), parse("army.ml"), "ml", answers, _AT)


_MX = _answer("army.ml", RRType.MX, Outcome.ANSWER, "10 gone.army.ml", "20 mx.army.ml")
_GONE = [_answer("gone.army.ml", rrtype, Outcome.NXDOMAIN, soa="army.ml") for rrtype in (RRType.A, RRType.AAAA)]
_USABLE = [
    _answer("mx.army.ml", RRType.A, Outcome.ANSWER, "93.184.215.14"),
    _answer("mx.army.ml", RRType.AAAA, Outcome.NODATA, soa="army.ml"),
]
_SILENT = [_answer("mx.army.ml", rrtype, Outcome.TIMEOUT) for rrtype in (RRType.A, RRType.AAAA)]


def test_each_finding_carries_the_answers_that_show_it():
    findings = {
        finding.tag: finding.evidence
        for finding in judge(_observation(_MX, *_GONE, *_USABLE), checks.ALL, _CONTEXT).findings
    }
    assert findings == {"explicit_mx": (_MX, *_USABLE), "partly_dead": tuple(_GONE)}


def test_what_is_unknown_is_shown_by_what_did_not_settle():
    findings = judge(_observation(_MX, *_GONE, *_SILENT), checks.ALL, _CONTEXT).findings
    assert [(finding.tag, finding.evidence) for finding in findings] == [
        ("lookup_failed", tuple(_SILENT)),
        ("partly_dead", tuple(_GONE)),
    ]


def test_no_answer_at_all_is_unknown():
    verdict = judge(_observation(), checks.ALL, _CONTEXT)
    assert (verdict.ability, verdict.basis, verdict.exchanges) == (Ability.UNKNOWN, Basis.LOOKUP_FAILED, ())


def test_without_checks_nothing_is_claimed():
    assert judge(_observation(_MX, *_USABLE), (), _CONTEXT).ability is Ability.UNKNOWN


def test_what_the_probe_found_is_shown_as_flags():
    context = JudgeContext(_CONTEXT.surroundings, probed=(Flag.ACCEPTS_ANY,))
    assert judge(_observation(_MX, *_GONE, *_USABLE), checks.ALL, context).flags == (Flag.ACCEPTS_ANY, Flag.PARTLY_DEAD)


def test_two_reads_become_one_verdict():
    able = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (), (), (_MX,))
    unable = Verdict(Ability.UNABLE, Basis.NULL_MX, (), (), (_GONE[0],))
    unknown = Verdict(Ability.UNKNOWN, Basis.LOOKUP_FAILED, (Flag.ADDRESS_SEEN,), (), (_SILENT[0],))
    for first, second, ability, flags in (
        (able, unable, Ability.ABLE, (Flag.INCONSISTENT,)),
        (unable, able, Ability.ABLE, (Flag.INCONSISTENT,)),
        (able, able, Ability.ABLE, ()),
        (able, unknown, Ability.ABLE, ()),
        (unknown, unable, Ability.UNABLE, ()),
        (unable, unknown, Ability.UNABLE, ()),
        (unknown, unknown, Ability.UNKNOWN, (Flag.ADDRESS_SEEN,)),
    ):
        united = unite(first, second)
        assert (united.ability, united.flags) == (ability, flags)
        assert united.evidence == (*first.evidence, *second.evidence)
