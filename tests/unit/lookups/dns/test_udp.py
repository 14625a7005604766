"""The UDP multiplexer under attack: what is not ours is ignored and waited on (RFC 5452)."""

import asyncio
import socket

import dns.message
import pytest

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from tests.fakes.quick_dns import InItsOwnProcess, QuickDns, Running
from watcher.core.mail.dns import RRType
from watcher.lookups.dns.asker import Asker
from watcher.lookups.dns.segments import known
from watcher.lookups.dns.servers import Server, parse_server
from watcher.lookups.dns.udp import Multiplexer
from watcher.lookups.dns.wire import EDNS, HEADER, TYPE_IN, encode_name, truncated

_ZONES = {"ml": "army A 93.184.215.14\n"}
_FRAME = (HEADER[True, False], EDNS)


@pytest.fixture
async def server():
    async with DnsServer(_ZONES) as running:
        yield running


async def _ask(multiplexer: Multiplexer, name: str = "army.ml") -> bytes | bool:
    """The reply, or whether the silence is doubtful."""
    waiting = asyncio.get_running_loop().create_future()
    calls = (
        lambda _, reply, __: waiting.set_result(reply),
        lambda _, doubtful: waiting.set_result(doubtful),
    )
    multiplexer.ask(encode_name(name), TYPE_IN[RRType.A], _FRAME, calls, None)
    return await waiting


def _addresses(reply) -> list[str]:
    assert isinstance(reply, bytes), "no reply"
    return [rdata.to_text() for rrset in dns.message.from_wire(reply).answer for rdata in rrset]


async def _until(claim, seconds=5.0):
    async with asyncio.timeout(seconds):
        while not claim():
            await asyncio.sleep(0.005)


@pytest.fixture
async def multiplexer(server):
    made = Multiplexer(parse_server(server.address), timeout=0.5)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("effect", "counted"),
    [
        (Effect.FORGED_ID, "forged"),
        (Effect.FORGED_QUESTION, "forged"),
        (Effect.FORGED_CASE, "wrong_case"),
        (Effect.FORGED_SOURCE, None),
    ],
)
async def test_a_forged_reply_is_ignored_and_the_true_one_waited_for(server, multiplexer, effect, counted):
    assert _addresses(await _ask(multiplexer)) == ["93.184.215.14"]
    server.faults.append(Fault(effect))
    for _ in range(20):
        assert _addresses(await _ask(multiplexer)) == ["93.184.215.14"]
    counters = multiplexer.counters
    assert counters.answered == 21
    if counted is not None:
        assert getattr(counters, counted) >= 15


async def test_a_forged_case_as_the_very_first_reply_is_not_believed_either(server, multiplexer):
    server.faults.append(Fault(Effect.FORGED_CASE))
    for _ in range(10):
        assert _addresses(await _ask(multiplexer)) == ["93.184.215.14"]
    assert not multiplexer.flattens_case


async def test_forged_replies_alone_give_silence(server, multiplexer):
    assert _addresses(await _ask(multiplexer)) == ["93.184.215.14"]
    server._udp, true = server._other, server._udp  # every reply comes from the wrong port
    try:
        assert await _ask(multiplexer) is False
    finally:
        server._udp = true
    assert multiplexer.counters.silent == 1


async def test_a_server_that_flattens_case_is_found_out_and_lived_with(server, multiplexer):
    server.faults.append(Fault(Effect.FLATTEN))
    for _ in range(10):
        assert _addresses(await _ask(multiplexer)) == ["93.184.215.14"]
    assert multiplexer.flattens_case
    assert multiplexer.counters.silent == 0
    assert len(server.log) == 12, "two questions were put again to be sure"


