"""An RDAP server on loopback that can misbehave in every way known: for tests, the lab and the demo.

    async with RdapServer(domains, faulty=True) as server:
        settings.rdap_servers = {"ml": server.url}

Faults come at random when asked for (`faulty=True`: one answer in twenty, of the everyday kinds), or are set for a name:
`server.faults["army.ml"] = Fault.GZIP_BOMB`. `server.log` lists the names asked, with their times.
"""

import asyncio
import gzip
import json
import random
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from typing import Any

from tests.fakes.line_server import LineServer
from tests.fakes.registered import Registered, RegisteredDomains

TYPE = "application/rdap+json"


class Fault(StrEnum):
    """One way to misbehave."""

    TIMEOUT = "timeout"
    TRUNCATED = "truncated"
    BROKEN_JSON = "broken_json"
    THROTTLED = "throttled"
    THROTTLED_UNTIL = "throttled_until"
    BUSY = "busy"
    ERROR = "error"
    REFUSED = "refused"
    WRONG_TYPE = "wrong_type"
    WEB_PAGE_404 = "web_page_404"
    EMPTY_404 = "empty_404"
    ODD_404 = "odd_404"
    OTHER_NAME = "other_name"
    MOVED = "moved"
    REDIRECT_LOOPBACK = "redirect_loopback"
    REDIRECT_METADATA = "redirect_metadata"
    REDIRECT_LOOPBACK_6 = "redirect_loopback_6"
    REDIRECT_LOOP = "redirect_loop"
    REDIRECT_ELSEWHERE = "redirect_elsewhere"
    DRIP = "drip"
    FLOOD = "flood"
    GZIP_BOMB = "gzip_bomb"
    LONG_LINE = "long_line"
    MANY_HEADERS = "many_headers"
    DEEP_JSON = "deep_json"
    RESET = "reset"


EVERYDAY = (Fault.TIMEOUT, Fault.TRUNCATED, Fault.THROTTLED, Fault.WRONG_TYPE, Fault.ERROR)
_BOMB = gzip.compress(b" " * 64_000_000)
_LOCATIONS = {
    Fault.REDIRECT_LOOPBACK: "http://127.0.0.1:9/domain/x",
    Fault.REDIRECT_METADATA: "http://169.254.169.254/latest/meta-data",
    Fault.REDIRECT_LOOPBACK_6: "http://[::1]:9/domain/x",
    Fault.REDIRECT_ELSEWHERE: "https://rdap.elsewhere.net/domain/x",
}


