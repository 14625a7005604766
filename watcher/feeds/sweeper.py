"""The existence sweep by feeds: what they name is there, what a complete zone lacks is not, the rest is asked for."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Iterable, Sequence
from datetime import timedelta
from itertools import islice
from pathlib import Path

from watcher.core.errors import ConfigurationError
from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Existence, Presence, Sweeper
from watcher.feeds.names import ExistingNames, read_existing

log = logging.getLogger(__name__)

FRESH = timedelta(hours=36)
"""A zone file older than that proves no absence any more: registries publish them daily."""
_AT_ONCE = 5_000
_SOURCE = "feed"


class FeedSweeper:
    """Satisfies `core.ports.Sweeper`. `otherwise` asks for what the feeds say nothing about; None: it is left out."""

    def __init__(self, names: ExistingNames, otherwise: Sweeper | None) -> None:
        self._names = names
        self._otherwise = otherwise

    async def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Every name once; without `otherwise` those that the feeds speak of."""
        drawn = iter(names)
        while some := list(islice(drawn, _AT_ONCE)):
            rest: list[Fqdn] = []
            for name in some:
                if name in self._names:
                    yield Existence(name, Presence.LOOK, Outcome.ANSWER, _SOURCE)
                elif self._names.denies(name):
                    yield Existence(name, Presence.ABSENT, Outcome.NXDOMAIN, _SOURCE)
                else:
                    rest.append(name)
            if rest and self._otherwise is not None:
                async for existence in self._otherwise.sweep(rest):
                    yield existence


class WatchedFiles:
    """The same over files that are read again when they change. Satisfies `core.ports.Sweeper`.

    A file that cannot be read, or is older than FRESH, says nothing: `otherwise` is asked, and the log tells.
    """

    def __init__(self, files: Sequence[Path], otherwise: Sweeper, clock: Clock) -> None:
        self._files = tuple(files)
        self._otherwise = otherwise
        self._clock = clock
        self._known: tuple[tuple[Path, float], ...] | None = None
        self._feed = FeedSweeper(read_existing(()), otherwise)
        self._turn = asyncio.Lock()

    async def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Every name once."""
        async with self._turn:
            await self._refresh()
        async for existence in self._feed.sweep(names):
            yield existence

    async def _refresh(self) -> None:
        fresh = tuple((file, changed) for file in self._files if (changed := self._changed(file)) is not None)
        if fresh == self._known:
            return
        self._known = fresh
        try:
            found = await asyncio.to_thread(read_existing, [file for file, _ in fresh])
        except ConfigurationError as error:
            log.warning("%s; the names are asked for instead", error)
            found = read_existing(())
        self._feed = FeedSweeper(found, self._otherwise)

    def _changed(self, file: Path) -> float | None:
        """When a file that is fresh enough was changed."""
        try:
            changed = file.stat().st_mtime
        except OSError:
            return None
        return changed if self._clock.now().timestamp() - changed <= FRESH.total_seconds() else None
