"""HTTP for feeds that are asked often: one answer at a time from each server, bounded, and no sooner than it wishes."""

import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import aiohttp

from watcher.core.errors import FeedFailed

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_OK, _TOO_MANY, _UNAVAILABLE = 200, 429, 503
_LONGEST_WAIT = 3600.0
_USUAL_WAIT = 60.0
_GZIP = b"\x1f\x8b"


Proxy = Callable[[str], str | None]
"""Gives the proxy for an address; None: directly."""


def directly(_: str) -> None:
    """Give no proxy."""


@dataclass(frozen=True, slots=True)
class Fetcher:
    """Fetches small files over https; over plain http from this machine alone."""

    session: aiohttp.ClientSession
    proxy: Proxy = directly

    async def get(self, url: str, *, most: int, headers: Mapping[str, str] | None = None) -> bytes:
        """Return the body, unpacked. Raises FeedFailed; `retry_after` says when a server wishes to be asked again."""
        host = check_address(url)
        try:
            async with self.session.get(url, headers=headers, allow_redirects=False, proxy=self.proxy(url)) as response:
                if response.status in {_TOO_MANY, _UNAVAILABLE}:
                    wait = wait_of(response.headers.get("Retry-After"))
                    raise FeedFailed(f"{host} asks to wait for {wait:.0f} s", retry_after=wait)
                if response.status != _OK:
                    raise FeedFailed(f"{host} answered {response.status}", status=response.status)
                raw = bytearray()
                async for chunk in response.content.iter_chunked(1 << 16):
                    raw += chunk
                    if len(raw) > most:
                        raise FeedFailed(f"{host} answered more than {most} bytes")
        except (aiohttp.ClientError, TimeoutError, OSError, zlib.error) as error:
            raise FeedFailed(f"{host}: {type(error).__name__}: {error}"[:200]) from error
        return _unpacked(bytes(raw), most, host)


@asynccontextmanager
async def fetching(user_agent: str, *, proxy: Proxy = directly, seconds: float = 30.0) -> AsyncIterator[Fetcher]:
    """Give a fetcher, whose connections end with the context."""
    async with aiohttp.ClientSession(
        trust_env=False,
        timeout=aiohttp.ClientTimeout(total=seconds),
        headers={"User-Agent": user_agent, "Accept-Encoding": "gzip, identity"},
    ) as session:
        yield Fetcher(session, proxy)


def check_address(url: str) -> str:
    """Return the host of an address. Raises FeedFailed unless it is https, or leads to this machine."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK):
        raise FeedFailed("only https addresses are fetched")
    return host


def wait_of(header: str | None) -> float:
    """Return the seconds that a `Retry-After` asks for, an hour at most."""
    if header is None:
        return _USUAL_WAIT
    if header.strip().isdigit():
        return min(float(header.strip()[:9]), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(header)
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return _USUAL_WAIT
    return min(max(seconds, 1.0), _LONGEST_WAIT)


def _unpacked(raw: bytes, most: int, host: str) -> bytes:
    """Return the same without the packing that some servers leave to the reader."""
    if raw[:2] != _GZIP:
        return raw
    unpacking = zlib.decompressobj(wbits=31)
    try:
        made = unpacking.decompress(raw, most + 1)
    except zlib.error as error:
        raise FeedFailed(f"{host} answered what does not unpack") from error
    if len(made) > most:
        raise FeedFailed(f"{host} answered more than {most} bytes, unpacked")
    if not unpacking.eof:
        raise FeedFailed(f"{host} answered what ends too early")
    return made
