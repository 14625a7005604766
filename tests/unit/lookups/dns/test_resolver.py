"""The careful resolver: every failure is an outcome, and another server, TCP or plain DNS mends what it can."""

import asyncio

import pytest

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from watcher.core.errors import ConfigurationError
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server, parse_server

_ZONES = {
    "ml": "army NS ns1.army.ml.\nlame NS ns.lame.ml.\nalias CNAME a1.army.ml.\n",
    "army.ml": "@ MX 10 mx\nmx A 93.184.215.14\nbig TXT " + " ".join(f'"{"x" * 200}"' for _ in range(20)) + "\n",
}
_MX = Question("army.ml", RRType.MX)


def _resolver(*servers: DnsServer, timeout=0.6, **options) -> CarefulResolver:
    _made.append(CarefulResolver([parse_server(server.address) for server in servers], timeout=timeout, **options))
    return _made[-1]


_made: list[CarefulResolver] = []


@pytest.fixture(autouse=True)
async def _close_resolvers():
    yield
    while _made:
        _made.pop().close()


@pytest.fixture
async def first():
    async with DnsServer(_ZONES) as server:
        yield server


@pytest.fixture
async def second():
    async with DnsServer(_ZONES) as server:
        yield server


async def _ask(resolver: CarefulResolver, question: Question = _MX, **options):
    try:
        return (await resolver.ask([question], **options))[0]
    finally:
        resolver.close()


async def test_answers_come_in_the_order_of_the_questions(first):
    resolver = _resolver(first)
    names = ["army.ml", "mx.army.ml", "nothing.ml", "lame.ml", "a b.ml", "x" * 64 + ".ml"]
    answers = await resolver.ask([Question(name, RRType.MX) for name in names])
    resolver.close()
    assert [answer.question.name for answer in answers] == names
    assert [answer.outcome for answer in answers] == [
        Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN, Outcome.SERVFAIL, Outcome.NXDOMAIN, Outcome.FORMERR,
    ]  # fmt: skip
    assert answers[0].resolver == first.address


async def test_no_question_is_no_answer(first):
    resolver = _resolver(first)
    assert await resolver.ask([]) == ()
    resolver.close()


@pytest.mark.parametrize(
    "effect", [Effect.DROP, Effect.SERVFAIL, Effect.REFUSED, Effect.NOTIMP, Effect.GARBAGE, Effect.BROKEN]
)
async def test_another_server_answers_when_one_fails(first, second, effect):
    first.faults.append(Fault(effect))
    for _ in range(5):
        answer = await _ask(_resolver(first, second))
        assert (answer.outcome, answer.resolver) == (Outcome.ANSWER, second.address)


@pytest.mark.parametrize(
    ("effect", "outcome"),
    [
        (Effect.DROP, Outcome.TIMEOUT),
        (Effect.GARBAGE, Outcome.TIMEOUT),
        (Effect.SERVFAIL, Outcome.SERVFAIL),
        (Effect.REFUSED, Outcome.REFUSED),
        (Effect.NOTIMP, Outcome.NOTIMP),
        (Effect.FORMERR, Outcome.FORMERR),
        (Effect.BROKEN, Outcome.FORMERR),
        (Effect.EXTENDED, Outcome.FILTERED),
    ],
)
async def test_what_no_server_mends_is_its_outcome(first, effect, outcome):
    first.faults.append(Fault(effect))
    answer = await _ask(_resolver(first, timeout=0.1))
    assert (answer.outcome, answer.records, answer.resolver) == (outcome, (), first.address)


async def test_a_single_loss_is_asked_again(first):
    first.faults.append(Fault(Effect.DROP, times=1))
    assert (await _ask(_resolver(first, timeout=0.1))).outcome is Outcome.ANSWER
    assert len(first.log) == 2


async def test_no_more_questions_than_attempts(first, second):
    for server in (first, second):
        server.faults.append(Fault(Effect.DROP))
    assert (await _ask(_resolver(first, second, timeout=0.1, attempts=3))).outcome is Outcome.TIMEOUT
    assert len(first.log) + len(second.log) == 3


