"""A block list in a format, written to a temporary file with its hash: memory stays flat, and the event loop free."""

import asyncio
import hashlib
import queue
from collections.abc import Iterator
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import Format, Omitted, written
from watcher.services.blocking.block_lists import BlockLists, ListWish

_IN_MEMORY = 1 << 20
_AHEAD = 4  # pages that are read before they are written

_Pages = queue.Queue[list[BlockEntry] | None]


@dataclass(frozen=True, slots=True)
class SpooledList:
    """A list in a format. `digest` is the hash of its bytes; `file`, at its beginning, is the caller's to close."""

    file: IO[bytes]
    digest: str
    size: int
    omitted: Omitted


async def spool(lists: BlockLists, chosen: Format, wish: ListWish) -> SpooledList:
    """Write the list that `wish` describes in the format `chosen`."""
    pages: _Pages = queue.Queue(maxsize=_AHEAD)
    writing = asyncio.ensure_future(asyncio.to_thread(_write, pages, chosen, wish))
    try:
        async for page in lists.pages(wish.rules):
            await asyncio.to_thread(pages.put, page)
    finally:
        await asyncio.shield(asyncio.to_thread(pages.put, None))
    return await writing


def _write(pages: _Pages, chosen: Format, wish: ListWish) -> SpooledList:
    file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 (handed on to the caller)
    digest = hashlib.sha256()
    size = 0
    omitted = Omitted()
    entries = _entries(pages)
    try:
        for piece in written(chosen, entries, wish.about, page=wish.page, omitted=omitted):
            data = piece.encode()
            digest.update(data)
            size += file.write(data)
    except BaseException:
        file.close()
        raise
    finally:
        for _ in entries:  # who reads the pages must not wait for us for ever
            pass
    file.seek(0)
    return SpooledList(file, digest.hexdigest()[:32], size, omitted)


def _entries(pages: _Pages) -> Iterator[BlockEntry]:
    while (page := pages.get()) is not None:
        yield from page
