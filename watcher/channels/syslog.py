"""Syslog: each event as one message by RFC 5424, over TCP with octet counting (RFC 6587) or TLS (RFC 5425).

The message is CEF, ECS or OCSF. Syslog has no answer: what the connection took may still be lost on the way, and a
receiver may get an event twice. It knows it by its id.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Iterable
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from watcher import __version__
from watcher.channels.form import Means, Setting, word
from watcher.checks import VOCABULARY
from watcher.core.errors import ConfigurationError, DeliveryFailed, FailureReason
from watcher.core.events import Event
from watcher.core.mail.risk import Severity
from watcher.core.shapes.siem import cef_line, compact, ecs_json, ocsf_json
from watcher.core.shapes.times import time_json
from watcher.core.telling.alerts import Alert
from watcher.core.telling.hook_progress import HookProgress
from watcher.core.telling.story import story_of
from watcher.sections import Section

NAME = "syslog"

UNPROVEN = "syslog has no answer; look whether the line arrived"
"""`channels test` adds this."""

_SETTING = "alerts.syslog.address"
_FACILITY = 13  # log audit, RFC 5424 6.2.1
_LEVELS = {Severity.CRITICAL: 2, Severity.HIGH: 3, Severity.MEDIUM: 4, Severity.LOW: 5, Severity.INFO: 6}
_CLOSING = 2.0


class SyslogForm(StrEnum):
    """The form of the message."""

    CEF = "cef"
    ECS = "ecs"
    OCSF = "ocsf"


class SyslogSettings(Section):
    """Syslog over TCP or TLS, an event a message."""

    address: str | None = Field(default=None, description="`tls://siem.army.mil:6514` or `tcp://127.0.0.1:601`")
    form: SyslogForm = Field(default=SyslogForm.CEF, description="The message: ArcSight's CEF, Elastic's ECS, or OCSF")


class Syslog:
    """The receiver at `address`; `tls` replaces the system's trust. `timeout` in seconds. Raises ConfigurationError."""

    name = NAME
    every_event = True

    def __init__(
        self, *, address: str, form: SyslogForm, tls: ssl.SSLContext | None = None, timeout: float = 15.0
    ) -> None:
        try:
            parts = urlsplit(address.strip())
            port = parts.port
        except ValueError:
            raise ConfigurationError(_SETTING, "it looks like tls://siem.army.mil:6514") from None
        if parts.scheme not in {"tcp", "tls"} or not parts.hostname or parts.path not in {"", "/"}:
            raise ConfigurationError(_SETTING, "it looks like tls://siem.army.mil:6514 or tcp://127.0.0.1:601")
        self._host, self._port = parts.hostname, port or (6514 if parts.scheme == "tls" else 601)
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "tls" else None
        self._form = form
        self._timeout = timeout
        self._progress = HookProgress()

    def __repr__(self) -> str:
        return f"Syslog({self._host}:{self._port}, {self._form})"

    async def send(self, alert: Alert) -> None:
        """Return when the connection has taken every event, oldest first. Raises DeliveryFailed."""
        lines = {
            event.id: frame(event_line(event, self._form, alert.public_url), event)
            for event in sorted(alert.events, key=lambda event: event.id)
            if not self._progress.has(alert, event.id)
        }
        if not alert.events:
            lines[alert.id] = _test_frame(alert)
        await self._take(self._write(alert, lines))
        self._progress.end(alert)

    async def send_lines(self, lines: Iterable[tuple[Event, str]]) -> None:
        """Return when the connection has taken a message about each event. Raises DeliveryFailed."""
        framed = [frame(line, event) for event, line in lines]

        async def write() -> None:
            async with self._connected() as writer:
                for message in framed:
                    writer.write(message)
                    await writer.drain()

        await self._take(write())

    async def _take(self, writing: Awaitable[None]) -> None:
        """Await the writing within the time limit. Raises DeliveryFailed."""
        try:
            async with asyncio.timeout(self._timeout):
                await writing
        except TimeoutError:
            raise DeliveryFailed(
                f"syslog: not taken within {self._timeout:.0f} s", reason=FailureReason.TIMEOUT
            ) from None
        except ssl.SSLError as error:
            raise DeliveryFailed(
                f"syslog: TLS failed ({error.reason or type(error).__name__})", reason=FailureReason.UNREACHABLE
            ) from None
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise DeliveryFailed(f"syslog: cannot send ({why})", reason=FailureReason.UNREACHABLE) from None

    async def _write(self, alert: Alert, lines: dict[str, bytes]) -> None:
        async with self._connected() as writer:
            for part, line in lines.items():
                writer.write(line)
                await writer.drain()
                self._progress.accepted(alert, part)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[asyncio.StreamWriter]:
        """Open a connection, and at the end wait until the receiver has read all of it."""
        reader, writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
        try:
            yield writer
            if writer.can_write_eof():
                writer.write_eof()
                with suppress(TimeoutError):  # a receiver that keeps the connection open has taken it all the same
                    await asyncio.wait_for(reader.read(1), _CLOSING)
        finally:
            writer.close()
            with suppress(OSError, ssl.SSLError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), _CLOSING)


def event_line(event: Event, form: SyslogForm, public_url: str | None) -> str:
    """Return the message of an event in `form`."""
    link = None if not public_url or not event.name else f"{public_url.rstrip('/')}/names/{event.name}"
    said: dict[str, Any] = {"title": story_of(event, VOCABULARY).headline, "version": __version__, "link": link}
    match form:
        case SyslogForm.CEF:
            return cef_line(event, **said)
        case SyslogForm.ECS:
            return compact(ecs_json(event, **said))
        case SyslogForm.OCSF:
            return compact(ocsf_json(event, **said))


def frame(message: str, event: Event) -> bytes:
    """Return the message in its RFC 5424 header, with its length before it."""
    return _framed(message, event.severity, time_json(event.at) or "-", event.kind.value)


def _test_frame(alert: Alert) -> bytes:
    words = word(alert)
    return _framed(f"{words.subject}. {words.lead}", alert.severity, time_json(alert.created_at) or "-", "test")


def _framed(message: str, severity: Severity, at: str, kind: str) -> bytes:
    priority = _FACILITY * 8 + _LEVELS[severity]
    host = socket.gethostname().encode("ascii", "replace").decode()[:255] or "-"
    line = f"<{priority}>1 {at} {host} watcher - {kind} - {message}".encode("ascii", "backslashreplace")
    return f"{len(line)} ".encode() + line


SETTING = Setting(SyslogSettings, SyslogSettings())


def make(settings: SyslogSettings, means: Means) -> Syslog | None:  # noqa: ARG001 (every channel is made alike)
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    return None if settings.address is None else Syslog(address=settings.address, form=settings.form)
