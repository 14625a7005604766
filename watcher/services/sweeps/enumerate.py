"""Enumeration as the services use it: candidates of what is protected, and which of it any name resembles."""

import asyncio
import hashlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Protocol

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import Kind, parse_protected
from watcher.core.slips.candidates import Candidate, Share, candidate_json, enumerate_candidates
from watcher.core.slips.resemblance import resemblance_of
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Technique
from watcher.services.names.own import Ours

_FIRST = 200
"""Up to which rank the candidates of a protected name are kept, to say at once that a name is among them."""
_KEPT = 256
"""Of how many protected names."""
_RANKED = 5
"""For how many of the names it resembles a rank is worked out, the likeliest first."""


class Named(Protocol):
    """A protected name, as parsed or as stored."""

    @property
    def name(self) -> str:
        """As A-labels, a suffix without its leading dot."""
        ...

    @property
    def kind(self) -> str:
        """A `core.protected.Kind`."""
        ...


class Enumeration:
    """Over `tables` and `techniques`, leaving out what is `ours`; `version` stands for all that decides candidates.

    `share`: the part of each tier that is kept for names made to deceive.
    """

    def __init__(
        self,
        tables: Tables,
        techniques: Sequence[Technique],
        version: str,
        ours: Ours | None = None,
        share: Share | None = None,
    ) -> None:
        self.tables = tables
        self.techniques = tuple(techniques)
        self._share = share or Share()
        self.version = version if share in {None, Share()} else f"{version}:{share}"
        self._ours = ours
        self._lock = threading.Lock()
        self._rows: Sequence[Named] = ()
        self._index = Index(tables, self.techniques)
        self._first: dict[str, dict[str, int]] = {}

    @property
    def stamp(self) -> str:
        """The version, and what is ours: candidates made under the same stamp are the same."""
        digest = hashlib.sha256()
        if self._ours is not None:
            for name in (*(row.name for row in self._ours.protected), "", *self._ours.own):
                digest.update(name.encode() + b" ")
        return f"{self.version}:{digest.hexdigest()[:16]}"

    def candidates(self, name: Named, first: int, last: int) -> Iterator[Candidate]:
        """Yield the candidates of a protected name with first <= rank <= last."""
        found = self._enumerate((Fqdn(name.name), Kind(name.kind)), last)
        return (candidate for candidate in found if candidate.rank >= first)

    def shapes(self, text: str, limit: int, chosen: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """The candidate shapes of any name. Raises InvalidName."""
        return map(candidate_json, self._enumerate(parse_protected(text, self.tables.suffixes), limit, chosen))

    def resemblance(self, candidate: Candidate) -> Resemblance:
        """Return what an enumerated candidate resembles, and where the slip is."""
        kind = parse_protected(candidate.protected, self.tables.suffixes)[1]
        return resemblance_of(candidate, kind, self.tables, self.techniques, self._known(candidate.protected))

    async def resembling(self, name: Fqdn) -> Sequence[Resemblance]:
        """Return the protected names that a name resembles; with its rank where it is among the first candidates."""
        return await asyncio.to_thread(self._resembling, name)

    def matching(self, names: Iterable[Fqdn], at_once: int = 8192) -> Iterator[tuple[Fqdn, Sequence[Resemblance]]]:
        """Yield those of many names that resemble a protected name; without ranks, which a stream has no time for.

        So many names are read `at_once` before the first of them comes out; fewer where an empty name says that the
        input pauses.
        """
        from watcher.core.slips.sieve import sieved  # noqa: PLC0415 (numpy is loaded for streams alone)

        return sieved(self._filed(), names, at_once)

    def _resembling(self, name: Fqdn) -> Sequence[Resemblance]:
        found = self._filed().resembling(name)
        return [replace(item, rank=self._rank(item.protected, name)) for item in found[:_RANKED]] + list(
            found[_RANKED:]
        )

    def _rank(self, protected: str, name: str) -> int | None:
        first = self._first.get(protected)
        if first is None:
            kind = parse_protected(protected, self.tables.suffixes)[1]
            made = self._enumerate((Fqdn(protected), kind), _FIRST)
            if len(self._first) >= _KEPT:
                self._first.clear()
            first = self._first[protected] = {candidate.name: candidate.rank for candidate in made}
        return first.get(name)

    def _filed(self) -> Index:
        """The index of what is protected now; only what changed since the last time is filed anew."""
        rows = () if self._ours is None else self._ours.protected
        with self._lock:
            if rows is not self._rows:
                wanted = {Fqdn(row.name): Kind(row.kind) for row in rows}
                for gone in [name for name in self._index.names() if name not in wanted]:
                    self._index.remove(gone)
                below = _labels_below(rows)
                for name, kind in wanted.items():
                    self._index.add(name, kind, below.get(name, ()) if kind is Kind.SUFFIX else ())
                self._first.clear()
                self._rows = rows
        return self._index

    def _known(self, name: str) -> tuple[str, ...]:
        """The labels that are known to be in use under a protected suffix: those of the protected names there."""
        rows = () if self._ours is None else self._ours.protected
        return _below(name, rows)

    def _enumerate(self, protected: tuple[Fqdn, Kind], limit: int, chosen: Sequence[str] = ()) -> Iterator[Candidate]:
        techniques = [technique for technique in self.techniques if not chosen or technique.NAME in chosen]
        excluded = () if self._ours is None else (*(row.name for row in self._ours.protected), *self._ours.own)
        return enumerate_candidates(
            protected,
            self.tables,
            techniques,
            limit=limit,
            excluded=frozenset(excluded),
            known=self._known(protected[0]),
            share=self._share,
        )


def _below(suffix: str, rows: Iterable[Named]) -> tuple[str, ...]:
    """The labels right below `suffix` under which something is protected."""
    under = (row.name[: -len(suffix) - 1] for row in rows if row.name.endswith(f".{suffix}"))
    return tuple(dict.fromkeys(left.rpartition(".")[2] for left in under))


def _labels_below(rows: Sequence[Named]) -> dict[str, tuple[str, ...]]:
    """The same for every protected suffix."""
    return {row.name: _below(row.name, rows) for row in rows if row.kind == Kind.SUFFIX}
