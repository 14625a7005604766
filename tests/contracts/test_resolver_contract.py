"""What every `ports.Resolver` promises: the fake of the scenarios and the real one over a real server alike."""

from contextlib import asynccontextmanager

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.dns_faults import Effect
from tests.fakes.dns_faults import Fault as ServerFault
from tests.fakes.dns_server import DnsServer
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import parse_server

_ZONES = {
    "ml": (
        "army NS ns1.army.ml.\nlame NS ns1.lame.ml.\nnull MX 0 .\nalias CNAME army.ml.\ndangling CNAME nothing.gone.ml.\n"
        "loop CNAME pool.ml.\npool CNAME loop.ml.\n*.wild MX 5 mx.army.ml.\n"
        "short 60 MX 5 mx.army.ml.\nbrief 45 CNAME short.ml.\nlasting 7200 CNAME short.ml.\n*.wilder 30 MX 5 mx.army.ml.\n"
    ),
    "army.ml": (
        "@ MX 10 mx\n@ MX 20 mx2\nmx A 93.184.215.14\nmx AAAA 2606:2800:21f:cb07:6820:80da:af6b:8b2c\n"
        'deep.er A 93.184.215.14\nd DNAME x.army.ml.\nm.x A 93.184.215.15\n@ TXT "v=spf1 -all"\n'
    ),
}


@asynccontextmanager
async def _fake(failing: str | None = None):
    faults = [Fault(failing, "*", Outcome.SERVFAIL)] if failing else []
    yield ZoneResolver(FakeClock(), _ZONES, resolvers=("9.9.9.9", "9.9.9.10"), faults=faults)


@asynccontextmanager
async def _real(failing: str | None = None):
    faults = [ServerFault(Effect.SERVFAIL, failing)] if failing else []
    async with DnsServer(_ZONES, faults=faults) as first, DnsServer(_ZONES, faults=faults) as second:
        resolver = CarefulResolver([parse_server(first.address), parse_server(second.address)])
        try:
            yield resolver
        finally:
            resolver.close()


pytestmark = pytest.mark.parametrize("make", [_fake, _real], ids=["fake", "real"])


async def _ask(make, name: str, rrtype: RRType = RRType.MX, failing: str | None = None):
    async with make(failing) as resolver:
        (answer,) = await resolver.ask([Question(name, rrtype)])
    return answer


@pytest.mark.parametrize(
    ("name", "rrtype", "outcome", "records", "chain", "soa"),
    [
        ("army.ml", "MX", "ANSWER", ("10 mx.army.ml", "20 mx2.army.ml"), (), None),
        ("mx.army.ml", "A", "ANSWER", ("93.184.215.14",), (), None),
        ("mx.army.ml", "AAAA", "ANSWER", ("2606:2800:21f:cb07:6820:80da:af6b:8b2c",), (), None),
        ("army.ml", "TXT", "ANSWER", ('"v=spf1 -all"',), (), None),
        ("army.ml", "NS", "ANSWER", ("ns1.army.ml",), (), None),
        ("null.ml", "MX", "ANSWER", ("0 .",), (), None),
        ("army.ml", "A", "NODATA", (), (), "army.ml"),
        ("er.army.ml", "A", "NODATA", (), (), "army.ml"),
        ("gone.ml", "MX", "NXDOMAIN", (), (), "ml"),
        ("host.gone.ml", "MX", "NXDOMAIN", (), (), "ml"),
        ("gone.army.ml", "MX", "NXDOMAIN", (), (), "army.ml"),
        ("lame.ml", "MX", "SERVFAIL", (), (), None),
        ("host.lame.ml", "MX", "SERVFAIL", (), (), None),
        ("alias.ml", "MX", "ANSWER", ("10 mx.army.ml", "20 mx2.army.ml"), ("army.ml",), None),
        ("dangling.ml", "MX", "NXDOMAIN", (), ("nothing.gone.ml",), "ml"),
        ("m.d.army.ml", "A", "ANSWER", ("93.184.215.15",), ("m.x.army.ml",), None),
        ("any.wild.ml", "MX", "ANSWER", ("5 mx.army.ml",), (), None),
    ],
)  # fmt: skip
async def test_an_answer_says_what_the_zones_say(make, *, name, rrtype, outcome, records, chain, soa):
    answer = await _ask(make, name, RRType(rrtype))
    assert (answer.outcome, sorted(answer.records)) == (Outcome(outcome), sorted(records))
    assert (answer.chain, answer.soa) == (chain, soa)
    assert (answer.ttl is not None) is answer.settled
    assert answer.at.tzinfo is not None
    assert answer.resolver


@pytest.mark.parametrize(
    ("name", "rrtype", "ttl"),
    [
        ("army.ml", "MX", 600), ("short.ml", "MX", 60), ("brief.ml", "MX", 45), ("lasting.ml", "MX", 60),
        ("any.wilder.ml", "MX", 30), ("gone.ml", "MX", 300), ("short.ml", "A", 300),
    ],
)  # fmt: skip
async def test_an_answer_is_kept_as_long_as_the_zones_say(make, *, name, rrtype, ttl):
    assert (await _ask(make, name, RRType(rrtype))).ttl == ttl


async def test_a_loop_is_unsettled(make):
    answer = await _ask(make, "loop.ml")
    assert (answer.outcome, answer.records, answer.ttl) == (Outcome.SERVFAIL, (), None)


async def test_a_failure_is_an_outcome(make):
    answer = await _ask(make, "army.ml", failing="army.ml")
    assert (answer.outcome, answer.records, answer.settled) == (Outcome.SERVFAIL, (), False)


async def test_answers_come_in_the_order_of_the_questions(make):
    questions = [
        Question(name, rrtype) for name in ("gone.ml", "army.ml", "null.ml") for rrtype in (RRType.A, RRType.MX)
    ]
    async with make() as resolver:
        answers = await resolver.ask(questions)
    assert [answer.question for answer in answers] == questions


async def test_avoided_resolvers_are_used_only_when_there_is_no_other(make):
    question = Question("army.ml", RRType.MX)
    async with make() as resolver:
        (first,) = await resolver.ask([question])
        (other,) = await resolver.ask([question], avoid=frozenset({first.resolver}))
        (again,) = await resolver.ask([question], avoid=frozenset({first.resolver, other.resolver}))
    assert other.resolver != first.resolver
    assert again.outcome is Outcome.ANSWER
