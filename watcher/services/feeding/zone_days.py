"""The names of a complete zone from one day to the next: what is there, what appeared, what vanished.

Names are kept in a file, eight bytes of each in memory: .com takes about 1.3 GB.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from watcher.core.errors import FeedFailed
from watcher.core.names.names import Fqdn

Digests = npt.NDArray[np.int64]
Blocks = Iterable[Sequence[Fqdn]]

MOST_LOST = 0.2
"""A complete zone that lost more than this since the last run was cut."""
_ENOUGH = 100
"""Names: below this a share says nothing."""
_AT_ONCE = 1_000_000
_BLOCK = 1 << 22
_ENDING = ".\t0\tin\tns\t."


@dataclass(frozen=True, slots=True)
class ZoneDifference:
    """The changes that a run brought. `first`: there was nothing to compare with, and everything counts as appeared."""

    names: int
    appeared: int
    vanished: int
    first: bool


def names_file(folder: Path, name: str) -> Path:
    """Return the path of the zone file that keeps the names of a complete zone."""
    return folder / f"{name}.zone"


class ZoneDays:
    """The day before, in `kept`, and the one that comes in. Call `take`, use the rest, then `replace`, and `drop`."""

    def __init__(self, kept: Path) -> None:
        self._kept = kept
        self._incoming = kept.with_suffix(".new")
        self._news = kept.with_suffix(".appeared")
        self._known: Digests | None = None
        self._still: npt.NDArray[np.bool_] | None = None

    @property
    def known(self) -> bool:
        """Return whether there is a day before."""
        return self._kept.exists()

    def take(self, blocks: Blocks, zone: str) -> ZoneDifference:
        """Write down the names, and compare them with the day before. Raises FeedFailed where too many vanished."""
        known = self._known = self._digests() if self.known else None
        still = self._still = np.zeros(0 if known is None else len(known), dtype=bool)
        fresh = array("q")
        with self._incoming.open("w", encoding="ascii") as file, self._news.open("w", encoding="ascii") as news:
            file.write(f"{zone}.\t0\tin\tsoa\t. . 0 0 0 0 0\n")
            for names in _together(blocks):
                _write(file.write, names)
                digests = np.fromiter(map(hash, names), np.int64, len(names))
                if known is None:
                    fresh.frombytes(digests.tobytes())
                    continue
                order = np.argsort(digests)
                places = np.searchsorted(known, digests[order])
                places[places == len(known)] = 0
                found = known[places] == digests[order] if len(known) else np.zeros(len(names), dtype=bool)
                still[places[found]] = True
                if not found.all():
                    new = order[~found]
                    fresh.frombytes(digests[new].tobytes())
                    _write(news.write, [names[place] for place in new.tolist()])
        appeared = _count_distinct(fresh)
        if known is None:
            return ZoneDifference(appeared, appeared, 0, first=True)
        there = int(still.sum())
        vanished = len(known) - there
        if len(known) >= _ENOUGH and vanished > MOST_LOST * len(known):
            raise FeedFailed(f"{vanished} of {len(known)} names vanished since the last run: it was cut")
        return ZoneDifference(there + appeared, appeared, vanished, first=False)

    def appeared(self) -> Iterator[Fqdn]:
        """Yield the names that were not there the day before; all of them on the first day."""
        return chain.from_iterable(_read(self._incoming if self._known is None else self._news))

    def vanished(self) -> Iterator[Sequence[Fqdn]]:
        """Yield the names that are there no more, in blocks."""
        known, still = self._known, self._still
        if known is None or still is None or still.all():
            return
        gone = known[~still]
        for names in _read(self._kept):
            digests = np.fromiter(map(hash, names), np.int64, len(names))
            places = np.searchsorted(gone, digests)
            places[places == len(gone)] = 0
            if (found := gone[places] == digests).any():
                yield [names[place] for place in np.flatnonzero(found).tolist()]

    def replace(self) -> None:
        """Keep the new day in place of the one before."""
        self._incoming.replace(self._kept)

    def drop(self) -> None:
        """Remove what is not kept."""
        for file in (self._incoming, self._news):
            file.unlink(missing_ok=True)

    def _digests(self) -> Digests:
        kept = array("q")
        for names in _read(self._kept):
            kept.extend(map(hash, names))
        found = np.frombuffer(kept, dtype=np.int64) if kept else np.zeros(0, dtype=np.int64)
        found.sort()
        fresh = np.ones(len(found), dtype=bool)  # numpy's own `unique` sorts by a table, which takes ten times as long
        np.not_equal(found[1:], found[:-1], out=fresh[1:])
        return found if fresh.all() else found[fresh]


def _count_distinct(digests: "array[int]") -> int:
    if not digests:
        return 0
    found = np.frombuffer(digests, dtype=np.int64)
    found.sort()
    return 1 + int(np.count_nonzero(found[1:] != found[:-1]))


def _together(blocks: Blocks) -> Iterator[list[Fqdn]]:
    """Yield larger blocks without repeats of neighbours: a search among many digests is quicker for many at once."""
    some: list[Fqdn] = []
    for names in blocks:
        some += dict.fromkeys(names)
        if len(some) >= _AT_ONCE:
            yield some
            some = []
    if some:
        yield some


def _write(write: Callable[[str], object], names: Sequence[Fqdn]) -> None:
    write(f"{_ENDING}\n".join(names) + f"{_ENDING}\n")


def _read(file: Path) -> Iterator[list[Fqdn]]:
    """Yield the names in one of our files, in blocks."""
    ending = f"{_ENDING}\n"
    with file.open("r", encoding="ascii") as text:
        rest = ""
        while block := text.read(_BLOCK):
            *lines, rest = (rest + block).split(ending)
            if lines and "\n" in lines[0]:  # the first line is the SOA
                lines[0] = lines[0].rpartition("\n")[2]
            if lines:
                yield cast("list[Fqdn]", lines)
