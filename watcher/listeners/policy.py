"""The Postfix policy service: answers `check_policy_service` over TCP or a Unix socket.

A request is lines of `name=value` and an empty line, the reply `action=...` and an empty line; a connection carries
many. Only recipients at the state RCPT are judged. All else, what is malformed and what goes wrong inside, is DUNNO:
this service never stops mail because it fails. Connections are held as long as the mail server wants them; those that
never finish a request are closed, and when there are too many the one that was idle longest makes room.
"""

import asyncio
import contextlib
import logging
import os
import socket
import stat
import time
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from watcher.core.blocking.answer import PolicyAnswer
from watcher.core.errors import ConfigurationError, WatcherError
from watcher.services.blocking.recipient_policy import RecipientPolicy, RecipientQuestion

_LONGEST = 65_536
"""Bytes of a request: attributes are as long as the mail server's lines at most."""
_HALF_OPEN_SECONDS = 30.0
_SWEEP_SECONDS = 5.0
_MOST_CONNECTIONS = 4_000
_SPARE_FILES = 200
_DUNNO = b"action=DUNNO\n\n"

log = logging.getLogger(__name__)

Observe = Callable[[str, float], None]
"""Called for each answered request: what it was (`judged`, `other`, `malformed`), and the seconds it took."""


class PolicyListener:
    """Listens until `close`. `observe` is for metrics."""

    def __init__(
        self,
        policy: RecipientPolicy,
        *,
        observe: Observe = lambda kind, seconds: None,  # noqa: ARG005 (what the names mean)
        most: int = _MOST_CONNECTIONS,
    ) -> None:
        self.policy = policy
        self.observe = observe
        self._most = most
        self._open: OrderedDict[_Connection, None] = OrderedDict()
        self._server: asyncio.Server | None = None
        self._sweeper: asyncio.Task[None] | None = None
        self._path: Path | None = None

    def __len__(self) -> int:
        return len(self._open)

    @property
    def port(self) -> int | None:
        """The TCP port that is listened on."""
        if self._server is None or self._path is not None:
            return None
        return int(self._server.sockets[0].getsockname()[1])

    async def listen(self, where: str) -> None:
        """Listen on `ADDR:PORT` or `unix:PATH`. Raises ConfigurationError, and WatcherError where that is taken."""
        loop = asyncio.get_running_loop()
        self._most = min(self._most, _files_allowed() - _SPARE_FILES)
        try:
            if where.startswith(("unix:", "/")):
                self._path = Path(where.removeprefix("unix:"))
                await asyncio.to_thread(_remove_stale, self._path)
                self._server = await loop.create_unix_server(self._connection, str(self._path), backlog=1024)
                self._path.chmod(0o666)
            else:
                host, port = listen_address(where)
                self._server = await loop.create_server(self._connection, host, port, backlog=1024)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise WatcherError(f"cannot listen on {where}: {why}; set another policy.listen") from error
        self._sweeper = asyncio.create_task(self._close_half_open())

    async def close(self) -> None:
        """Stop listening and close every connection."""
        if self._sweeper is not None:
            self._sweeper.cancel()
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.drop()
        await asyncio.sleep(0)  # the loop closes what was dropped
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _connection(self) -> "_Connection":
        return _Connection(self)

    def opened(self, connection: "_Connection") -> None:
        """Hold a connection; the one that was idle longest makes room where there are too many."""
        self._open[connection] = None
        if len(self._open) > self._most:
            idle, _ = self._open.popitem(last=False)
            idle.drop()

    def used(self, connection: "_Connection") -> None:
        """Note that the connection is in use."""
        if connection in self._open:
            self._open.move_to_end(connection)

    def closed(self, connection: "_Connection") -> None:
        """Let go of the connection."""
        self._open.pop(connection, None)

    async def _close_half_open(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            before = time.monotonic() - _HALF_OPEN_SECONDS
            for connection in [
                item for item in self._open if item.waits_since is not None and item.waits_since < before
            ]:
                connection.drop()


class _Connection(asyncio.Protocol):
    """One connection. `waits_since`: when the request that is not whole yet began."""

    def __init__(self, listener: PolicyListener) -> None:
        self.waits_since: float | None = None
        self._listener = listener
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._task: asyncio.Task[None] | None = None
        self._full = False
        self._ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (of a stream)
        self._transport = transport
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family in {socket.AF_INET, socket.AF_INET6}:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._listener.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (the protocol's signature)
        self._transport = None
        self._listener.closed(self)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        self._go_on()

    def eof_received(self) -> bool:
        """The other side asks no more (as Exim does at once): answer what it asked, then close."""
        self._ended = True
        return self._task is not None

    def pause_writing(self) -> None:
        """The other side does not read: take no more requests from it."""
        self._full = True
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        self._full = False
        if self._transport is not None:
            self._transport.resume_reading()
        self._go_on()

    def drop(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _go_on(self) -> None:
        """Answer every whole request in the buffer, in order."""
        buffer, listener = self._buffer, self._listener
        while self._task is None and not self._full and self._transport is not None:
            end = buffer.find(b"\n\n")
            if end < 0:
                break
            request, buffer = buffer[:end], buffer[end + 2 :]
            self._buffer = buffer
            started = time.perf_counter()
            question = _question(request)
            if question is None:
                self._transport.write(_DUNNO)
                listener.observe("other" if b"request=smtpd_access_policy" in request else "malformed", 0.0)
                continue
            answer = listener.policy.at_once(question)
            if answer is None:
                self._task = asyncio.create_task(self._compare(question, started))
                break
            self._reply(answer, started)
        listener.used(self)
        if not self._buffer:
            self.waits_since = None
        elif self.waits_since is None:
            self.waits_since = time.monotonic()
        if len(self._buffer) > _LONGEST and b"\n\n" not in self._buffer and self._transport is not None:
            self._transport.write(_DUNNO)  # no request of a mail server is so long
            listener.observe("malformed", 0.0)
            self._transport.close()
            self._buffer = b""

    async def _compare(self, question: RecipientQuestion, started: float) -> None:
        answer = await self._listener.policy.compared(question)
        self._reply(answer, started)
        self._task = None
        self._go_on()
        if self._ended:
            self._close_when_done()

    def _close_when_done(self) -> None:
        if self._task is None and self._transport is not None:
            self._transport.close()

    def _reply(self, answer: PolicyAnswer, started: float) -> None:
        if self._transport is not None:
            self._transport.write(b"action=%s\n\n" % answer.reply.encode("ascii", "replace"))
        self._listener.observe("judged", time.perf_counter() - started)


def _question(request: bytes) -> RecipientQuestion | None:
    """Return what a request asks about; None for anything but a recipient at the state RCPT."""
    lines = b"\n" + request + b"\n"
    if _value(lines, b"request") != b"smtpd_access_policy" or _value(lines, b"protocol_state") != b"RCPT":
        return None
    recipient = _value(lines, b"recipient")
    if not recipient:
        return None
    sender = _value(lines, b"sender")
    if sender:
        sender = _value(lines, b"sasl_username") + b" " + sender
    try:
        text = recipient.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return RecipientQuestion(text, sender.decode("utf-8", "replace"), _value(lines, b"instance").decode("latin-1"))


def _value(lines: bytes, name: bytes) -> bytes:
    """The value of the first attribute of that name; empty where there is none."""
    start = lines.find(b"\n%s=" % name)
    if start < 0:
        return b""
    start += len(name) + 2
    return lines[start : lines.find(b"\n", start)]


def listen_address(text: str) -> tuple[str, int]:
    """Return the address and port of `ADDR:PORT`. Raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 (the last port)
        raise ConfigurationError("policy.listen", f"{text!r} is neither ADDR:PORT nor unix:PATH")
    return host, int(port)


def _remove_stale(path: Path) -> None:
    """Remove a socket that nobody listens on any more. Raises OSError where somebody does, or it is no socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FileExistsError(17, "it exists and is no socket")
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink()
            return
    raise OSError(98, "in use")


def _files_allowed() -> int:
    """Ask for as many open files as this process may have; return how many it may open."""
    import resource  # noqa: PLC0415 (Unix only)

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        soft = hard
    return 1_000_000 if soft == resource.RLIM_INFINITY else soft