async def test_the_most_telling_failure_is_reported(first, second):
    first.faults.append(Fault(Effect.DROP))
    second.faults.append(Fault(Effect.SERVFAIL))
    answer = await _ask(_resolver(first, second, timeout=0.1))
    assert (answer.outcome, answer.resolver) == (Outcome.SERVFAIL, second.address)


async def test_a_cut_answer_is_read_whole_over_tcp(first):
    answer = await _ask(_resolver(first), Question("big.army.ml", RRType.TXT))
    assert answer.outcome is Outcome.ANSWER
    assert answer.records[0].count("x") == 4000
    assert [asked.transport for asked in first.log] == ["udp", "tcp"]


async def test_a_cut_answer_whose_tcp_fails_is_truncated_never_a_part(first):
    first.faults += [Fault(Effect.TRUNCATE), Fault(Effect.TCP_CLOSED)]
    answer = await _ask(_resolver(first))
    assert (answer.outcome, answer.records, answer.settled) == (Outcome.TRUNCATED, (), False)


async def test_a_stalling_tcp_server_costs_its_timeout_only(first):
    first.faults.append(Fault(Effect.TRUNCATE))
    first._tcp.close()

    async def stall(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stall, "127.0.0.1", first.port)
    async with asyncio.timeout(5):
        answer = await _ask(_resolver(first, timeout=0.2))
    assert answer.outcome is Outcome.TRUNCATED
    server.close()
    await server.wait_closed()


async def test_edns_is_left_out_for_a_server_that_does_not_know_it(first):
    first.faults.append(Fault(Effect.NO_EDNS))
    resolver = _resolver(first)
    for _ in range(4):
        (answer,) = await resolver.ask([_MX])
        assert answer.outcome is Outcome.ANSWER
    resolver.close()
    assert [asked.edns for asked in first.log] == [True, False, True, False, False, False]


async def test_unreadable_replies_do_not_cost_a_server_its_edns(first):
    first.faults.append(Fault(Effect.BROKEN, times=3))
    resolver = _resolver(first)
    for _ in range(5):
        await resolver.ask([_MX])
    assert resolver.lanes[0].edns
    assert first.log[-1].edns


async def test_checking_disabled_is_honoured(first):
    first.faults.append(Fault(Effect.SERVFAIL, validating=True))
    resolver = _resolver(first)
    validated, unchecked = await resolver.ask([_MX, Question("army.ml", RRType.MX, checking_disabled=True)])
    resolver.close()
    assert (validated.outcome, unchecked.outcome) == (Outcome.SERVFAIL, Outcome.ANSWER)


async def test_a_resolver_to_avoid_is_used_only_when_there_is_no_other(first, second):
    for _ in range(5):
        answer = await _ask(_resolver(first, second), avoid=frozenset({first.address}))
        assert answer.resolver == second.address
    assert (await _ask(_resolver(first), avoid=frozenset({first.address}))).resolver == first.address
    second.faults.append(Fault(Effect.DROP))
    last = await _ask(_resolver(first, second, timeout=0.1), avoid=frozenset({first.address}))
    assert last.outcome in (Outcome.TIMEOUT, Outcome.ANSWER)


async def test_a_filtered_answer_is_asked_of_another_server(first, second):
    first.faults.append(Fault(Effect.EXTENDED, code=17))
    answer = await _ask(_resolver(first, second))
    assert (answer.outcome, answer.resolver) == (Outcome.ANSWER, second.address)


async def test_a_dishonest_server_is_never_asked_again_until_readmitted(first, second):
    resolver = _resolver(first, second)
    resolver.refuse(first.address)
    assert resolver.usable == (second.address,)
    await resolver.ask([_MX] * 10)
    assert first.log == []
    resolver.refuse(second.address)
    (answer,) = await resolver.ask([_MX])
    assert (answer.outcome, answer.resolver) == (Outcome.TIMEOUT, "")
    resolver.readmit(first.address)
    assert (await resolver.ask([_MX]))[0].resolver == first.address
    resolver.close()


