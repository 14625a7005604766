"""Logs of certificates: static ones by tiles, and those of RFC 6962. Each satisfies `core.ports.CertificateLog`."""

import base64
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from watcher.core.errors import FeedFailed, LogDishonest
from watcher.core.ports import LogBatch
from watcher.feeds.ct.heads import MOST_HEAD_BYTES, Head, LogKey, read_checkpoint, read_tree_head
from watcher.feeds.ct.leaves import Found, read_data_tile, read_entries, read_names_tile
from watcher.feeds.ct.merkle import HASH_BYTES, is_consistent
from watcher.feeds.ct.tiles import WIDTH, VerifiedTiles, tile_path
from watcher.feeds.fetching import Fetcher

CATCH_UP = 2_000_000
"""Entries: a log that is further behind is read from so many before its end, and the rest is counted as skipped."""
_MOST_TILE = 64 << 20
_ENTRIES_AT_ONCE = 256
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class LogPlace:
    """The position in a log: the head that was believed last, and the entry to read next."""

    head: Head
    next: int

    @classmethod
    def read(cls, text: str) -> "LogPlace":
        """Return the place that `written` wrote. Raises FeedFailed."""
        try:
            kept = json.loads(text)
            at = None if kept["at"] is None else datetime.fromtimestamp(kept["at"], UTC)
            return cls(Head(int(kept["size"]), base64.b64decode(kept["root"]), at), int(kept["next"]))
        except (ValueError, KeyError, TypeError) as error:
            raise FeedFailed("its position cannot be read; `watcher feed reset` begins anew") from error

    def written(self) -> str:
        """Return it as text."""
        at = None if self.head.at is None else self.head.at.timestamp()
        root = base64.b64encode(self.head.root).decode()
        return json.dumps({"size": self.head.size, "root": root, "at": at, "next": self.next})


@dataclass(slots=True)
class _Log(ABC):
    """The common part: heads are compared, the position moves, what is too far behind is skipped."""

    name: str
    url: str
    fetcher: Fetcher
    key: LogKey | None = None
    catch_up: int = CATCH_UP

    async def read(self, position: str | None) -> AsyncIterator[LogBatch]:
        """As the port says."""
        head = await self._head()
        if position is None:
            await self._check(None, head)
            yield self._batch(Found(), LogPlace(head, head.size))
            return
        place = LogPlace.read(position)
        if head.size < place.head.size:
            raise LogDishonest(
                f"it shows {head.size} entries after it had signed {place.head.size}: it was rolled back"
            )
        if head.size == place.head.size and head.root != place.head.root:
            raise LogDishonest(f"it signed two trees of {head.size} entries: it forked")
        if head.size > place.head.size:
            await self._check(place.head, head)
        first = max(place.next, head.size - self.catch_up)
        skipped = first - place.next
        if skipped or head.size == place.next:
            yield self._batch(Found(), LogPlace(head, first), skipped)
        async for found, following in self._entries(head, first):
            yield self._batch(found, LogPlace(head, following))

    def _batch(self, found: Found, place: LogPlace, skipped: int = 0) -> LogBatch:
        return LogBatch(
            names=found.names,
            position=place.written(),
            entries=found.entries,
            dropped=found.dropped,
            nameless=found.nameless,
            skipped=skipped,
            behind=place.head.size - place.next,
            signed_at=place.head.at,
        )

    @abstractmethod
    async def _head(self) -> Head:
        """Return the newest head, its signature checked. Raises FeedFailed."""

    @abstractmethod
    async def _check(self, old: Head | None, new: Head) -> None:
        """Raise FeedFailed unless the tree of `new` only adds to that of `old`."""

    @abstractmethod
    def _entries(self, head: Head, first: int) -> AsyncIterator[tuple[Found, int]]:
        """Yield the names of entries, from number `first` on, each with the number of the entry after it."""


