"""The common part of all channels that speak HTTP: one POST, bounded in time and size, that follows no redirect.

The address is checked where it is connected to: whoever controls the DNS of a receiver must not be able to turn our
posts to the metadata service of a cloud, or to whatever answers link-locally.
"""

import io
import json
import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from watcher.channels.form import Proxy
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected, FailureReason
from watcher.core.names.addresses import may_be_posted_to

_ANSWER_BYTES = 64 * 1024
_LONGEST_WAIT = timedelta(hours=1)

Admits = Callable[[str], bool]
"""Whether we may connect to an address."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of the far side; `retry_after` is the wait it asks for, at most an hour, None without one."""

    status: int
    retry_after: timedelta | None
    text: str

    @property
    def accepted(self) -> bool:
        """Return whether the status says so (RFC 9110 15.3)."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def member(self, key: str) -> Any:
        """A member of the object that the text is in JSON; None when it is none, or has no such member."""
        try:
            answer = json.loads(self.text)
        except (ValueError, RecursionError):
            return None
        return answer.get(key) if isinstance(answer, dict) else None


class NotAdmitted(OSError):
    """A name has no address that may be connected to; `address` is one that may not."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} leads to {address}")
        self.address = address


class CheckedResolver(AbstractResolver):
    """The system's addresses of a name, without those that `admits` refuses."""

    def __init__(self, admits: Admits, system: AbstractResolver | None = None) -> None:
        self._admits = admits
        self._system = system or aiohttp.ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the admitted addresses. Raises NotAdmitted where all are others, OSError where there are none."""
        found = await self._system.resolve(host, port, family)
        admitted = [item for item in found if self._admits(item["host"])]
        if found and not admitted:
            raise NotAdmitted(host, found[0]["host"])
        return admitted

    async def close(self) -> None:
        """End the system's resolver."""
        await self._system.close()


class Poster:
    """Posts to `url` for the channel `name`; `setting` is where the URL came from, `timeout` that of one post.

    `admits` judges addresses, `system` resolves names (None: as the machine does). The URL is taken for a secret: it is
    in no message, representation or traceback. Raises ConfigurationError for a URL that cannot be used.
    """

    def __init__(
        self,
        name: str,
        url: str,
        *,
        setting: str,
        example: str,
        timeout: float,
        proxy: Proxy | None = None,
        admits: Admits = may_be_posted_to,
        system: AbstractResolver | None = None,
    ) -> None:
        self._name = name
        self._url = url.strip()
        self._admits = admits
        self._system = system
        self._proxy = None if proxy is None else proxy.of(self._url)
        self._setting = setting
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        host = _host(self._url)
        if host is None:
            raise ConfigurationError(setting, f"not a URL; it looks like {example}")
        if _is_literal(host) and not admits(host):
            raise ConfigurationError(setting, f"nothing is posted to {host}; name the receiver's own address")

    async def post(self, data: bytes, headers: Mapping[str, str], path: str = "") -> Reply:
        """Post to the URL, `path` added to it, and return the answer. Raises DeliveryFailed where none came."""
        resolver = CheckedResolver(self._admits, self._system)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=self._timeout, connector=aiohttp.TCPConnector(resolver=resolver, use_dns_cache=False)
                ) as session,
                session.post(
                    self._url + path,
                    data=io.BytesIO(data),
                    headers={"User-Agent": "watcher", **headers},
                    allow_redirects=False,
                    proxy=self._proxy,
                ) as response,
            ):
                text = await _bounded(response)
                return Reply(response.status, wait(response.headers.get("Retry-After")), text)
        except TimeoutError:
            raise DeliveryFailed(
                f"{self._name}: no answer within {self._timeout.total:.0f} s", reason=FailureReason.TIMEOUT
            ) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            # the library's messages may hold the URL, which is the secret: only the sort of error is told
            raise DeliveryFailed(f"{self._name}: {self._sort_of(error)}", reason=FailureReason.UNREACHABLE) from None
        finally:
            await resolver.close()

    def _sort_of(self, error: Exception) -> str:
        """Return the sort of a connection error in words, with nothing of the URL in it."""
        cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
        if isinstance(cause, NotAdmitted):
            return (
                f"the server's name leads to {cause.address}, where nothing is posted; mend its DNS or {self._setting}"
            )
        match error:
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
                return "the server's certificate is not trusted"
            case aiohttp.ClientConnectorDNSError():
                return "the server's name cannot be resolved"
            case aiohttp.ClientConnectorError():
                # asyncio's own words hold the address
                number = error.os_error.errno
                return f"cannot connect ({os.strerror(number) if number else type(error.os_error).__name__})"
            case aiohttp.ServerDisconnectedError():
                return "the server closed the connection"
            case _:
                return type(error).__name__


TOO_LONG = frozenset({400, 413, 422})
"""Statuses by which receivers refuse a message for its length or its form."""

_GONE = frozenset({404, 410})


def reason_of(status: int) -> FailureReason:
    """Return the reason that an HTTP status stands for."""
    match status:
        case 401 | 403 | 407:
            return FailureReason.AUTH
        case 429:
            return FailureReason.RATE_LIMITED
        case _ if 400 <= status < 500:  # noqa: PLR2004 (RFC 9110 15.5)
            return FailureReason.CLIENT
        case _:
            return FailureReason.SERVER


def judge(name: str, reply: Reply) -> None:
    """Return where the receiver accepted the message. Raises DeliveryFailed, DeliveryRejected.

    A message that is refused for what it holds (400, 413, 422) is never sent again. A receiver that is gone or wants
    another key is for the operator to mend. Everything else may be a proxy's or a moment's answer and is tried again.
    """
    if reply.accepted:
        return
    why, reason = f"{name}: not accepted (status {reply.status})", reason_of(reply.status)
    if reply.status in TOO_LONG:
        raise DeliveryRejected(why, reason=reason)
    if reply.status in _GONE or reason is FailureReason.AUTH:
        raise DeliveryRejected(why, mendable=True, reason=reason)
    raise DeliveryFailed(why, reply.retry_after, reason=reason)


async def post_or_short(poster: Poster, body: bytes, short: bytes, headers: Mapping[str, str]) -> Reply:
    """Post `body`; where it is refused for its length or form, post `short` once. Return the last answer."""
    reply = await poster.post(body, headers)
    return await poster.post(short, headers) if reply.status in TOO_LONG else reply


def wait(retry_after: str | None) -> timedelta | None:
    """Return the wait in Retry-After (seconds or a date, RFC 9110 10.2.3), at most an hour; None when it says none."""
    if not retry_after:
        return None
    text = retry_after.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return min(max(at - datetime.now(UTC), timedelta()), _LONGEST_WAIT)


def _host(url: str) -> str | None:
    """Return the host of an http(s) URL; None when it is none that can be used."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"https", "http"} and (parts.port is None or parts.port > 0)
    except ValueError:
        return None
    return parts.hostname if usable and re.fullmatch(r"[\x21-\x7e]+", url) else None


def _is_literal(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except OSError:
        return False
    return True


async def _bounded(response: aiohttp.ClientResponse) -> str:
    """Return the answer's text, at most `_ANSWER_BYTES` of it."""
    data = b""
    async for chunk in response.content.iter_any():
        data += chunk
        if len(data) >= _ANSWER_BYTES:
            break
    return data[:_ANSWER_BYTES].decode("utf-8", errors="replace")
