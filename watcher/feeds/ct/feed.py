"""The feed of certificate logs: the logs of a list that is refreshed daily, or one log."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from watcher.core.errors import FeedFailed
from watcher.core.ports import CertificateLog, Clock
from watcher.feeds.ct.heads import LogKey
from watcher.feeds.ct.log_list import MOST_LIST_BYTES, KnownLog, read_log_list
from watcher.feeds.ct.logs import CATCH_UP, Rfc6962Log, StaticLog
from watcher.feeds.fetching import LOOPBACK, Fetcher, Proxy, check_address, directly, fetching

LIST_URL = "https://www.gstatic.com/ct/log_list/v3/log_list.json"
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_NOT_THERE = frozenset({400, 403, 404, 405, 410})


@dataclass(slots=True)
class CertificateFeed:
    """Logs by a list at `list_url`, in `list_file`, or bundled; or the one at `log_url`, whose `key` is known or not.

    `kept` is where a fetched list is kept. `bundled` is used while there is none.
    """

    user_agent: str
    clock: Clock
    bundled: bytes
    kept: Path
    list_url: str | None = LIST_URL
    list_file: Path | None = None
    log_url: str | None = None
    key: LogKey | None = None
    catch_up: int = CATCH_UP
    proxy: Proxy = directly
    kind: str = "ct"
    _logs: dict[str, KnownLog] = field(default_factory=dict)
    _with_names: dict[str, bool | None] = field(default_factory=dict)
    _static: bool | None = None
    _tried_at: datetime | None = None

    @asynccontextmanager
    async def logs(self) -> AsyncIterator[list[CertificateLog]]:
        """Give the logs to read now; their connections end with the context. Raises FeedFailed."""
        async with fetching(self.user_agent, proxy=self.proxy) as fetcher:
            if self.log_url is not None:
                yield [await self._one(self.log_url.rstrip("/") + "/", fetcher)]
                return
            made = [self._made(log, fetcher) for log in await self._listed(fetcher)]
            yield made
            for log in made:
                if isinstance(log, StaticLog):
                    self._with_names[log.url] = log.names

    def _made(self, log: KnownLog, fetcher: Fetcher) -> CertificateLog:
        if not log.tiled:
            return Rfc6962Log(log.name, log.url, fetcher, log.key, self.catch_up)
        return StaticLog(log.name, log.url, fetcher, log.key, self.catch_up, self._with_names.get(log.url))

    async def _one(self, url: str, fetcher: Fetcher) -> CertificateLog:
        """Return the log at an address: a static one where it has a checkpoint."""
        check_address(url)
        name = url.partition("://")[2].rstrip("/")
        if self._static is None:
            try:
                await fetcher.get(f"{url}checkpoint", most=1 << 16)
            except FeedFailed as error:
                if error.status not in _NOT_THERE:
                    raise
                self._static = False
            else:
                self._static = True
        if self._static:
            return StaticLog(name, url, fetcher, self.key, self.catch_up)
        return Rfc6962Log(name, url, fetcher, self.key, self.catch_up)

    async def _listed(self, fetcher: Fetcher) -> list[KnownLog]:
        now = self.clock.now()
        if self.list_file is not None:
            try:
                return read_log_list(await asyncio.to_thread(self.list_file.read_bytes), now)
            except OSError as error:
                raise FeedFailed(f"{self.list_file} cannot be read: {error.strerror}") from error
        raw = await self._refreshed(fetcher)
        logs = read_log_list(raw, now)
        if self.list_url is None or check_address(self.list_url) not in LOOPBACK:
            logs = [log for log in logs if log.url.startswith("https://")]
        return logs

    async def _refreshed(self, fetcher: Fetcher) -> bytes:
        """Return the list of today; that of an earlier day where none can be had."""
        now = self.clock.now()
        try:
            known = await asyncio.to_thread(self.kept.read_bytes)
            age = now.timestamp() - self.kept.stat().st_mtime
        except OSError:
            known, age = self.bundled, _DAY.total_seconds()
        if self.list_url is None or age < _DAY.total_seconds() or (self._tried_at and now - self._tried_at < _HOUR):
            return known
        self._tried_at = now
        try:
            raw = await fetcher.get(self.list_url, most=MOST_LIST_BYTES)
            read_log_list(raw, now)
        except FeedFailed:
            if not known:
                raise
            return known
        await asyncio.to_thread(self._keep, raw)
        return raw

    def _keep(self, raw: bytes) -> None:
        self.kept.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.kept.with_suffix(".new")
        fresh.write_bytes(raw)
        fresh.replace(self.kept)
