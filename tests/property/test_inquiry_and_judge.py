"""For any answers whatever: nothing raises, able means an address was seen, a missing answer means unknown."""

from collections.abc import Iterator
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from watcher import checks
from watcher.checks import VOCABULARY
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.exchanges import HostKind, host_kind, parse_mx
from watcher.core.mail.findings import Observation
from watcher.core.mail.inquiry import HARD_CAP_EXCHANGES, InquiryContext, inquire
from watcher.core.mail.operators import MailOperators, Networks
from watcher.core.mail.reading import Surroundings, read
from watcher.core.mail.risk import rate
from watcher.core.mail.verdict import Ability, Basis, JudgeContext, Verdict, ability_of, judge, unite
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.data import load_suffixes

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_LABEL = "randomlabel"
_SURROUNDINGS = Surroundings(
    load_suffixes(),
    MailOperators(
        collectors=frozenset({"navy.ml"}),
        tenant_domains=frozenset({"army.ml"}),
        parking=Networks(("185.53.176.0/22",)),
        sinkholes=Networks(("146.112.61.104/29",)),
    ),
    _LABEL,
)

names = st.sampled_from(
    ["army.ml", "us.army.ml", "a.b.army.ml", "ml", "gov.uk", "army.con", "army.github.io", "army.ws"]
)
hosts = st.sampled_from(
    [".", "mx.army.ml", "army.ml", "us.army.ml", "mx.navy.ml", "navy.ml", "localhost", "a.localhost", "mx.invalid",
     "your-dns-needs-immediate-attention.ml", "93.184.215.14", "10.0.0.1", "127.0.0.1", "-mx.ml", "m\\032x.ml", "m_x.ml",
     "ws", "mx.gone.ws", "x.con", "\\255\\000.ml", "..", "a" * 64 + ".ml", ".".join(["a" * 60] * 5)]
)  # fmt: skip
addresses = st.sampled_from(
    ["93.184.215.14", "2a00:1450:4001::25", "10.0.0.1", "127.0.0.1", "::1", "0.0.0.0", "127.0.53.53", "fe80::1",
     "185.53.177.1", "146.112.61.106", "2002:a00:1::1", "garbage", ""]
)  # fmt: skip
outcomes = st.sampled_from([*Outcome, Outcome.ANSWER, Outcome.ANSWER, Outcome.ANSWER, Outcome.NODATA, Outcome.NODATA])
mx_records = st.one_of(
    st.lists(st.tuples(st.integers(0, 3), hosts).map(lambda pair: f"{pair[0]} {pair[1]}"), max_size=4),
    st.lists(st.text(max_size=12), max_size=3),
    st.integers(1, 230).map(lambda count: [f"{number} h{number}.army.ml" for number in range(count)]),
)
soas = st.sampled_from([None, ".", "ml", "army.ml", "us.army.ml", "ws", "elsewhere.net"])
chains = st.lists(hosts, max_size=3)


@st.composite
def answers(draw: st.DrawFn, question: Question) -> Answer:
    outcome = draw(outcomes)
    records: list[str] = []
    if outcome is Outcome.ANSWER:
        match question.type:
            case RRType.MX:
                records = draw(mx_records)
            case RRType.A | RRType.AAAA:
                records = draw(st.lists(addresses, min_size=1, max_size=3))
            case _:
                records = draw(st.lists(st.text(max_size=20), max_size=2))
    return Answer(
        question, outcome, draw(st.sampled_from(["1.1.1.1:53", "9.9.9.9:53"])), _AT, tuple(records),
        tuple(draw(chains)) if outcome.settled and draw(st.integers(0, 4)) == 0 else (),
        draw(soas) if outcome is not Outcome.ANSWER else None,
        60 if outcome.settled else None,
        (15,) if draw(st.integers(0, 19)) == 0 else (),
    )  # fmt: skip


def _drive(name: str, data: st.DataObject, *, posture: bool = False) -> tuple[Observation, int]:
    """The observation of an inquiry answered at random, and how many rounds it took."""
    context = InquiryContext(_SURROUNDINGS, _AT, posture=posture, recheck_suffix=data.draw(st.booleans()))
    inquiry = inquire(parse(name), context)
    rounds = 0
    try:
        questions = next(inquiry)
        while True:
            rounds += 1
            assert questions, "an empty round asks nothing"
            questions = inquiry.send([data.draw(answers(question)) for question in questions])
    except StopIteration as finished:
        return finished.value, rounds


