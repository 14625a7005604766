"""A DNS server by hand, quick enough for sweeps over 100,000 names: one suffix, in which names exist or do not.

With RD=1 it answers as a resolver would (an existing name has one exchange, itself, with one address), with RD=0 as the
suffix's own server: a referral, or NXDOMAIN with the suffix's SOA.
"""

import asyncio
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

_SOA = b"\x00\x06\x00\x01\x00\x00\x00\x3c\x00\x16\x00\x00" + bytes(16) + b"\x00\x00\x00\x3c"
_MX, _A, _NS = b"\x00\x0f", b"\x00\x01", b"\x00\x02"
_ADDRESS = bytes((93, 184, 215, 14))


def exists_by_x(label: str) -> bool:
    """What exists begins with x."""
    return label.startswith("x")


class QuickDns:
    """`reply` says what comes back to a query; None: nothing. `exists` judges the label below the suffix."""

    def __init__(self, exists: Callable[[str], bool] = exists_by_x, *, suffix: str = "ml") -> None:
        self.exists = exists
        self.suffix = suffix.encode().split(b".")
        self.silent = False
        self.rcode: int | None = None
        self.asked = 0

    def reply(self, query: bytes) -> bytes | None:
        self.asked += 1
        if self.silent:
            return None
        end, labels = 12, []
        while query[end]:
            labels.append(query[end + 1 : end + 1 + query[end]].lower())
            end += query[end] + 1
        question = query[12 : end + 5]
        kind = query[end + 1 : end + 3]
        opt = query[end + 5 :]
        recursive = query[2] & 1
        depth = len(labels) - len(self.suffix)
        inside = labels[depth:] == self.suffix if depth >= 0 else False
        if self.rcode is not None:
            return self._message(query, question, opt, 0x81 if recursive else 0x80, self.rcode)
        flags = 0x81 if recursive else 0x84
        if depth < 1 or not inside:
            return self._message(query, question, opt, flags, 0 if depth < 1 else 3, soa=b"\x00")
        start = len(question) - 5 - sum(len(label) + 1 for label in self.suffix)
        owner = (0xC000 | (12 + start)).to_bytes(2, "big")
        if not self.exists(labels[depth - 1].decode()):
            return self._message(query, question, opt, flags, 3, soa=owner)
        if not recursive:
            ns = b"\xc0\x0c\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x06\x03ns1\xc0\x0c"
            return self._message(query, question, opt, 0x80, 0, authority=ns)
        if depth > 1:  # nothing below an existing name, no wildcard either
            own = (0xC000 | (12 + start - len(labels[depth - 1]) - 1)).to_bytes(2, "big")
            return self._message(query, question, opt, flags, 3, soa=own)
        if kind == _MX:
            answer = b"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x04\x00\x0a\xc0\x0c"
        elif kind == _A:
            answer = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04" + _ADDRESS
        elif kind == _NS:
            answer = b"\xc0\x0c\x00\x02\x00\x01\x00\x00\x00\x3c\x00\x06\x03ns1\xc0\x0c"
        else:
            return self._message(query, question, opt, flags, 0, soa=b"\xc0\x0c")
        return self._message(query, question, opt, flags, 0, answer=answer)

    @staticmethod
    def _message(
        query: bytes,
        question: bytes,
        opt: bytes,
        flags: int,
        rcode: int,
        *,
        answer: bytes = b"",
        authority: bytes = b"",
        soa: bytes = b"",
    ) -> bytes:
        if soa:
            authority = soa + _SOA
        counts = bytes((0, 1, 0, 1 if answer else 0, 0, 1 if authority else 0, 0, 1 if opt else 0))
        head = query[:2] + bytes((flags, (0x80 if flags & 1 else 0) | rcode)) + counts
        return head + question + answer + authority + opt


class Running(asyncio.DatagramProtocol):
    """A `QuickDns` on loopback in this loop: `async with Running(dns) as server`, at 127.0.0.1:`server.port`."""

    def __init__(self, dns: QuickDns) -> None:
        self.dns = dns
        self.port = 0
        self._transport: asyncio.DatagramTransport

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()
        await asyncio.sleep(0)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        reply = self.dns.reply(data)
        if reply is not None:
            self._transport.sendto(reply, addr)


def serve(dns: QuickDns, opened: socket.socket, log: Path | None) -> None:
    """Answer for ever; to `log` goes a line for every question: the first label, the type's number, the POSIX time."""
    lines: list[bytes] = []
    file = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    opened.settimeout(0.05)
    while True:
        try:
            query, client = opened.recvfrom(512)
        except TimeoutError:
            query = b""
        if file is not None and lines and (not query or len(lines) > 500):
            os.write(file, b"\n".join(lines) + b"\n")
            lines.clear()
        if not query:
            continue
        reply = dns.reply(query)
        if reply is not None:
            opened.sendto(reply, client)
        if file is not None:
            kind = query[query.index(0, 12) + 2]
            lines.append(b"%s %d %.3f" % (query[13 : 13 + query[12]].lower(), kind, time.time()))


class InItsOwnProcess:
    """A `QuickDns` in a process of its own: `with InItsOwnProcess(dns) as server`, at 127.0.0.1:`server.port`."""

    def __init__(self, dns: QuickDns, log: Path | None = None) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 * 1024 * 1024)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        fork = multiprocessing.get_context("fork")
        self._process = fork.Process(target=serve, args=(dns, self._socket, log), daemon=True)

    def __enter__(self) -> Self:
        self._process.start()
        self._socket.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._process.close()