async def test_a_server_that_kept_the_case_once_may_not_flatten_it_later(server, multiplexer):
    assert _addresses(await _ask(multiplexer, "army.ml")) == ["93.184.215.14"]
    while not multiplexer._keeps_case:
        await _ask(multiplexer)
    server.faults.append(Fault(Effect.FLATTEN))
    name = "abcdefghijklmnopqrstuvwxyz.ml"  # as good as never all lower case by chance
    assert await _ask(multiplexer, name) is True, "doubtful: to be asked over TCP"
    assert multiplexer.counters.wrong_case == 1


async def test_duplicates_and_late_replies_are_counted_and_dropped(server, multiplexer):
    server.faults.append(Fault(Effect.DUPLICATE))
    await _ask(multiplexer)
    await _until(lambda: multiplexer.counters.duplicates == 1)
    server.faults[:] = [Fault(Effect.SLOW, seconds=0.7)]
    assert await _ask(multiplexer) is False
    await _until(lambda: multiplexer.counters.late == 1)
    assert multiplexer.counters.answered == 1


@pytest.mark.parametrize("effect", [Effect.GARBAGE, Effect.DROP])
async def test_garbage_is_no_reply(server, multiplexer, effect):
    server.faults.append(Fault(effect))
    assert await asyncio.gather(*(_ask(multiplexer) for _ in range(20))) == [False] * 20
    assert multiplexer.counters.answered == 0


async def test_a_cut_reply_says_so(server, multiplexer):
    server.faults.append(Fault(Effect.TRUNCATE))
    assert truncated(await _ask(multiplexer))


async def test_ids_ports_and_case_differ(server, multiplexer):
    name = "abcdefghijklmnop.ml"
    await asyncio.gather(*(_ask(multiplexer, name) for _ in range(200)))
    assert len({asked.source_port for asked in server.log}) > 10
    assert len({asked.sent_name for asked in server.log}) > 190


async def test_ports_are_drawn_anew(server):
    multiplexer = Multiplexer(parse_server(server.address), timeout=0.5, port_uses=4)
    for _ in range(5):
        await asyncio.gather(*(_ask(multiplexer) for _ in range(100)))
    assert len({asked.source_port for asked in server.log}) > 40
    assert len(multiplexer.ports.open) <= 16, "what waits for nothing is closed"
    multiplexer.close()


async def test_a_closed_port_is_told_at_once_not_after_the_timeout():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    multiplexer = Multiplexer(Server("127.0.0.1", port), timeout=30)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*(_ask(multiplexer) for _ in range(50))) == [False] * 50
    multiplexer.close()


async def test_an_address_that_cannot_be_sent_to_is_silence_too():
    multiplexer = Multiplexer(Server("255.255.255.255"), timeout=30)
    assert await _ask(multiplexer) is False
    multiplexer.close()


async def test_ipv6_works():
    async with DnsServer(_ZONES, host="::1") as server:
        multiplexer = Multiplexer(parse_server(server.address), timeout=0.5)
        assert _addresses(await _ask(multiplexer)) == ["93.184.215.14"]
        multiplexer.close()


async def test_closing_tells_those_who_wait_and_later_ones(server, multiplexer):
    server.faults.append(Fault(Effect.DROP))
    waiting = [asyncio.ensure_future(_ask(multiplexer)) for _ in range(3)]
    await asyncio.sleep(0)
    multiplexer.close()
    assert await asyncio.gather(*waiting, _ask(multiplexer)) == [False] * 4
    assert not multiplexer.ports.open


async def test_replies_that_lay_unread_while_we_were_busy_are_not_lost(multiplexer):
    import time

    asking = asyncio.ensure_future(_ask(multiplexer))
    await _until(lambda: multiplexer.counters.sent == 1)
    # The server runs in this loop as well: let it answer, then block longer than the timeout before reading.
    loop = asyncio.get_running_loop()
    for port in multiplexer.ports.open:
        loop.remove_reader(port.socket.fileno())
    for _ in range(20):
        await asyncio.sleep(0.005)
    time.sleep(0.6)  # being busy is the point
    assert _addresses(await asking) == ["93.184.215.14"]


