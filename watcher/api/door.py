"""Admission of connections: so many at once and no more, and each has to ask something soon.

Every connection holds a descriptor of the process. Without this, whoever can reach the port takes them all by saying
nothing, and then the watch itself opens no socket any more.
"""

import asyncio
from http import HTTPStatus
from weakref import WeakSet

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError, LineTooLong
from aiohttp.typedefs import Middleware

from watcher.api.guard import HEADERS
from watcher.api.problems import Handler, Problem, response

MOST = 500
"""Of the 1,024 descriptors that a process usually has; the streams and pages of a large team take three hundred."""
PATIENCE_SECONDS = 30.0


UNPACKS = False
"""Bodies stay packed: a client that shows no token must not make us unpack gigabytes."""


class _Conversation(web.RequestHandler):
    """A connection that answers what is no HTTP, or too long, with a problem document too."""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = HTTPStatus.INTERNAL_SERVER_ERROR,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the response to what could not be parsed; anything else is aiohttp's to answer."""
        if not isinstance(exc, HttpProcessingError) or request.writer.output_size > 0:
            return super().handle_error(request, status, exc, message)
        refused = response(_unreadable(exc))
        refused.headers.update(HEADERS)
        refused.force_close()
        return refused


def _unreadable(error: HttpProcessingError) -> Problem:
    if isinstance(error, LineTooLong):
        return Problem(HTTPStatus.REQUEST_URI_TOO_LONG, "too_long", "the request line or a header is too long")
    return Problem(HTTPStatus.BAD_REQUEST, "not_http", "this is no HTTP request that can be read")


class Door:
    """Entrance for at most `most` connections; one that has asked nothing within `patience` seconds is closed.

    `asked` is a middleware that the application must have: it tells the door that a connection did ask something.
    """

    def __init__(self, most: int = MOST, patience: float = PATIENCE_SECONDS) -> None:
        self._most = most
        self._patience = patience
        self._known: WeakSet[asyncio.BaseTransport] = WeakSet()

    @property
    def asked(self) -> Middleware:
        """Notes that the connection of a request is of use."""

        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.transport is not None:
                self._known.add(request.transport)
            return await handler(request)

        return note

    async def listen(self, server: web.Server, host: str, port: int) -> asyncio.Server:
        """Serve on this address until what is returned is closed. Raises OSError."""
        return await asyncio.get_running_loop().create_server(lambda: _Threshold(self, server), host, port)

    def met(self, server: web.Server, transport: asyncio.Transport) -> None:
        """Hand a new connection over to the server, or close it."""
        if len(server.connections) >= self._most:
            transport.abort()
            return
        protocol = _Conversation(server, loop=asyncio.get_running_loop(), auto_decompress=UNPACKS)
        transport.set_protocol(protocol)
        protocol.connection_made(transport)
        asyncio.get_running_loop().call_later(self._patience, self._look, transport)

    def _look(self, transport: asyncio.Transport) -> None:
        """Close a connection that has asked nothing so far."""
        if transport not in self._known:
            transport.abort()


class _Threshold(asyncio.Protocol):
    """Protocol of a connection until it is let in: many are accepted before any of them counts as connected."""

    def __init__(self, door: Door, server: web.Server) -> None:
        self._door = door
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let the connection in, or close it."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 (TCP)
        self._door.met(self._server, transport)
