"""Tiles of a static log (c2sp.org/static-ct-api): their paths, and hashes that a signed head vouches for."""

from collections.abc import Awaitable, Callable, Sequence

from watcher.core.errors import FeedFailed, LogDishonest
from watcher.feeds.ct.heads import Head
from watcher.feeds.ct.merkle import HASH_BYTES, joined, root_of

WIDTH = 256
_HEIGHT = 8
FetchTile = Callable[[str, int, int], Awaitable[bytes]]
"""Fetches the tile of a level (`0`, `data`, `names`), by its index and width."""


def tile_path(level: str, index: int, width: int = WIDTH) -> str:
    """Return the path of a tile below the monitoring prefix: `tile/0/x001/067`."""
    groups = [f"{index % 1000:03}"]
    while index := index // 1000:
        groups.insert(0, f"x{index % 1000:03}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(groups)}{partial}"


class VerifiedTiles:
    """The hash tiles of the tree `head`. Every hash that comes out leads to its root; FeedFailed where one does not."""

    def __init__(self, head: Head, fetch: FetchTile) -> None:
        self._head = head
        self._fetch = fetch
        self._known: dict[tuple[int, int], list[bytes]] = {}
        self._checked: set[tuple[int, int]] = set()

    async def check_head(self) -> None:
        """Raise FeedFailed unless the tiles at the edge of the tree make its root."""
        edges = await self._edges(self._head.size)
        if joined(edges) != self._head.root:
            raise LogDishonest("its tiles do not make the root that it signed")
        self._checked.update(_place(height, index) for height, index in _decomposition(self._head.size))

    async def check_older(self, old: Head) -> None:
        """Raise FeedFailed unless this tree only added to the tree `old`. Call `check_head` first."""
        nodes = []
        for height, index in _decomposition(old.size):
            nodes.append(await self._node(height, index))
        if joined(nodes) != old.root:
            raise LogDishonest(
                f"its tree of {self._head.size} entries does not hold the one of {old.size} that it signed: it forked"
            )

    async def leaf_hashes(self, index: int) -> Sequence[bytes]:
        """Return the hashes of a tile of leaves."""
        return await self._tile(0, index)

    async def _edges(self, size: int) -> list[bytes]:
        return [
            self._subtree(await self._raw(*_place(height, index)), height, index)
            for height, index in _decomposition(size)
        ]

    async def _node(self, height: int, index: int) -> bytes:
        return self._subtree(await self._tile(*_place(height, index)), height, index)

    def _subtree(self, hashes: Sequence[bytes], height: int, index: int) -> bytes:
        """Return the hash of a subtree from the tile that holds it."""
        inside = height % _HEIGHT
        first = (index << inside) % WIDTH
        wanted = hashes[first : first + (1 << inside)]
        if len(wanted) != 1 << inside:
            raise FeedFailed("a tile holds fewer hashes than the size of the tree says")
        return root_of(wanted)

    async def _tile(self, level: int, index: int) -> list[bytes]:
        """Return the hashes of a tile, which lead to the root."""
        hashes = await self._raw(level, index)
        if (level, index) not in self._checked:
            above = await self._tile(level + 1, index // WIDTH)
            place = index % WIDTH
            if len(hashes) != WIDTH or place >= len(above) or root_of(hashes) != above[place]:
                raise LogDishonest(f"its tile {level}/{index} does not belong to the tree that it signed")
            self._checked.add((level, index))
        return hashes

    async def _raw(self, level: int, index: int) -> list[bytes]:
        known = self._known.get((level, index))
        if known is None:
            width = min(WIDTH, (self._head.size >> _HEIGHT * level) - WIDTH * index)
            if width <= 0:
                raise FeedFailed("a tile outside the tree was needed")
            raw = await self._fetch(str(level), index, width)
            if len(raw) != HASH_BYTES * width:
                raise FeedFailed(f"its tile {level}/{index} has {len(raw)} bytes")
            known = [raw[at : at + HASH_BYTES] for at in range(0, len(raw), HASH_BYTES)]
            self._known[level, index] = known
        return known


def _decomposition(size: int) -> list[tuple[int, int]]:
    """Return the perfect subtrees of a tree, the largest first: height, and place among those of this height."""
    return [(height, (size >> height) - 1) for height in reversed(range(size.bit_length())) if size >> height & 1]


def _place(height: int, index: int) -> tuple[int, int]:
    """Return the level and index of the tile that holds a subtree."""
    return height // _HEIGHT, (index << height % _HEIGHT) // WIDTH