class _Heard(Asker):
    """Who asks for many names at once."""

    def __init__(self):
        super().__init__()
        self.answered, self.silences = {}, []

    def replied(self, now):
        for (question, context, (sent_at, _, _)), reply in self.heard():
            assert context not in self.answered, "each once"
            assert reply[12 : 12 + len(question)] == question
            assert 0 <= now - sent_at < 60
            self.answered[context] = reply

    def silent(self, context, doubtful):
        self.silences.append((context, doubtful))


def _many(count):
    names = [f"gone{number}.ml" for number in range(count)]
    return names, [encode_name(name) + TYPE_IN[RRType.MX] for name in names]


@pytest.mark.parametrize("segments", [True, False])
async def test_many_questions_at_once_are_each_answered_once(segments):
    heard, (names, questions) = _Heard(), _many(2000)
    with InItsOwnProcess(QuickDns()) as server:
        multiplexer = Multiplexer(Server("127.0.0.1", server.port), timeout=20)
        multiplexer.segments = multiplexer.segments and segments
        multiplexer.ask_all(questions, names, _FRAME, heard)
        await _until(lambda: len(heard.answered) == 2000, 20)
        assert len(multiplexer.ports.open) > 8
        assert multiplexer.counters.answered == multiplexer.counters.sent == 2000
        assert not heard.silences
        multiplexer.close()


async def test_many_questions_at_once_are_each_told_of_silence_once():
    dns = QuickDns()
    dns.silent = True
    heard, (names, questions) = _Heard(), _many(300)
    async with Running(dns) as server:
        multiplexer = Multiplexer(Server("127.0.0.1", server.port), timeout=0.2)
        multiplexer.ask_all(questions[:200], names[:200], _FRAME, heard)
        await _until(lambda: len(heard.silences) == 200)
        multiplexer.ask_all(questions[200:], names[200:], _FRAME, heard)
        assert len(heard.silences) == 200, "never from within"
        multiplexer.close()
        multiplexer.ask_all(questions[:1], ["too late"], _FRAME, heard)
        await _until(lambda: len(heard.silences) == 301)
    assert set(heard.silences) == {(name, False) for name in [*names, "too late"]}


async def test_many_questions_to_a_closed_port_are_each_told_of_silence_once():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    heard, (names, questions) = _Heard(), _many(300)
    multiplexer = Multiplexer(Server("127.0.0.1", port), timeout=30, ports=2)
    for start in range(0, 300, 100):
        multiplexer.ask_all(questions[start : start + 100], names[start : start + 100], _FRAME, heard)
        await asyncio.sleep(0)
    await _until(lambda: len(heard.silences) >= 300)
    assert sorted(heard.silences) == sorted((name, False) for name in names)
    multiplexer.close()


@pytest.mark.skipif(not known(), reason="the system cannot send them together")
async def test_where_datagrams_cannot_leave_together_they_leave_one_by_one():
    without_checksums = 11  # SO_NO_CHECK, asm-generic/socket.h: such a socket may not
    heard, (names, questions) = _Heard(), _many(60)
    async with Running(QuickDns()) as server:
        multiplexer = Multiplexer(Server("127.0.0.1", server.port), timeout=10, ports=1)
        multiplexer.ask_all(questions[:1], names[:1], _FRAME, heard)
        (port,) = multiplexer.ports.open
        port.socket.setsockopt(socket.SOL_SOCKET, without_checksums, 1)
        multiplexer.ask_all(questions[1:], names[1:], _FRAME, heard)
        await _until(lambda: len(heard.answered) == 60)
        assert not multiplexer.segments
        assert server.dns.asked == 60
        multiplexer.close()


async def test_many_questions_at_once_over_ipv6():
    heard, (names, questions) = _Heard(), _many(60)
    async with DnsServer(_ZONES, host="::1") as server:
        multiplexer = Multiplexer(parse_server(server.address), timeout=10)
        multiplexer.ask_all(questions, names, _FRAME, heard)
        await _until(lambda: len(heard.answered) == 60)
        multiplexer.close()
