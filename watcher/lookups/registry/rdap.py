"""One RDAP question to one server (RFC 7480, 9082), with everything a hostile server can send bounded."""

import asyncio
import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import urljoin, urlsplit

import aiohttp

from watcher.core.errors import LookupFailed
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.lookups.registry import text as registry_text
from watcher.lookups.registry.connecting import Gate, GatedResolver, NotGlobal
from watcher.lookups.registry.rdap_bootstrap import base_url
from watcher.lookups.registry.rdap_reader import error_code, read_domain, related_links
from watcher.lookups.registry.reply import RegistryReply, failed, packed, throttled
from watcher.lookups.registry.routes import origin

MOST_BYTES = 1024 * 1024
"""Of an answer, before and after decompression."""

_MOST_REDIRECTS = 3
_RDAP_JSON = "application/rdap+json"
_HTTPS = 443
_ACCEPT = "application/rdap+json, application/json;q=0.9"
_REDIRECTS = {301, 302, 303, 307, 308}
_SOURCE = RegistrationSource.RDAP


@dataclass(frozen=True, slots=True)
class Document:
    """An HTTP answer: status code, media type without parameters, headers that matter, decompressed body."""

    status: int
    media_type: str
    body: bytes
    retry_after: str | None = None
    etag: str | None = None


