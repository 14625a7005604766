"""The sources of feeds: a file, an https address, a zone transfer. Each satisfies `core.ports.NamesFeed`."""

import asyncio
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring

from watcher.core.errors import ConfigurationError, FeedFailed, InvalidName
from watcher.core.names.lists import ListTally, NamesList
from watcher.core.names.names import Fqdn, parse_existing
from watcher.core.ports import Fetched
from watcher.feeds.lists import lines_of, read_lines
from watcher.feeds.names import existing_in

MOST_BYTES = 8 << 30
"""Of a download; the largest zone has some five packed."""
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_OK, _NOT_MODIFIED = 200, 304
_AXFR_PORT = 53


@dataclass(frozen=True, slots=True)
class FileOrUrl:
    """A file, the newest file of a folder, or an https address."""

    file: Path | None = None
    url: str | None = None
    user_agent: str = "watcher"
    timeout: float = 3600.0

    async def open(self, position: str | None, scratch: Path) -> tuple[Path, str] | None:
        """A file with what there is and its position; None where nothing is newer. Raises FeedFailed."""
        if self.url is not None:
            return await self._download(self.url, position, scratch)
        try:
            found = await asyncio.to_thread(self._newest)
            status = found.stat()
        except OSError as error:
            raise FeedFailed(f"{self.file} cannot be read: {error.strerror}") from error
        now = f"{found.name} {status.st_size} {status.st_mtime_ns}"
        return None if now == position else (found, now)

    def _newest(self) -> Path:
        path = self.file or Path()
        if not path.is_dir():
            return path
        files = [file for file in path.iterdir() if file.is_file() and not file.name.startswith(".")]
        if not files:
            raise FeedFailed(f"{path} holds no file")
        return max(files, key=lambda file: file.stat().st_mtime_ns)

    async def _download(self, url: str, position: str | None, scratch: Path) -> tuple[Path, str] | None:
        parts = urlsplit(url)
        if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
            raise FeedFailed("only https addresses are fetched")
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "identity"}
        kind, _, value = (position or "").partition(" ")
        if value:
            headers["If-None-Match" if kind == "etag" else "If-Modified-Since"] = value
        try:
            async with (
                aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=self.timeout)) as session,
                session.get(url, headers=headers) as response,
            ):
                if response.status == _NOT_MODIFIED:
                    return None
                if response.status != _OK:
                    raise FeedFailed(f"{parts.hostname} answered {response.status}")
                with scratch.open("wb") as file:
                    kept = 0
                    async for chunk in response.content.iter_chunked(1 << 20):
                        kept += len(chunk)
                        if kept > MOST_BYTES:
                            raise FeedFailed("the download is larger than 8 GiB")
                        await asyncio.to_thread(file.write, chunk)
                etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FeedFailed(f"{parts.hostname}: {type(error).__name__}: {error}") from error
        return scratch, f"etag {etag}" if etag else f"modified {modified}" if modified else ""


@dataclass(frozen=True, slots=True)
class ListFeed:
    """A list of names in any common form."""

    source: FileOrUrl
    column: str | None = None
    kind: str = "names"

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """As the port says."""
        found = await self.source.open(position, Path(scratch))
        if found is None:
            return None
        return Fetched(self._names(found[0]), found[1])

    def _names(self, file: Path) -> Iterator[Fqdn]:
        read = NamesList(self.column)
        try:
            yield from read.names(read_lines(file))
        except ConfigurationError as error:
            raise FeedFailed(error.why) from error
        if read.tally.dropped and not read.tally.named:
            raise FeedFailed(f"no line holds a name, the first: {read.tally.shown[0]!r}")


