"""The SMTP probe: would this mail server take a message? It hears the replies and leaves without sending one.

    greeting, EHLO, (STARTTLS where the server demands it), MAIL FROM:<>, RCPT TO two mailboxes nobody has, RSET, QUIT

Our side says nothing about who asks or for whom: the name of EHLO is our address, the sender is empty. What the far
side says is bounded in lines, bytes and time.
"""

import asyncio
import contextlib
import ipaddress
import re
import secrets
import ssl
from collections.abc import Callable
from dataclasses import dataclass

from watcher.core.mail.probing import Probed, ProbeOutcome
from watcher.core.names.clean import clean
from watcher.core.names.names import Fqdn

SMTP_PORT = 25
_LONGEST_LINE = 2048
_MOST_LINES = 64
_MOST_BYTES = 32 * 1024
_SHOWN = 200
_PARTING_SECONDS = 3.0
_READY, _AUTHENTICATE = 220, 530
_REFUSALS = frozenset({521, 554, 556})
_ENHANCED_POLICY = re.compile(r"5\.7\.\d|5\.1\.2")  # not about the mailbox: relaying denied, no such domain
_PERMANENT, _TEMPORARY = 5, 4
_LINE = re.compile(rb"([2-5]\d\d)([ -]|$)(.*)", re.DOTALL)


class _Closed(Exception):
    """The far side hung up."""


class _Unreadable(Exception):
    """A reply that is no SMTP, or never ends."""


@dataclass(frozen=True, slots=True)
class _Reply:
    """One reply: its code and its lines."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the first line with the code, cleaned."""
        return clean(f"{self.code} {self.lines[0]}".strip(), _SHOWN)

    @property
    def positive(self) -> bool:
        return self.code // 100 == 2  # noqa: PLR2004 (2xx)

    def offers(self, keyword: str) -> bool:
        """Return whether an EHLO reply names an extension."""
        return any(line.split(" ")[0].upper() == keyword for line in self.lines[1:])


class SmtpProbe:
    """Satisfies `core.probing.Prober`. `timeout`: seconds for a whole probe; `at_once`: probes at the same time.

    `is_global` decides about each address before anything connects. `helo` replaces the address literal that EHLO
    says otherwise. `port` is for tests.
    """

    def __init__(
        self,
        is_global: Callable[[str], bool],
        *,
        helo: str | None = None,
        port: int = SMTP_PORT,
        timeout: float = 30.0,
        at_once: int = 4,
    ) -> None:
        self._is_global = is_global
        self._helo = helo
        self._port = port
        self._timeout = timeout
        self._places = asyncio.Semaphore(at_once)

    async def probe(self, name: Fqdn, host: str, address: str) -> Probed:
        """Probe whether the server at `address` takes mail for `name`; never raises for what the server does.

        Nothing connects to an address that is not global: the outcome is then TIMEOUT.
        """
        if not self._is_global(address):
            return Probed(host, address, ProbeOutcome.TIMEOUT, "not connected: the address is not global")
        async with self._places:
            session = _Session()
            try:
                async with asyncio.timeout(self._timeout):
                    outcome = await self._ask(session, name, address)
            except (ConnectionError, _Closed):
                outcome = ProbeOutcome.CLOSED
            except (OSError, TimeoutError, _Unreadable):  # ssl.SSLError is an OSError
                outcome = ProbeOutcome.TIMEOUT
            else:
                await session.leave(min(self._timeout, _PARTING_SECONDS))
            finally:
                session.abort()
        said = "" if session.last is None else session.last.text
        return Probed(host, address, outcome, said, session.starttls)

    async def _ask(self, session: "_Session", name: Fqdn, address: str) -> ProbeOutcome:
        await session.connect(address, self._port)
        greeting = await session.reply()
        if greeting.code != _READY:
            return _turned_away(greeting)
        helo = self._helo or session.own_literal
        hello = await session.hello(helo)
        sender = await session.command("MAIL FROM:<>") if hello.positive else hello
        if sender.code == _AUTHENTICATE and session.starttls:
            await session.start_tls()
            hello = await session.hello(helo)
            sender = await session.command("MAIL FROM:<>") if hello.positive else hello
        if not sender.positive:
            return _turned_away(sender)
        replies = [await session.command(f"RCPT TO:<{_mailbox()}@{name}>") for _ in range(2)]
        return _heard(replies)


