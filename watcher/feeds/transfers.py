"""Zone transfers (AXFR, RFC 5936) as a feed: signed or not, whole or not at all."""

import asyncio
import struct
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring

from watcher.core.errors import FeedFailed
from watcher.core.names.names import Fqdn
from watcher.core.ports import Fetched
from watcher.feeds.zone_wire import TransferReading

_AXFR_PORT = 53
_MOST_UNSIGNED = 100
"""Messages between two signatures."""


@dataclass(frozen=True, slots=True)
class TransferFeed:
    """A zone transferred (AXFR, RFC 5936) from `server`, signed by `tsig` (`ALGORITHM:NAME:SECRET`) where given."""

    server: str
    zone: str
    tsig: str | None = None
    timeout: float = 3600.0
    idle: float = 60.0
    kind: str = "zone_transfer"
    waits: bool = False

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """As the port says; the position is the zone's serial, which is asked for first."""
        try:
            async with asyncio.timeout(self.timeout):
                serial = await self._transferred(position, Path(scratch))
        except TimeoutError as error:
            raise FeedFailed(f"{self.server} did not send the zone in time") from error
        except (OSError, asyncio.IncompleteReadError) as error:
            raise FeedFailed(f"{self.server} broke off: {str(error) or type(error).__name__}") from error
        except (dns.exception.DNSException, ValueError) as error:
            raise FeedFailed(f"{self.server} sent no transfer: {type(error).__name__}: {error}") from error
        return None if serial is None else Fetched(_lines_as_names(Path(scratch)), serial, self.zone)

    async def _transferred(self, position: str | None, scratch: Path) -> str | None:
        """Write the names below the zone to `scratch`; the serial, None where it is that of `position`."""
        host, port = _place(self.server)
        zone = dns.name.from_text(self.zone + ".")
        reader, writer = await asyncio.open_connection(host, port)
        try:
            if position is not None:
                asked = await self._ask(reader, writer, self._query(zone, dns.rdatatype.SOA))
                soa = next((rrset[0] for rrset in asked.answer if rrset.rdtype == dns.rdatatype.SOA), None)
                if soa is not None and str(soa.serial) == position:
                    return None
                writer.close()
                reader, writer = await asyncio.open_connection(host, port)
            return await self._receive(reader, writer, zone, scratch)
        finally:
            writer.transport.abort()

    def _query(self, zone: dns.name.Name, kind: dns.rdatatype.RdataType) -> dns.message.QueryMessage:
        query = dns.message.make_query(zone, kind)
        query.flags &= ~dns.flags.RD
        if self.tsig is not None:
            algorithm, name, secret = self.tsig.split(":", 2)
            query.use_tsig(dns.tsigkeyring.from_text({name: secret}), algorithm=dns.name.from_text(algorithm))
        return query

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, query: dns.message.QueryMessage
    ) -> dns.message.Message:
        await _send(writer, query.to_wire())
        return dns.message.from_wire(await self._next(reader), keyring=query.keyring, request_mac=query.mac)

    async def _next(self, reader: asyncio.StreamReader) -> bytes:
        async with asyncio.timeout(self.idle):
            (length,) = struct.unpack("!H", await reader.readexactly(2))
            return await reader.readexactly(length)

    async def _receive(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, zone: dns.name.Name, scratch: Path
    ) -> str:
        query = self._query(zone, dns.rdatatype.AXFR)
        await _send(writer, query.to_wire())
        reading = TransferReading(self.zone, self.server)
        signatures = None if self.tsig is None else _Signatures(query)
        with scratch.open("w", encoding="ascii") as file:
            while not reading.over:
                wire = await self._next(reader)
                names, signed_at = await asyncio.to_thread(reading.read, wire)
                if wire[:2] != struct.pack("!H", query.id):
                    raise FeedFailed(f"{self.server} sent no transfer")
                if signatures is not None:
                    signatures.check(wire, signed_at)
                file.writelines(f"{name}\n" for name in names)
        if signatures is not None and not signatures.last_signed:
            raise FeedFailed("the last message of the transfer is not signed")
        return str(reading.serial)


class _Signatures:
    """Signatures of the messages of one transfer (RFC 8945 section 5.3.1): the first, the last, and some between."""

    def __init__(self, query: dns.message.QueryMessage) -> None:
        self._query = query
        self._context: Any = None
        self._unsigned = 0
        self.last_signed = False

    def check(self, wire: bytes, at: int) -> None:
        """Check a message whose TSIG record begins `at` there. Raises FeedFailed, or an exception of dnspython."""
        self.last_signed = at < len(wire)
        if not self.last_signed:
            self._unsigned += 1
            if self._context is None or self._unsigned > _MOST_UNSIGNED:
                raise FeedFailed("the transfer is not signed")
            self._context.update(wire)
            return
        self._unsigned = 0
        owner, used = dns.name.from_wire(wire, at)
        place = at + used
        (length,) = struct.unpack_from("!H", wire, place + 8)
        rdata = dns.rdata.from_wire(dns.rdataclass.ANY, dns.rdatatype.TSIG, wire, place + 10, length)
        validate: Any = dns.tsig.validate  # it has no types
        self._context = validate(
            wire, self._query.keyring, owner, rdata, int(time.time()), self._query.mac, at, self._context, multi=True
        )


async def _send(writer: asyncio.StreamWriter, wire: bytes) -> None:
    writer.write(struct.pack("!H", len(wire)) + wire)
    await writer.drain()


def _lines_as_names(file: Path) -> Iterator[list[Fqdn]]:
    with file.open(encoding="ascii") as lines:
        while some := [Fqdn(line[:-1]) for line in islice(lines, 20_000)]:
            yield some


def _place(server: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port`."""
    if server.startswith("["):
        host, _, port = server[1:].partition("]")
        return host, int(port.removeprefix(":") or _AXFR_PORT)
    host, _, port = server.partition(":")
    return (host, int(port or _AXFR_PORT)) if server.count(":") <= 1 else (server, _AXFR_PORT)