def _judge(observation: Observation) -> Verdict:
    return judge(observation, checks.ALL, JudgeContext(_SURROUNDINGS))


_many = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@_many
@given(names, st.data(), st.booleans())
def test_any_answers_give_a_verdict_a_rating_and_a_sentence(name: str, data: st.DataObject, posture: bool):
    observation, rounds = _drive(name, data, posture=posture)
    verdict = _judge(observation)
    assert verdict == _judge(observation), "the same for the same arguments"
    assert verdict.evidence == observation.answers
    assert verdict.ability is ability_of(verdict.basis)
    assert list(verdict.flags) == sorted(set(verdict.flags))
    assert rate(verdict, rank=1).reasons
    sentence = VOCABULARY.sentence(name, verdict)
    assert sentence.isascii()
    assert sentence.isprintable()
    assert rounds <= 40
    assert unite(verdict, verdict).ability is verdict.ability


@_many
@given(names, st.data(), st.booleans())
def test_able_means_that_a_global_address_was_seen(name: str, data: st.DataObject, posture: bool):
    observation, _ = _drive(name, data, posture=posture)
    verdict = _judge(observation)
    if verdict.ability is Ability.ABLE:
        in_answers = {record for answer in observation.answers if answer.settled for record in answer.records}
        numeric = {exchange.host for exchange in verdict.exchanges if host_kind(exchange.host) is HostKind.NUMERIC}
        shown = {address for exchange in verdict.exchanges for address in exchange.addresses}
        assert any(is_global(address) for address in shown)
        assert shown <= in_answers | numeric


@_many
@given(names, st.data())
def test_unable_means_that_every_needed_answer_was_settled(name: str, data: st.DataObject):
    observation, _ = _drive(name, data)
    verdict = _judge(observation)
    if verdict.ability is not Ability.UNABLE or verdict.basis is Basis.NO_SUCH_SUFFIX:
        return
    reading = read(observation, _SURROUNDINGS)
    if reading.parent_absent:
        return
    assert reading.mx is not None
    assert reading.mx.settled
    assert not reading.mx.question.checking_disabled
    needed = [host.name for host in reading.hosts if host.kind is HostKind.ORDINARY]
    for host in needed:
        for rrtype in (RRType.A, RRType.AAAA):
            answer = reading.answers.of(host, rrtype)
            assert answer is not None
            assert answer.settled


@_many
@given(names, st.data())
def test_a_single_unsettled_answer_never_leads_from_able_or_unknown_to_unable(name: str, data: st.DataObject):
    observation, _ = _drive(name, data)
    before = _judge(observation)
    own = [
        index
        for index, answer in enumerate(observation.answers)
        if answer.settled and answer.question.type in {RRType.MX, RRType.A, RRType.AAAA}
    ]
    if not own or before.ability is Ability.UNABLE:
        return
    index = data.draw(st.sampled_from(own))
    lost = observation.answers[index]
    silent = Answer(lost.question, Outcome.TIMEOUT, lost.resolver, lost.at)
    changed = (*observation.answers[:index], silent, *observation.answers[index + 1 :])
    after = _judge(
        Observation(observation.name, observation.registrable_domain, observation.public_suffix, changed, _AT)
    )
    assert after.ability is not Ability.UNABLE


@_many
@given(names, st.data())
def test_no_question_is_put_twice_and_their_number_is_bounded(name: str, data: st.DataObject):
    observation, _ = _drive(name, data)
    questions = [answer.question for answer in observation.answers]
    assert len(questions) == len(set(questions))
    probes = [one for one in questions if one.name.startswith(_LABEL + ".") or one.type is RRType.NS]
    retries = [one for one in questions if one.checking_disabled]
    reading = read(observation, _SURROUNDINGS)
    exchanges = min(len(set(parse_mx(reading.mx.records if reading.mx else ()).hosts)), HARD_CAP_EXCHANGES)
    dead = max(1, len([host for host in reading.hosts if host.absent is not None]))
    assert len(questions) - len(probes) - len(retries) <= 4 + 2 * exchanges + dead


def test_what_does_not_exist_costs_one_question():
    inquiry = inquire(parse("army.ml"), InquiryContext(_SURROUNDINGS, _AT))
    (question,) = next(inquiry)
    gone = Answer(question, Outcome.NXDOMAIN, "r", _AT, soa="ml", ttl=60)
    for _ in _finished(inquiry, [gone]):
        raise AssertionError("asked on")


def _finished(inquiry, answer: list[Answer]) -> Iterator[object]:
    try:
        yield inquiry.send(answer)
    except StopIteration:
        return
