"""ICANN's Centralized Zone Data Service as a feed: one zone, at most one download a day.

The token is good for a day and kept among the feeds' files: asking for one is limited strictly, for all zones together.
The head of a zone file is asked for first, and the file only where that shows another one.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from watcher.core.errors import FeedFailed
from watcher.core.ports import Clock, Fetched
from watcher.feeds.fetching import Proxy, check_address, directly, wait_of
from watcher.feeds.sources import MOST_BYTES, zone_fetched

ACCOUNT_URL = "https://account-api.icann.org"
API_URL = "https://czds-api.icann.org"
_TOKEN_LASTS = timedelta(hours=23)
_BETWEEN_TOKENS = timedelta(minutes=10)
_MOST_LINKS = 4 << 20
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 200, 401, 403, 404, 429


@dataclass(frozen=True, slots=True)
class CzdsAccount:
    """An account, with the file that keeps its token; all zones of the account share it."""

    username: str
    password: str
    kept: Path
    clock: Clock
    turn: asyncio.Lock
    url: str = ACCOUNT_URL
    proxy: Proxy = directly

    async def token(self, session: aiohttp.ClientSession, *, refused: str | None = None) -> str:
        """Return the token that is kept, or a new one where there is none, or it is the one that was refused."""
        async with self.turn:
            known, at = await asyncio.to_thread(self._read)
            now = self.clock.now().timestamp()
            if known and known != refused and now - at < _TOKEN_LASTS.total_seconds():
                return known
            if now - at < _BETWEEN_TOKENS.total_seconds():
                raise FeedFailed("CZDS refuses a fresh token, or gave none: it is asked again in ten minutes")
            await asyncio.to_thread(self._keep, "")
            found = await self._authenticate(session)
            await asyncio.to_thread(self._keep, found)
            return found

    async def _authenticate(self, session: aiohttp.ClientSession) -> str:
        host = check_address(self.url)
        body = {"username": self.username, "password": self.password}
        url = f"{self.url.rstrip('/')}/api/authenticate"
        async with session.post(url, json=body, allow_redirects=False, proxy=self.proxy(url)) as response:
            if response.status == _UNAUTHORIZED:
                raise FeedFailed(f"{host} does not accept the account's name and password")
            if response.status != _OK:
                raise FeedFailed(f"{host} answered {response.status} to the request for a token")
            try:
                token = json.loads(await response.content.read(1 << 16))["accessToken"]
            except (ValueError, KeyError, TypeError) as error:
                raise FeedFailed(f"{host} gave no token") from error
        if not isinstance(token, str) or not token.isascii() or any(sign.isspace() for sign in token):
            raise FeedFailed(f"{host} gave what is no token")
        return token

    def _read(self) -> tuple[str, float]:
        try:
            kept = json.loads(self.kept.read_text(encoding="ascii"))
            return (kept["token"] if kept["username"] == self.username else "", float(kept["at"]))
        except (OSError, ValueError, KeyError, TypeError):
            return "", 0.0

    def _keep(self, token: str) -> None:
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"username": self.username, "token": token, "at": self.clock.now().timestamp()})
        handle = os.open(self.kept, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(text)


@dataclass(frozen=True, slots=True)
class CzdsFeed:
    """One zone of an account."""

    account: CzdsAccount
    zone: str
    user_agent: str
    url: str = API_URL
    proxy: Proxy = directly
    timeout: float = 4 * 3600.0
    kind: str = "czds"
    waits: bool = False

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """As the port says; the position is the date and size of the file, and when it was downloaded."""
        kept = _Kept.read(position)
        if kept is not None and kept.downloaded_on == self._today():
            return None  # the terms of use: at most one download a day
        try:
            async with aiohttp.ClientSession(
                trust_env=False,
                timeout=aiohttp.ClientTimeout(total=self.timeout, sock_read=120),
                headers={"User-Agent": self.user_agent, "Accept-Encoding": "identity"},
                auto_decompress=False,
            ) as session:
                found = await self._download(session, kept, Path(scratch))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FeedFailed(f"CZDS: {type(error).__name__}: {error}"[:200]) from error
        return None if found is None else zone_fetched(Path(scratch), self.zone, found.written())

    def _today(self) -> str:
        return f"{self.account.clock.now():%Y-%m-%d}"

    async def _download(self, session: aiohttp.ClientSession, kept: "_Kept | None", scratch: Path) -> "_Kept | None":
        """Write the file to `scratch`; None where it is the one that `kept` tells of."""
        link = await self._link(session)
        async with await self._asked(session, "HEAD", link) as response:
            head = _Kept(response.headers.get("Last-Modified", ""), response.headers.get("Content-Length", ""), "")
        if kept is not None and head.modified and (head.modified, head.size) == (kept.modified, kept.size):
            return None
        async with await self._asked(session, "GET", link) as response:
            await _save(response, scratch)
        return _Kept(head.modified, head.size, self._today())

    async def _link(self, session: aiohttp.ClientSession) -> str:
        """Return the address of the zone's file among the links of the account."""
        async with await self._asked(session, "GET", f"{self.url.rstrip('/')}/czds/downloads/links") as response:
            raw = await response.content.read(_MOST_LINKS)
        try:
            links = [str(link) for link in json.loads(raw)]
        except (ValueError, TypeError) as error:
            raise FeedFailed("CZDS gave no list of links") from error
        ours = urlsplit(self.url)
        for link in links:
            parts = urlsplit(link)
            at_home = (parts.scheme, parts.netloc) == (ours.scheme, ours.netloc)
            if at_home and parts.path.lower().endswith(f"/{self.zone}.zone"):
                return link
        approved = ", ".join(sorted(link.rpartition("/")[2].removesuffix(".zone")[:60] for link in links)[:5])
        raise FeedFailed(
            f"the account may not download {self.zone}: ask for it in CZDS; it has {approved or 'no zone'}"
        )

    async def _asked(self, session: aiohttp.ClientSession, method: str, url: str) -> aiohttp.ClientResponse:
        """Return the answer, which the caller closes; a token that is over is renewed once."""
        check_address(url)
        token: str | None = None
        for _ in range(2):
            token = await self.account.token(session, refused=token)
            headers = {"Authorization": f"Bearer {token}"}
            response = await session.request(method, url, headers=headers, allow_redirects=False, proxy=self.proxy(url))
            if response.status == _OK:
                return response
            response.close()
            if response.status != _UNAUTHORIZED:
                break
        if response.status in {_TOO_MANY, 503}:
            wait = wait_of(response.headers.get("Retry-After"))
            raise FeedFailed(f"CZDS asks to wait for {wait:.0f} s", retry_after=wait)
        why = {
            _UNAUTHORIZED: "refuses its own new token",
            _FORBIDDEN: f"does not let this account have {self.zone}: the approval lapsed, or the terms changed",
            _NOT_FOUND: f"has no file of {self.zone} now",
        }
        raise FeedFailed(f"CZDS {why.get(response.status, f'answered {response.status}')}", status=response.status)


@dataclass(frozen=True, slots=True)
class _Kept:
    """The file that was taken last."""

    modified: str
    size: str
    downloaded_on: str

    @classmethod
    def read(cls, position: str | None) -> "_Kept | None":
        try:
            return None if position is None else cls(*json.loads(position))
        except (ValueError, TypeError):
            return None

    def written(self) -> str:
        return json.dumps([self.modified, self.size, self.downloaded_on])


async def _save(response: aiohttp.ClientResponse, scratch: Path) -> None:
    expected = response.headers.get("Content-Length")
    size = 0
    with scratch.open("wb") as file:
        async for chunk in response.content.iter_chunked(1 << 20):
            size += len(chunk)
            if size > MOST_BYTES:
                raise FeedFailed("the download is larger than 8 GiB")
            await asyncio.to_thread(file.write, chunk)
    if expected is not None and expected.isdigit() and size != int(expected):
        raise FeedFailed(f"the download broke off after {size} of {expected} bytes")