@dataclass(frozen=True, slots=True)
class ZoneFileFeed:
    """A complete zone file, as registries publish them."""

    source: FileOrUrl
    zone: str
    kind: str = "zone_file"

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """As the port says."""
        found = await self.source.open(position, Path(scratch))
        if found is None:
            return None
        return Fetched(self._names(found[0]), found[1], self.zone)

    def _names(self, file: Path) -> Iterator[Fqdn]:
        zones: set[str] = set()
        last = "\n"

        def whole(lines: Iterator[str]) -> Iterator[str]:
            nonlocal last
            for line in lines:
                last = line
                yield line

        try:
            with file.open("rb") as raw:
                raw.seek(0, io.SEEK_END)
                size = raw.tell()
                raw.seek(max(0, size - 1))
                ends = raw.read(1) in {b"\n", b""} or _is_packed(file)
                raw.seek(0)
                for name in existing_in(whole(lines_of(raw, file.name)), zones, ListTally()):
                    if name.endswith("." + self.zone):
                        yield Fqdn(name)
        except ConfigurationError as error:
            raise FeedFailed(error.why) from error
        except OSError as error:
            raise FeedFailed(f"{file.name} cannot be read: {error.strerror}") from error
        if self.zone not in zones:
            raise FeedFailed(f"there is no SOA of {self.zone} in it: is it the whole zone?")
        if not ends:
            raise FeedFailed("its last line has no end: it was cut")


def _is_packed(file: Path) -> bool:
    with file.open("rb") as raw:
        return raw.read(2) in {b"\x1f\x8b", b"PK", b"BZ", b"\xfd7"}


@dataclass(frozen=True, slots=True)
class TransferFeed:
    """A zone transferred (AXFR, RFC 5936) from `server`, signed by `tsig` (`ALGORITHM:NAME:SECRET`) where given."""

    server: str
    zone: str
    tsig: str | None = None
    timeout: float = 3600.0
    idle: float = 60.0
    kind: str = "zone_transfer"

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
        context, serial, last, soas, signed = None, "", None, 0, True
        with scratch.open("w", encoding="ascii") as file:
            while soas < 2:  # noqa: PLR2004 (a transfer begins and ends with the SOA, RFC 5936 section 2.2)
                wire = await self._next(reader)
                message = await asyncio.to_thread(
                    dns.message.from_wire, wire, keyring=query.keyring, request_mac=query.mac, xfr=True,
                    tsig_ctx=context, multi=True, origin=zone, one_rr_per_rrset=False,
                )  # fmt: skip
                context, signed = message.tsig_ctx, message.had_tsig
                if message.rcode() != 0:
                    raise FeedFailed(f"{self.server} refuses the transfer ({dns.rcode.to_text(message.rcode())})")
                if message.id != query.id or not message.answer:
                    raise FeedFailed(f"{self.server} sent no transfer")
                for rrset in message.answer:
                    if rrset.rdtype == dns.rdatatype.SOA and rrset.name in {zone, dns.name.empty}:
                        soas += 1
                        if serial and str(rrset[0].serial) != serial:
                            raise FeedFailed("the zone changed while it was sent")
                        serial = str(rrset[0].serial)
                    elif soas != 1:
                        raise FeedFailed("the transfer does not begin with the SOA")
                    elif (
                        rrset.rdtype == dns.rdatatype.NS
                        and rrset.name != last
                        and rrset.name not in {zone, dns.name.empty}
                    ):
                        last = rrset.name
                        owner = last.derelativize(zone).to_text(omit_final_dot=True).lower()
                        file.write(owner + "\n")
        if self.tsig is not None and not signed:
            raise FeedFailed("the last message of the transfer is not signed")
        return serial


async def _send(writer: asyncio.StreamWriter, wire: bytes) -> None:
    writer.write(struct.pack("!H", len(wire)) + wire)
    await writer.drain()


def _lines_as_names(file: Path) -> Iterator[Fqdn]:
    with file.open(encoding="ascii") as lines:
        for line in lines:
            try:
                yield parse_existing(line.strip())
            except InvalidName:
                continue


def _place(server: str) -> tuple[str, int]:
    """`host`, `host:port`, `[v6]:port`."""
    if server.startswith("["):
        host, _, port = server[1:].partition("]")
        return host, int(port.removeprefix(":") or _AXFR_PORT)
    host, _, port = server.partition(":")
    return (host, int(port or _AXFR_PORT)) if server.count(":") <= 1 else (server, _AXFR_PORT)
