"""NOTIFY (RFC 1996): tells the resolvers that the zone has a new serial, again and again until one of them asks."""

import asyncio
import logging
import secrets
from collections.abc import Sequence
from functools import partial
from struct import pack

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.tsig

from watcher.exports.rpz import EXPIRE, REFRESH, RETRY, TTL
from watcher.listeners.rpz_answers import Access

log = logging.getLogger(__name__)

_WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0)
"""Seconds after each try; a lost datagram costs a second, a resolver that restarts is still reached."""

Target = tuple[str, int]


class Notifications:
    """One task for each target; a newer serial takes the place of an older one."""

    def __init__(
        self,
        zone: str,
        targets: Sequence[Target],
        access: Access,
        *,
        source: str | None = None,
    ) -> None:
        """`source` is the address they come from: a resolver believes none but its primary."""
        self._source = None if source is None else (source, 0)
        self._zone = zone
        self._targets = tuple(targets)
        self._access = access
        self._tasks: dict[Target, asyncio.Task[None]] = {}
        self._asked: dict[Target, asyncio.Event] = {}

    def send(self, serial: int) -> None:
        """Begin to tell every target of `serial`; whoever is still told of an older one is not any more."""
        for target in self._targets:
            before = self._tasks.pop(target, None)
            if before is not None:
                before.cancel()
            self._asked[target] = asyncio.Event()
            self._tasks[target] = asyncio.create_task(self._tell(target, serial, self._asked[target]))

    def note_question(self, address: str) -> None:
        """Note that this address asked for the zone: it needs to be told no more."""
        for target, asked in self._asked.items():
            if target[0] == address:
                asked.set()

    async def close(self) -> None:
        """Stop telling."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks.clear()

    async def _tell(self, target: Target, serial: int, asked: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        for tries, wait in enumerate(_WAITS):
            number = secrets.randbelow(1 << 16)
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    partial(_Waiting, number, asked), remote_addr=target, local_addr=self._source
                )
            except OSError as error:
                log.warning("NOTIFY cannot be sent to %s: %s", target[0], error)
                await asyncio.sleep(wait)
                continue
            try:
                transport.sendto(self._message(number, serial, signed=self._signs(target[0], tries)))
                await asyncio.wait_for(asked.wait(), wait)
            except TimeoutError:
                continue
            finally:
                transport.close()
            return
        log.warning("%s port %s did not answer NOTIFY for serial %s", *target, serial)

    def _signs(self, address: str, tries: int) -> bool:
        """Return whether this try is signed: every other one, since Unbound takes no signature and others want one."""
        return self._access.key is not None and not self._access.allows(address) and tries % 2 == 0

    def _message(self, number: int, serial: int, *, signed: bool) -> bytes:
        origin = dns.name.from_text(self._zone)
        message = dns.message.make_query(origin, dns.rdatatype.SOA, id=number)
        message.set_opcode(dns.opcode.NOTIFY)
        message.flags = (message.flags | dns.flags.AA) & ~dns.flags.RD
        text = f"localhost. hostmaster.watcher.invalid. {serial} {REFRESH} {RETRY} {EXPIRE} {TTL}"
        message.answer.append(dns.rrset.from_text(origin, TTL, dns.rdataclass.IN, dns.rdatatype.SOA, text))
        if signed and self._access.key is not None:
            message.use_tsig(self._access.key)
        return message.to_wire()


class _Waiting(asyncio.DatagramProtocol):
    """Waits for the answer to one NOTIFY."""

    def __init__(self, number: int, asked: asyncio.Event) -> None:
        self._head = pack("!H", number)
        self._asked = asked

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002 (asyncio's signature)
        """Take an answer of the right number as heard, but no refusal."""
        if data[:2] == self._head and len(data) > 3 and data[2] & 0x80 and not data[3] & 0x0F:  # noqa: PLR2004 (a header)
            self._asked.set()