@dataclass(slots=True)
class StaticLog(_Log):
    """A log of tiles. Tiles of names are read where it has them; `names`: None until that is known.

    Tiles of names are signed by nobody, and hold no proof: the tree is checked all the same, the names are believed.
    """

    names: bool | None = None
    _tiles: VerifiedTiles | None = None

    async def _head(self) -> Head:
        raw = await self.fetcher.get(f"{self.url}checkpoint", most=MOST_HEAD_BYTES)
        return read_checkpoint(raw, self.key)

    async def _check(self, old: Head | None, new: Head) -> None:
        self._tiles = VerifiedTiles(new, self._tile)
        await self._tiles.check_head()
        if old is not None and old.size:
            await self._tiles.check_older(old)

    async def _entries(self, head: Head, first: int) -> AsyncIterator[tuple[Found, int]]:
        if self._tiles is None:
            await self._check(None, head)
        fresh = first
        while first < head.size:
            index = first // WIDTH
            width = min(WIDTH, head.size - WIDTH * index)
            if width < WIDTH and fresh < WIDTH * index:
                return  # much came: the rest is read with the next head, when its tile is fuller
            found = await self._read(index, width, skip=first - WIDTH * index)
            first = WIDTH * index + width
            yield found, first

    async def _read(self, index: int, width: int, skip: int) -> Found:
        if self.names is not False:
            try:
                raw = await self._tile("names", index, width)
            except FeedFailed as error:
                if error.status is None or self.names:
                    raise
                self.names = False
            else:
                self.names = True
                return read_names_tile(_behind(raw, skip), width - skip)
        found, hashes = read_data_tile(await self._tile("data", index, width), width, skip)
        assert self._tiles is not None  # noqa: S101 (made before entries are read)
        if hashes != list(await self._tiles.leaf_hashes(index)):
            raise LogDishonest(f"the entries of its tile {index} are not those that it signed")
        return found

    async def _tile(self, level: str, index: int, width: int) -> bytes:
        """Fetch a tile; a partial one that is gone is cut from the whole one."""
        try:
            return await self.fetcher.get(self.url + tile_path(level, index, width), most=_MOST_TILE)
        except FeedFailed as error:
            if width == WIDTH or error.status != _NOT_FOUND:
                raise
        raw = await self.fetcher.get(self.url + tile_path(level, index), most=_MOST_TILE)
        if level == "names":
            return b"".join(raw.splitlines(keepends=True)[:width])
        return raw if level == "data" else raw[: HASH_BYTES * width]


def _behind(raw: bytes, lines: int) -> bytes:
    """Return `raw` without its first lines."""
    for _ in range(lines):
        raw = raw[raw.find(b"\n") + 1 :]
    return raw


@dataclass(slots=True)
class Rfc6962Log(_Log):
    """A log that answers by RFC 6962."""

    async def _head(self) -> Head:
        raw = await self.fetcher.get(f"{self.url}ct/v1/get-sth", most=MOST_HEAD_BYTES)
        return read_tree_head(raw, self.key)

    async def _check(self, old: Head | None, new: Head) -> None:
        if old is None or not old.size:
            return
        url = f"{self.url}ct/v1/get-sth-consistency?first={old.size}&second={new.size}"
        if not is_consistent(
            (old.size, old.root), (new.size, new.root), _proof(await self.fetcher.get(url, most=MOST_HEAD_BYTES))
        ):
            raise LogDishonest(f"it does not show that its {new.size} entries hold the {old.size} before: it forked")

    async def _entries(self, head: Head, first: int) -> AsyncIterator[tuple[Found, int]]:
        while first < head.size:
            last = min(head.size, first + _ENTRIES_AT_ONCE) - 1
            raw = await self.fetcher.get(f"{self.url}ct/v1/get-entries?start={first}&end={last}", most=_MOST_TILE)
            found = read_entries(raw, last - first + 1)
            first += found.entries  # a log may give fewer than it was asked for
            yield found, first


def _proof(raw: bytes) -> Sequence[bytes]:
    try:
        found: Any = json.loads(raw)["consistency"]
        proof = [base64.b64decode(node, validate=True) for node in found[:100]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FeedFailed("its proof cannot be read") from error
    if any(len(node) != HASH_BYTES for node in proof):
        raise FeedFailed("its proof holds what is no hash")
    return proof