class Rdap:
    """The HTTP side of RDAP: https, no cookies, no proxies from the environment, no followed links.

    `timeout` (seconds) is for a whole question, redirects included. `proxy_of` gives the proxy for
    a URL; None: directly. Close it with `close`.
    """

    def __init__(
        self,
        clock: Clock,
        gate: Gate,
        *,
        timeout: float = 15.0,
        user_agent: str = "watcher",
        proxy_of: Callable[[str], str | None] = lambda url: None,  # noqa: ARG005
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._timeout = timeout
        self._user_agent = user_agent
        self._proxy_of = proxy_of
        self._opened: aiohttp.ClientSession | None = None

    async def ask(self, domain: Fqdn, server: str) -> RegistryReply:
        """Ask the server at base URL `server` about `domain` (A-labels); never raises for what the server did."""
        try:
            document = await self.fetch(urljoin(server, "domain/" + domain), accept=_ACCEPT, most=MOST_BYTES)
            return self._judge(document, domain)
        except LookupFailed as error:
            return failed(_SOURCE, self._clock.now(), f"RDAP: {error.cause}")

    async def ask_registrar(self, domain: Fqdn, url: str) -> RegistryReply:
        """Ask a registrar at `url`, a link of its registry's; never raises, and leads nowhere further."""
        try:
            reply = self._judge(await self.fetch(url, accept=_ACCEPT, most=MOST_BYTES), domain)
        except LookupFailed as error:
            return failed(_SOURCE, self._clock.now(), f"RDAP: {error.cause}")
        return replace(reply, registrar=None)

    def _registrar_link(self, document: object) -> str | None:
        """Return the first related link that may be followed: https on its own port, or what the operator trusts."""
        for href in related_links(document):
            if base_url(href, plain_http=True) is None:
                continue
            if self._gate.trusts(*origin(href)) or (href.startswith("https://") and origin(href)[1] == _HTTPS):
                return href
        return None

    async def fetch(self, url: str, *, accept: str, most: int, etag: str | None = None) -> Document:
        """Return the document at `url`, redirects on the same host followed; raises LookupFailed."""
        host = urlsplit(url).hostname or url
        try:
            async with asyncio.timeout(self._timeout):
                for _ in range(_MOST_REDIRECTS + 1):
                    document, location = await self._get(url, accept, most, etag)
                    if location is None:
                        return document
                    url = _redirected(url, location)
        except TimeoutError as error:
            raise LookupFailed(host, f"{host} did not answer within {self._timeout:g} s") from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise LookupFailed(host, f"{host}: {_cause(error)}") from error
        raise LookupFailed(host, f"{host} redirects without end")

    async def close(self) -> None:
        """Close all connections."""
        if self._opened is not None:
            await self._opened.close()

    def _session(self) -> aiohttp.ClientSession:
        """Return the one session, made in the running loop at first use."""
        if self._opened is None or self._opened.closed:
            self._opened = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=GatedResolver(self._gate), limit=32, limit_per_host=4),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=self._timeout),
            )
        return self._opened

    async def _get(self, url: str, accept: str, most: int, etag: str | None) -> tuple[Document, str | None]:
        """One exchange: the document, and where it redirects to."""
        parts = urlsplit(url)
        self._gate.check_literal(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        headers = {"Accept": accept, "Accept-Encoding": "gzip, identity", "User-Agent": self._user_agent}
        if etag is not None:
            headers["If-None-Match"] = etag
        async with self._session().get(
            url, headers=headers, allow_redirects=False, proxy=self._proxy_of(url)
        ) as response:
            location = response.headers.get("Location") if response.status in _REDIRECTS else None
            body = b"" if location is not None else await _read(response, most)
            document = Document(
                response.status,
                response.headers.get("Content-Type", "").partition(";")[0].strip().lower(),
                body,
                response.headers.get("Retry-After"),
                response.headers.get("ETag"),
            )
            return document, location

    def _judge(self, document: Document, domain: Fqdn) -> RegistryReply:
        """Return a reply from an HTTP answer; raises LookupFailed for what says nothing about the domain."""
        now = self._clock.now()
        match document.status:
            case HTTPStatus.OK:
                _require_json(document)
                content = _content(document)
                code = error_code(content)
                if code is not None and code != HTTPStatus.OK:
                    # Some servers put the error into a 200; trust the code as if it were the status.
                    return self._judge(Document(code, document.media_type, document.body), domain)
                facts = replace(read_domain(content, domain, now), raw=packed(document.body))
                return RegistryReply(facts, registrar=self._registrar_link(content))
            case HTTPStatus.NOT_FOUND:
                _require_registry_404(document)
                return RegistryReply(RegistrationFacts(RegistrationStatus.UNREGISTERED, _SOURCE, now))
            case HTTPStatus.TOO_MANY_REQUESTS:
                wait = registry_text.retry_after(document.retry_after, now)
                return throttled(_SOURCE, now, "RDAP: the server asks us to slow down (429)", wait)
            case HTTPStatus.SERVICE_UNAVAILABLE if document.retry_after is not None:
                wait = registry_text.retry_after(document.retry_after, now)
                return throttled(_SOURCE, now, "RDAP: the server is busy (503)", wait)
            case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
                raise LookupFailed("RDAP", f"the server does not accept the name ({document.status})")
            case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
                raise LookupFailed("RDAP", f"the server refuses us ({document.status})")
            case _:
                raise LookupFailed("RDAP", f"the server answered {document.status}")


async def _read(response: aiohttp.ClientResponse, most: int) -> bytes:
    """Return the body, at most `most` bytes on the wire and unpacked; raises LookupFailed beyond that."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity", "gzip", "x-gzip"}:
        raise LookupFailed("RDAP", "the answer has an encoding we did not ask for")
    unpack = zlib.decompressobj(wbits=31) if encoding.endswith("gzip") else None
    body = bytearray()
    received = 0
    async for chunk in response.content.iter_chunked(16384):
        received += len(chunk)
        try:
            body += chunk if unpack is None else unpack.decompress(chunk, most + 1 - len(body))
        except zlib.error as error:
            raise LookupFailed("RDAP", "the answer is broken (gzip)") from error
        if received > most or len(body) > most:
            raise LookupFailed("RDAP", f"the answer is longer than {most // 1024} KiB")
    if unpack is not None and body and not unpack.eof:
        raise LookupFailed("RDAP", "the answer is cut short (gzip)")
    return bytes(body)


def _redirected(url: str, location: str) -> str:
    """Return the target of a redirect; raises LookupFailed unless it stays on the same host and port, and on https."""
    before = urlsplit(url)
    target = urljoin(url, location[:2000])
    after = urlsplit(target)
    if base_url(target, plain_http=before.scheme == "http") is None:
        raise LookupFailed("RDAP", "the server redirects to no https address")
    if (after.scheme, after.hostname, after.port) != (before.scheme, before.hostname, before.port):
        raise LookupFailed("RDAP", "the server redirects to another host")
    return target


def _require_json(document: Document) -> None:
    if document.media_type.partition("/")[2].rpartition("+")[2] != "json":
        raise LookupFailed("RDAP", f"the answer is no JSON ({registry_text.clean(document.media_type, 40)})")


def _require_registry_404(document: Document) -> None:
    """Raise LookupFailed for a 404 that is no RDAP answer: it says that the path is wrong, not the name free.

    "Not found" is an empty body, the media type of RDAP, or JSON with `errorCode` 404 (RFC 7480 section 5.3, RFC 9083
    section 6). Everything else is a web server, a gateway or a moved base URL.
    """
    body = document.body.strip()
    if not body:
        return
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    code = error_code(content)
    if code == HTTPStatus.NOT_FOUND or (
        code is None and document.media_type == _RDAP_JSON and isinstance(content, dict)
    ):
        return
    if code is not None:
        raise LookupFailed("RDAP", f"the server answered 404 with error {code}")
    raise LookupFailed("RDAP", "the server answered 404 with something that is no RDAP: its base URL may have moved")


def _content(document: Document) -> object:
    try:
        return json.loads(document.body)
    except (ValueError, RecursionError) as error:
        raise LookupFailed("RDAP", "the answer is broken or cut short (JSON)") from error


def _cause(error: Exception) -> str:
    """Describe an exception of the transport in a few words, without what the server wrote."""
    match error:
        case aiohttp.ClientSSLError():
            return "its certificate is not valid"
        case aiohttp.ClientResponseError():
            return "its answer is no HTTP"
        case aiohttp.ClientPayloadError() | aiohttp.ServerDisconnectedError():
            return "the answer is cut short"
        case OSError() if isinstance(getattr(error, "os_error", error), NotGlobal):
            return "it has no global address"
        case OSError():
            return "no connection" + (f" ({error.strerror})" if error.strerror else "")
        case _:
            return type(error).__name__
