"""Whatever bytes a server sends, the resolver returns an outcome within its time limit."""

import asyncio
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server

_TIMEOUT, _ATTEMPTS = 0.1, 2
_LIMIT = _TIMEOUT * (_ATTEMPTS + 1) * 3 + 10.0
"""Two tries, each with and without EDNS and over TCP, and ten seconds for a busy machine: without the limit it would be for ever."""

_bodies = st.one_of(
    st.binary(max_size=600),
    st.binary(max_size=60).map(lambda data: data * 20),
    st.tuples(st.binary(min_size=8, max_size=8), st.binary(max_size=300)).map(b"".join),
)


class _Echo(asyncio.DatagramProtocol):
    """Answers with the query's id and question, and then with what it was given; TCP connections get the same."""

    def __init__(self, bodies: list[bytes], *, cut: bool) -> None:
        self._bodies = bodies
        self._cut = cut
        self._count = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def reply(self, query: bytes, *, cut: bool) -> bytes:
        self._count += 1
        body = self._bodies[self._count % len(self._bodies)]
        end = query.index(b"\x00", 12) + 5
        counts = body[:6].ljust(6, b"\x01")
        return query[:2] + (b"\x83\x80" if cut else b"\x81\x80") + b"\x00\x01" + counts + query[12:end] + body[6:]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(self.reply(data, cut=self._cut), addr)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        size = int.from_bytes(await reader.readexactly(2), "big")
        reply = self.reply(await reader.readexactly(size), cut=False)
        writer.write(len(reply).to_bytes(2, "big") + reply)
        await writer.drain()
        writer.close()


async def _answers(bodies: list[bytes], *, cut: bool) -> tuple[list[Outcome], float]:
    echo = _Echo(bodies, cut=cut)
    loop = asyncio.get_running_loop()
    tcp = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    udp, _ = await loop.create_datagram_endpoint(lambda: echo, local_addr=("127.0.0.1", port))
    resolver = CarefulResolver([Server("127.0.0.1", port)], timeout=_TIMEOUT, attempts=_ATTEMPTS, max_rate=1e6)
    try:
        started = time.monotonic()
        answers = await resolver.ask([Question(f"army{n}.ml", kind) for n in range(4) for kind in RRType])
        return [answer.outcome for answer in answers], time.monotonic() - started
    finally:
        resolver.close()
        udp.close()
        tcp.close()
        await tcp.wait_closed()


@pytest.mark.parametrize("cut", [False, True], ids=["udp", "cut, then tcp"])
@settings(max_examples=25, deadline=None)
@given(bodies=st.lists(_bodies, min_size=1, max_size=8))
def test_every_question_has_an_outcome_in_time(bodies: list[bytes], *, cut: bool):
    outcomes, seconds = asyncio.run(_answers(bodies, cut=cut))
    assert len(outcomes) == 4 * len(RRType)
    assert seconds < _LIMIT