class _Session:
    """One connection; `last` is the newest reply that counts."""

    def __init__(self) -> None:
        self.last: _Reply | None = None
        self.starttls: bool | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._left = _MOST_BYTES

    @property
    def own_literal(self) -> str:
        """Our address as RFC 5321 4.1.3 writes it."""
        assert self._writer is not None  # noqa: S101 (asked for after `connect`)
        address = ipaddress.ip_address(self._writer.get_extra_info("sockname")[0].partition("%")[0])
        return f"[IPv6:{address}]" if address.version == 6 else f"[{address}]"  # noqa: PLR2004

    async def connect(self, address: str, port: int) -> None:
        self._reader, self._writer = await asyncio.open_connection(address, port, limit=_LONGEST_LINE)

    async def reply(self) -> _Reply:
        """Return the next reply, however many lines it has. Raises _Closed or _Unreadable."""
        lines: list[str] = []
        while len(lines) < _MOST_LINES:
            found = _LINE.match((await self._line()).rstrip(b"\r\n"))
            if found is None:
                raise _Unreadable
            lines.append(found[3].decode("utf-8", "replace"))
            if found[2] != b"-":
                self.last = _Reply(int(found[1]), tuple(lines))
                return self.last
        raise _Unreadable

    async def _line(self) -> bytes:
        assert self._reader is not None  # noqa: S101
        try:
            line = await self._reader.readline()
        except ValueError:  # longer than the limit
            raise _Unreadable from None
        self._left -= len(line)
        if not line.endswith(b"\n"):
            raise _Closed
        if self._left < 0:
            raise _Unreadable
        return line

    async def command(self, text: str) -> _Reply:
        assert self._writer is not None  # noqa: S101
        self._writer.write(text.encode("ascii") + b"\r\n")
        await self._writer.drain()
        return await self.reply()

    async def hello(self, helo: str) -> _Reply:
        """EHLO, or HELO where that is not known; notes whether STARTTLS is offered."""
        answer = await self.command(f"EHLO {helo}")
        if answer.code // 100 == _PERMANENT and answer.code not in _REFUSALS:
            answer = await self.command(f"HELO {helo}")
        self.starttls = bool(self.starttls) or answer.offers("STARTTLS")
        return answer

    async def start_tls(self) -> None:
        """Go on encrypted; certificates are not checked, nothing secret is said."""
        assert self._writer is not None  # noqa: S101
        if (await self.command("STARTTLS")).code != _READY:
            raise _Unreadable
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        await self._writer.start_tls(context)

    async def leave(self, seconds: float) -> None:
        """RSET and QUIT, whatever comes of it; the answer is had already."""
        counted = self.last
        with contextlib.suppress(OSError, TimeoutError, _Closed, _Unreadable):
            async with asyncio.timeout(seconds):
                await self.command("RSET")
                await self.command("QUIT")
        self.last = counted

    def abort(self) -> None:
        """Let go of the connection at once; a peer that reads nothing must not keep us."""
        if self._writer is not None:
            self._writer.transport.abort()


def _mailbox() -> str:
    """Return a local part that nobody has."""
    return "w" + secrets.token_hex(8)


def _turned_away(reply: _Reply) -> ProbeOutcome:
    """Return the outcome of a refusal before any mailbox was named."""
    return ProbeOutcome.REFUSES if reply.code // 100 == _PERMANENT else ProbeOutcome.TIMEOUT


def _heard(replies: list[_Reply]) -> ProbeOutcome:
    """Return the outcome of the replies about two mailboxes together; "later" is no answer."""
    if all(reply.positive for reply in replies):
        return ProbeOutcome.ACCEPTS_ANY
    denials = [reply for reply in replies if reply.code // 100 == _PERMANENT]
    if not denials:
        return ProbeOutcome.TIMEOUT
    about_the_name = all(
        reply.code in _REFUSALS or any(_ENHANCED_POLICY.match(line) for line in reply.lines) for reply in denials
    )
    taken = any(reply.positive for reply in replies)
    return ProbeOutcome.REFUSES if about_the_name and not taken else ProbeOutcome.REJECTS_UNKNOWN