class RdapServer(LineServer):
    """The server. `domains` may be shared with a WHOIS server; what is not in it is not found."""

    def __init__(
        self,
        domains: RegisteredDomains | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faulty: bool = False,
        fault_rate: float = 0.05,
        seed: int = 1,
        retry_after: int = 2,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(host, port, tls)
        self.domains = RegisteredDomains() if domains is None else domains
        self.faults: dict[str, Fault] = {}
        self.log: list[tuple[str, datetime]] = []
        self.retry_after = retry_after
        self.odd = ("text/plain", b"404 page not found")
        self._rate = fault_rate if faulty else 0.0
        self._random = random.Random(seed)

    @property
    def url(self) -> str:
        """The base URL, for `registration.rdap_servers`."""
        return f"{'https' if self._tls else 'http'}://{self.authority}/"

    @property
    def asked(self) -> list[str]:
        """The names asked about, in order."""
        return [name for name, _ in self.log]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await self._exchange(reader, writer):
            pass

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One request and its answer; whether the connection stays open."""
        head = await reader.readuntil(b"\r\n\r\n")
        match = re.match(rb"GET /(?:[\w.-]+/)*?domain/([^ /?]+)", head)
        name = match[1].decode("ascii", "replace").lower() if match else ""
        self.log.append((name, datetime.now(UTC)))
        fault = self.faults.get(name)
        if fault is None and self._rate and self._random.random() < self._rate:
            fault = self._random.choice(EVERYDAY)
        if fault is None:
            await self._answer(writer, name)
            return True
        await self._misbehave(writer, fault, name, head)
        return False

    async def _answer(self, writer: asyncio.StreamWriter, name: str) -> None:
        entry = self.domains.get(name)
        if entry is None:
            body = json.dumps({"errorCode": 404, "title": "Not found", "rdapConformance": ["rdap_level_0"]}).encode()
            await _send(writer, 404, body)
        else:
            await _send(writer, 200, json.dumps(domain_object(name, entry)).encode())

    async def _misbehave(self, writer: asyncio.StreamWriter, fault: Fault, name: str, head: bytes) -> None:
        whole = json.dumps(domain_object(name, self.domains.get(name) or Registered())).encode()
        match fault:
            case Fault.TIMEOUT:
                await asyncio.sleep(3600)
            case Fault.RESET:
                writer.transport.abort()
            case Fault.TRUNCATED:
                await _send(writer, 200, whole[: len(whole) // 2], length=len(whole))
            case Fault.BROKEN_JSON:
                await _send(writer, 200, whole[: len(whole) // 2])
            case Fault.DEEP_JSON:
                await _send(writer, 200, b"[" * 400_000)
            case Fault.THROTTLED:
                await _send(writer, 429, b"", {"Retry-After": str(self.retry_after)})
            case Fault.THROTTLED_UNTIL:
                at = format_datetime(datetime.now(UTC) + timedelta(seconds=self.retry_after), usegmt=True)
                await _send(writer, 429, b"", {"Retry-After": at})
            case Fault.BUSY:
                await _send(writer, 503, b"busy", {"Retry-After": str(self.retry_after), "Content-Type": "text/plain"})
            case Fault.ERROR:
                await _send(writer, 500, b"oops", {"Content-Type": "text/plain"})
            case Fault.REFUSED:
                await _send(writer, 400, b'{"errorCode":400}')
            case Fault.WRONG_TYPE:
                await _send(writer, 200, b"<html>hello</html>", {"Content-Type": "text/html"})
            case Fault.WEB_PAGE_404:
                await _send(writer, 404, b"<html>not here</html>", {"Content-Type": "text/html; charset=utf-8"})
            case Fault.ODD_404:
                await _send(writer, 404, self.odd[1], {"Content-Type": self.odd[0]})
            case Fault.EMPTY_404:
                await _send(writer, 404, b"")
            case Fault.OTHER_NAME:
                await _send(writer, 200, json.dumps(domain_object("other.ml", Registered())).encode())
            case Fault.MOVED:
                if b"/moved/" in head:
                    await _send(writer, 200, whole)
                else:
                    await _send(writer, 302, b"", {"Location": f"/moved/domain/{name}"})
            case Fault.REDIRECT_LOOP:
                await _send(writer, 302, b"", {"Location": f"/domain/{name}"})
            case (
                Fault.REDIRECT_LOOPBACK | Fault.REDIRECT_METADATA | Fault.REDIRECT_LOOPBACK_6 | Fault.REDIRECT_ELSEWHERE
            ):
                await _send(writer, 302, b"", {"Location": _LOCATIONS[fault]})
            case Fault.GZIP_BOMB:
                await _send(writer, 200, _BOMB, {"Content-Encoding": "gzip"})
            case Fault.LONG_LINE:
                await _pour(writer, b"HTTP/1.1 200 OK\r\nX-Long: ", _repeat(b"a" * 65536, 160))
            case Fault.MANY_HEADERS:
                await _pour(writer, b"HTTP/1.1 200 OK\r\n", _repeat(b"X-More: yes\r\n" * 4096, 4096))
            case Fault.FLOOD:
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {TYPE}\r\nConnection: close\r\n\r\n".encode()
                await _pour(writer, head, _repeat(b'{"a": "' + b"b" * 65536, 100_000))
            case Fault.DRIP:
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {TYPE}\r\nContent-Length: {len(whole)}\r\n\r\n".encode()
                await _pour(writer, head, _dripped(whole))


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    headers: Mapping[str, str] | None = None,
    *,
    length: int = -1,
) -> None:
    lines = {"Content-Type": TYPE, "Content-Length": str(len(body) if length < 0 else length), **(headers or {})}
    head = f"HTTP/1.1 {status} Status\r\n" + "".join(f"{key}: {value}\r\n" for key, value in lines.items()) + "\r\n"
    await _pour(writer, head.encode(), _repeat(body, 1))


async def _pour(writer: asyncio.StreamWriter, head: bytes, chunks: AsyncIterator[bytes]) -> None:
    with suppress(ConnectionError):
        writer.write(head)
        async for chunk in chunks:
            writer.write(chunk)
            await writer.drain()


async def _repeat(chunk: bytes, times: int) -> AsyncIterator[bytes]:
    for _ in range(times):
        yield chunk


async def _dripped(body: bytes) -> AsyncIterator[bytes]:
    """One byte every fifth of a second: never silent, never done."""
    for position in range(len(body)):
        yield body[position : position + 1]
        await asyncio.sleep(0.2)


def domain_object(name: str, entry: Registered) -> dict[str, Any]:
    """The RDAP object of a registration, in the shape that gTLD registries use."""
    return {
        "objectClassName": "domain",
        "rdapConformance": ["rdap_level_0", "icann_rdap_response_profile_1"],
        "ldhName": name.upper(),
        "status": [_rdap_status(status) for status in entry.statuses],
        "events": [
            {"eventAction": "registration", "eventDate": _time(entry.created)},
            {"eventAction": "last changed", "eventDate": _time(entry.updated)},
            {"eventAction": "expiration", "eventDate": _time(entry.expires)},
        ],
        "nameservers": [{"objectClassName": "nameserver", "ldhName": host + "."} for host in entry.nameservers],
        "entities": [
            {
                "objectClassName": "entity",
                "roles": ["registrar"],
                "publicIds": [{"type": "IANA Registrar ID", "identifier": entry.iana_id}],
                "vcardArray": ["vcard", [["version", {}, "text", "4.0"], ["fn", {}, "text", entry.registrar]]],
                "entities": [
                    {
                        "objectClassName": "entity",
                        "roles": ["abuse"],
                        "vcardArray": [
                            "vcard",
                            [
                                ["version", {}, "text", "4.0"],
                                ["email", {}, "text", entry.abuse_email],
                                ["tel", {"type": "voice"}, "uri", "tel:" + entry.abuse_phone],
                            ],
                        ],
                    }
                ],
            },
            {
                "objectClassName": "entity",
                "roles": ["registrant"],
                "vcardArray": [
                    "vcard",
                    [
                        ["version", {}, "text", "4.0"],
                        ["fn", {}, "text", "Jane Roe"],
                        ["org", {}, "text", entry.organisation],
                        ["adr", {"cc": entry.country}, "text", ["", "", "1 Street", "Town", "", "1000", ""]],
                    ],
                ],
            },
        ],
        "links": [{"rel": "related", "href": entry.link, "type": TYPE}],
    }


def _rdap_status(epp: str) -> str:
    return "active" if epp == "ok" else re.sub(r"(?<=[a-z])(?=[A-Z])", " ", epp).lower()


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
