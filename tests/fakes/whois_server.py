"""A WHOIS server on loopback that can misbehave in every way known: for tests, the lab and the demo.

Faults as in `rdap_server`: at random when `faulty=True`, or set for a name in `server.faults`. `referrals` makes it a
referral server as IANA's: a question for a label alone is answered with the host listed for it.
"""

import asyncio
import random
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum

from tests.fakes.line_server import LineServer
from tests.fakes.registered import Registered, RegisteredDomains


class WhoisFault(StrEnum):
    """One way to misbehave."""

    TIMEOUT = "timeout"
    EMPTY = "empty"
    RESET = "reset"
    TRUNCATED = "truncated"
    THROTTLED = "throttled"
    THROTTLED_NOT_FOUND = "throttled_not_found"
    UNAVAILABLE = "unavailable"
    GARBAGE = "garbage"
    DRIP = "drip"
    FLOOD = "flood"
    LONG_LINE = "long_line"
    QUADRATIC = "quadratic"


EVERYDAY = (WhoisFault.TIMEOUT, WhoisFault.EMPTY, WhoisFault.TRUNCATED, WhoisFault.THROTTLED, WhoisFault.UNAVAILABLE)


class WhoisServer(LineServer):
    """The server. `encoding` is what it writes in."""

    def __init__(
        self,
        domains: RegisteredDomains | None = None,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        faulty: bool = False,
        fault_rate: float = 0.05,
        seed: int = 1,
        encoding: str = "utf-8",
        referrals: dict[str, str] | None = None,
    ) -> None:
        super().__init__(host, port)
        self.domains = RegisteredDomains() if domains is None else domains
        self.faults: dict[str, WhoisFault] = {}
        self.referrals = {} if referrals is None else referrals
        self.log: list[tuple[str, datetime]] = []
        self.encoding = encoding
        self.replies: dict[str, bytes] = {}
        """Replies to give word for word, by question."""
        self._rate = fault_rate if faulty else 0.0
        self._random = random.Random(seed)

    @property
    def address(self) -> str:
        """`host:port`, for `registration.whois_servers`."""
        return self.authority

    @property
    def asked(self) -> list[str]:
        """The questions, in order."""
        return [question for question, _ in self.log]

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = (await reader.readuntil(b"\r\n")).decode("ascii", "replace").strip().lower()
        self.log.append((question, datetime.now(UTC)))
        await self._reply(writer, question)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _reply(self, writer: asyncio.StreamWriter, question: str) -> None:
        fault = self.faults.get(question)
        if fault is None and self._rate and self._random.random() < self._rate:
            fault = self._random.choice(EVERYDAY)
        whole = self._text(question).encode(self.encoding, "replace")
        if question in self.replies:
            whole = self.replies[question]
        match fault:
            case None:
                writer.write(whole)
            case WhoisFault.TIMEOUT:
                await asyncio.sleep(3600)
            case WhoisFault.EMPTY:
                pass
            case WhoisFault.RESET:
                writer.transport.abort()
            case WhoisFault.TRUNCATED:
                writer.write(whole[: len(whole) // 3])
            case WhoisFault.THROTTLED:
                writer.write(b"WHOIS LIMIT EXCEEDED - SEE OUR TERMS FOR DETAILS\r\n")
            case WhoisFault.THROTTLED_NOT_FOUND:
                writer.write(b"%% Too many requests...\r\n%%\r\n\r\n%% No entries found in the Database.\r\n")
            case WhoisFault.UNAVAILABLE:
                writer.write(b"Service temporarily unavailable.\r\n")
            case WhoisFault.GARBAGE:
                writer.write(bytes(range(256)) * 16)
            case WhoisFault.DRIP:
                for byte in whole * 100:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    await asyncio.sleep(0.2)
            case WhoisFault.FLOOD:
                for _ in range(10_000):
                    writer.write(b"No match for this domain.\r\n" * 2500)
                    await writer.drain()
            case WhoisFault.LONG_LINE:
                writer.write(b"Registrar: ")
                for _ in range(160):
                    writer.write(b"a" * 65536)
                    await writer.drain()
            case WhoisFault.QUADRATIC:
                writer.write(b"Registrar: x\r\nCreation Date: 2020-01-01\r\n" + b"\r\n" * 4000 + b"a." * 28000)
        with suppress(ConnectionError):
            await writer.drain()

    def _text(self, question: str) -> str:
        if question in self.referrals:
            label = question.upper()
            return f"% IANA WHOIS server\n\ndomain:       {label}\n\nwhois:        {self.referrals[question]}\n"
        if "." not in question:
            return f"domain:       {question.upper()}\n\nstatus:       ACTIVE\n"
        name = question.rsplit(maxsplit=1)[-1].removesuffix("/e")
        entry = self.domains.get(name)
        return NOT_FOUND.format(name=name.upper()) if entry is None else record(name, entry)


NOT_FOUND = 'No match for "{name}".\n>>> Last update of whois database: 2026-01-01T00:00:00Z <<<\n'
TERMS = """
TERMS OF USE: You are not authorized to access or query our Whois database through the use of electronic processes
that are high-volume and automated. Excessive queries may be blocked. Whether a name is still available is not
guaranteed.
"""


def record(name: str, entry: Registered) -> str:
    """The record of a registration, in the shape that gTLD registries use, with a person that must not be kept."""
    lines = [
        f"Domain Name: {name.upper()}",
        f"Registrar: {entry.registrar}",
        f"Registrar IANA ID: {entry.iana_id}",
        f"Registrar Abuse Contact Email: {entry.abuse_email}",
        f"Registrar Abuse Contact Phone: {entry.abuse_phone}",
        f"Updated Date: {_time(entry.updated)}",
        f"Creation Date: {_time(entry.created)}",
        f"Registry Expiry Date: {_time(entry.expires)}",
        *(f"Domain Status: {status} https://icann.org/epp#{status}" for status in entry.statuses),
        "Registrant Name: Jane Roe",
        f"Registrant Organization: {entry.organisation}",
        "Registrant Street: 1 Street",
        f"Registrant Country: {entry.country}",
        "Registrant Email: jane.roe@mail.net",
        *(f"Name Server: {host.upper()}" for host in entry.nameservers),
        "DNSSEC: unsigned",
    ]
    return "\n".join(lines) + "\n" + TERMS


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