async def test_a_broken_off_chain_is_followed_to_its_end(first):
    first.load("army.ml", "a1 CNAME a2\na2 CNAME a3\na3 A 93.184.215.14\n")
    first.faults.append(Fault(Effect.NO_SOA))
    true_find = first.zones.find

    class OneLink:
        """A server that answers one link of a chain at a time."""

        load = first.zones.load

        def find(self, name, rdtype):
            found = true_find(name, rdtype)
            del found.answer[1:]
            return found

    first.zones = OneLink()
    answer = await _ask(_resolver(first), Question("alias.ml", RRType.A))
    assert answer.outcome is Outcome.ANSWER
    assert answer.chain == ("a1.army.ml", "a2.army.ml", "a3.army.ml")
    assert answer.question.name == "alias.ml"


async def test_load_is_spread_over_healthy_servers_and_leaves_a_dead_one(first, second):
    resolver = _resolver(first, second, timeout=0.1, max_rate=10_000)
    for _ in range(20):
        await resolver.ask([_MX] * 10)
    assert min(len(first.log), len(second.log)) > 40
    first.faults.append(Fault(Effect.DROP))
    for _ in range(5):
        await resolver.ask([_MX] * 10)
    before = len(first.log)
    for _ in range(10):
        answers = await resolver.ask([_MX] * 10)
        assert {answer.outcome for answer in answers} == {Outcome.ANSWER}
    assert len(first.log) - before < 30
    resolver.close()


async def test_what_happened_is_counted(first):
    first.faults.append(Fault(Effect.DUPLICATE))
    resolver = _resolver(first)
    await resolver.ask([_MX, Question("nothing.ml", RRType.MX)])
    address = first.address
    assert resolver.lookups == {(address, Outcome.ANSWER): 1, (address, Outcome.NXDOMAIN): 1}
    assert resolver.datagrams[address].answered == 2
    assert set(resolver.rates) == {address}
    resolver.close()


async def test_the_pace_is_kept(first):
    resolver = _resolver(first, max_rate=50)
    loop = asyncio.get_running_loop()
    started = loop.time()
    await resolver.ask([_MX] * 26)
    assert loop.time() - started >= 0.39, "26 questions at 50/s, five of them at once"
    resolver.close()


async def test_a_cancelled_question_leaves_nothing_behind(first):
    first.faults.append(Fault(Effect.DROP))
    resolver = _resolver(first)
    asking = asyncio.ensure_future(resolver.ask([_MX]))
    async with asyncio.timeout(5):
        while not first.log:
            await asyncio.sleep(0.005)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    first.faults.clear()
    assert (await resolver.ask([_MX]))[0].outcome is Outcome.ANSWER
    resolver.close()


async def test_closing_ends_what_is_under_way(first):
    first.faults.append(Fault(Effect.DROP))
    resolver = _resolver(first, timeout=30)
    asking = asyncio.ensure_future(resolver.ask([_MX]))
    async with asyncio.timeout(5):
        while not first.log:
            await asyncio.sleep(0.005)
        resolver.close()
        assert (await asking)[0].outcome is Outcome.TIMEOUT


async def test_a_flattening_server_that_kept_case_before_is_asked_over_tcp(first):
    resolver = _resolver(first, timeout=0.1)
    long = Question("abcdefghijklmnopqrstuvwxyz.ml", RRType.MX)
    await resolver.ask([long])
    first.faults.append(Fault(Effect.FLATTEN))
    (answer,) = await resolver.ask([long])
    resolver.close()
    assert answer.outcome is Outcome.NXDOMAIN
    assert first.log[-1].transport == "tcp"


def test_no_server_is_a_setting_to_mend():
    with pytest.raises(ConfigurationError, match=r"dns\.resolvers"):
        CarefulResolver([])


async def test_a_server_listed_twice_is_one():
    resolver = CarefulResolver([Server("127.0.0.1", 9), Server("127.0.0.1", 9)])
    assert resolver.usable == ("127.0.0.1:9",)
