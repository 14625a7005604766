"""A relay in front of a `QuickDns` that does what bad lines and bad people do: loss, duplicates, truncation, forgeries."""

import asyncio
import contextlib
import random
from collections import Counter
from typing import Self

from tests.fakes.quick_dns import QuickDns

_NOERROR_ANSWER = b"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x04\x00\x0a\xc0\x0c"


class Relay(asyncio.DatagramProtocol):
    """`async with Relay(dns, loss=0.05, ...) as relay`: at 127.0.0.1:`relay.port`, UDP and TCP. Shares are 0 to 1.

    A forged reply comes first, with another id, question, or case, and says the opposite of the true one.
    """

    def __init__(
        self,
        dns: QuickDns,
        *,
        loss: float = 0.0,
        duplicates: float = 0.0,
        cut: float = 0.0,
        forged: float = 0.0,
        seed: int = 1,
    ) -> None:
        self.dns = dns
        self.port = 0
        self.did: Counter[str] = Counter()
        self._shares = {"loss": loss, "duplicates": duplicates, "cut": cut, "forged": forged}
        self._chance = random.Random(seed)
        self._udp: asyncio.DatagramTransport
        self._tcp: asyncio.Server

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        for _ in range(20):
            self._udp, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
            self.port = self._udp.get_extra_info("sockname")[1]
            try:
                self._tcp = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            except OSError:  # somebody has this port for TCP
                self._udp.close()
                continue
            return self
        raise OSError("no port is free for both")

    async def __aexit__(self, *_: object) -> None:
        self._udp.close()
        self._tcp.close()
        await self._tcp.wait_closed()
        await asyncio.sleep(0)

    def _strikes(self, effect: str) -> bool:
        struck = self._chance.random() < self._shares[effect]
        self.did[effect] += struck
        return struck

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._strikes("loss"):  # of the question
            return
        reply = self.dns.reply(data)
        if reply is None:
            return
        if self._strikes("forged"):
            self._udp.sendto(self._forgery(reply, data), addr)
        if self._strikes("loss"):  # of the reply
            return
        if self._strikes("cut"):
            end = data.index(0, 12) + 5
            reply = reply[:2] + bytes([reply[2] | 0x02]) + reply[3:6] + bytes(6) + reply[12:end]
        for _ in range(2 if self._strikes("duplicates") else 1):
            self._udp.sendto(reply, addr)

    def _forgery(self, reply: bytes, query: bytes) -> bytes:
        """The opposite: NXDOMAIN without more for what exists, an exchange for what does not."""
        end = query.index(0, 12) + 5
        question = query[12:end]
        if reply[3] & 0x0F:
            lie = reply[2:3] + b"\x80\x00\x01\x00\x01\x00\x00\x00\x00" + question + _NOERROR_ANSWER
        else:
            lie = reply[2:3] + b"\x83\x00\x01\x00\x00\x00\x00\x00\x00" + question
        way = self._chance.randrange(3)
        if way == 0:
            return bytes([query[0] ^ 0x5A, query[1]]) + lie
        if way == 1:
            return query[:2] + lie[:10] + b"\x05other" + lie[10:]
        return query[:2] + lie[:10] + question[:-4].swapcase() + lie[10 + len(question) - 4 :]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, EOFError):
            query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
            reply = self.dns.reply(query) or b""
            writer.write(len(reply).to_bytes(2, "big") + reply)
            await writer.drain()
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
