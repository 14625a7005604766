"""Enumeration as the services use it: candidates of what is protected, and which of it any name resembles."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from watcher.core.candidates import Candidate, candidate_json, enumerate_candidates
from watcher.core.events import Resemblance
from watcher.core.names import Fqdn
from watcher.core.protected import Kind, parse_protected
from watcher.core.resemblance import resemblance_of, resembles
from watcher.core.slips import Technique
from watcher.core.tables import Tables
from watcher.services.ours import Ours


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
    """Over `tables` and `techniques`, leaving out what is `ours`; `version` stands for all that decides candidates."""

    def __init__(self, tables: Tables, techniques: Sequence[Technique], version: str, ours: Ours | None = None) -> None:
        self.tables = tables
        self.techniques = tuple(techniques)
        self.version = version
        self._ours = ours

    @property
    def stamp(self) -> str:
        """The version, and what is ours: candidates made under the same stamp are the same."""
        digest = hashlib.sha256()
        if self._ours is not None:
            for name in (*(row.name for row in self._ours.protected), "", *self._ours.own):
                digest.update(name.encode() + b" ")
        return f"{self.version}:{digest.hexdigest()[:16]}"

    def candidates(self, name: Named, first: int, last: int) -> Iterator[Candidate]:
        """Those of a protected name with first <= rank <= last."""
        found = self._enumerate((Fqdn(name.name), Kind(name.kind)), last)
        return (candidate for candidate in found if candidate.rank >= first)

    def shapes(self, text: str, limit: int, chosen: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """The candidate shapes of any name. Raises InvalidName."""
        return map(candidate_json, self._enumerate(parse_protected(text, self.tables.suffixes), limit, chosen))

    def resemblance(self, candidate: Candidate) -> Resemblance:
        """What an enumerated candidate resembles, and where the slip is."""
        kind = parse_protected(candidate.protected, self.tables.suffixes)[1]
        return resemblance_of(candidate, kind, self.tables, self.techniques, self._known(candidate.protected))

    async def resembling(self, name: Fqdn) -> Sequence[Resemblance]:
        """Which protected names a name resembles."""
        known = [] if self._ours is None else self._ours.protected
        protected = [(Fqdn(row.name), Kind(row.kind)) for row in known]
        found: list[Resemblance] = []
        for one in protected:
            found += await asyncio.to_thread(resembles, name, [one], self.tables, self.techniques, self._known(one[0]))
        return sorted(found, key=lambda one: (-one.likelihood, one.protected))

    def _known(self, name: str) -> tuple[str, ...]:
        """The labels that are known to be in use under a protected suffix: those of the protected names there."""
        rows = () if self._ours is None else self._ours.protected
        under = (row.name[: -len(name) - 1] for row in rows if row.name.endswith(f".{name}"))
        return tuple(dict.fromkeys(left.rpartition(".")[2] for left in under))

    def _enumerate(self, protected: tuple[Fqdn, Kind], limit: int, chosen: Sequence[str] = ()) -> Iterator[Candidate]:
        techniques = [one for one in self.techniques if not chosen or one.NAME in chosen]
        excluded = () if self._ours is None else (*(row.name for row in self._ours.protected), *self._ours.own)
        return enumerate_candidates(
            protected,
            self.tables,
            techniques,
            limit=limit,
            excluded=frozenset(excluded),
            known=self._known(protected[0]),
        )
