"""The first tier's candidates, kept compressed: an hourly pass uses 200 and need not make 20,000 to sort them."""

import asyncio
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence

from watcher.core.names.names import Fqdn
from watcher.core.slips.candidates import Candidate
from watcher.services.sweeps.enumerate import Named
from watcher.store import Store, first_tiers

Make = Callable[[Named, int, int], Iterator[Candidate]]


class FirstTier:
    """Ranks 1 to `last` of every protected name. `stamp` stands for all that decides which candidates these are."""

    def __init__(self, store: Store, make: Make, *, stamp: Callable[[], str], last: int) -> None:
        self._store = store
        self._make = make
        self._stamp = stamp
        self.last = last

    async def of(self, names: Sequence[Named]) -> dict[str, list[Candidate]]:
        """All of them for each name, best first; made, and kept, where they are not kept yet."""
        stamp = self._stamp()
        async with self._store.read() as tx:
            kept = await first_tiers.find_all(tx, [name.name for name in names], stamp=stamp)
        new = [name for name in names if name.name not in kept]
        if new:
            made = await asyncio.to_thread(lambda: {item.name: _packed(self._make(item, 1, self.last)) for item in new})
            async with self._store.write() as tx:
                await first_tiers.save(tx, made, stamp=stamp)
            kept |= made
        return _unpacked(kept)


def _packed(candidates: Iterator[Candidate]) -> bytes:
    rows = [
        [value for field, value in zip(Candidate._fields, candidate, strict=True) if field != "protected"]
        for candidate in candidates
    ]
    return zlib.compress(json.dumps(rows, separators=(",", ":")).encode())


def _unpacked(kept: Mapping[str, bytes]) -> dict[str, list[Candidate]]:
    return {
        protected: [
            Candidate(
                Fqdn(name),
                domain,
                tuple(techniques),
                likelihood,
                impersonation,
                rank,
                tuple(marks),
                Fqdn(protected),
                *why,
            )
            for name, domain, techniques, likelihood, impersonation, rank, marks, *why in json.loads(
                zlib.decompress(packed)
            )
        ]
        for protected, packed in kept.items()
    }
