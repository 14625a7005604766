"""Shared transactions: pieces of writing that wait for the database anyway are committed together.

Beginning, committing and the trips to the database's thread cost more than what a look writes. While one transaction
runs, what comes meanwhile waits and goes into the next one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from watcher.store import Store, Tx, fences

Result = TypeVar("Result")

MOST = 64
"""Pieces in one transaction, so that none waits for long."""


@dataclass(slots=True, eq=False)
class _Piece:
    work: Callable[[Tx], Awaitable[Any]]
    done: bool = False
    result: Any = None
    error: Exception | None = None


class SharedTransactions:
    """Runs pieces of writing, each wholly or not at all, in the order they came."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Lock()
        self._waiting: list[_Piece] = []

    async def run(self, work: Callable[[Tx], Awaitable[Result]]) -> Result:
        """Run `work` and return its result once that is committed; raise what it raises.

        `work` may be called again after a rollback, so what it does outside the database must bear that.
        """
        piece = _Piece(fences.carried(work))
        self._waiting.append(piece)
        try:
            async with self._turn:
                while not piece.done:  # else whoever had the turn before did it
                    await _to_its_end(self._write())
        finally:
            if piece in self._waiting:  # cancelled before its turn came
                self._waiting.remove(piece)
        if piece.error is not None:
            raise piece.error
        result: Result = piece.result
        return result

    async def _write(self) -> None:
        pieces = self._waiting[:MOST]
        try:
            results = await self._store.write_all([piece.work for piece in pieces])
        except Exception as error:  # noqa: BLE001 (one piece must not take the others along)
            if len(pieces) == 1:
                self._end(pieces[0], error=error)
            else:
                await self._each(pieces)
        else:
            for piece, result in zip(pieces, results, strict=True):
                self._end(piece, result)

    async def _each(self, pieces: list[_Piece]) -> None:
        for piece in pieces:
            try:
                [result] = await self._store.write_all([piece.work])
            except Exception as error:  # noqa: BLE001 (handed to whom it belongs)
                self._end(piece, error=error)
            else:
                self._end(piece, result)

    def _end(self, piece: _Piece, result: Any = None, *, error: Exception | None = None) -> None:
        piece.done, piece.result, piece.error = True, result, error
        if piece in self._waiting:
            self._waiting.remove(piece)


async def _to_its_end(work: Coroutine[None, None, None]) -> None:
    """Wait for it, also when cancelled: what was committed for the others must not be done again."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
