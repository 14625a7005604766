"""Explaining in reverse: which protected names a name resembles, by which techniques, how likely, where the slip is.

Exact for everything `candidates` can enumerate, found without enumerating it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn, is_under, to_unicode
from watcher.core.names.protected import Kind
from watcher.core.slips.candidates import Candidate
from watcher.core.slips.grade import graded
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import SAME_OWNER, known_label
from watcher.core.slips.slip import (
    SLIPPED_LABELS,
    below_suffix,
    both_slips,
    known_labels,
    late_share,
    reach,
    share,
    structural,
    together,
)
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Technique


class _Found(NamedTuple):
    likelihood: float
    techniques: tuple[str, ...]
    explanation: str


def resembles(
    name: Fqdn,
    protected_names: Iterable[tuple[Fqdn, Kind]],
    tables: Tables,
    techniques: Sequence[Technique],
    known: Sequence[str] = (),
) -> tuple[Resemblance, ...]:
    """Return the protected names that `name` resembles, the likeliest first; none for a name that is or is under one.

    `known`: labels known to be in use under a protected suffix, as for `enumerate_candidates`.
    """
    found = []
    for protected, kind in protected_names:
        if is_under(name, protected) or is_under(protected, name):
            continue
        intended = _intended(protected, tables)
        readings = (_Reverse(name, text, intended, tables, techniques) for text in _readings(name, intended, tables))
        best = max((way for reading in readings for way in reading.ways(kind, known)), default=None)
        if best is not None:
            found.append(Resemblance(protected, best.techniques, best.likelihood, best.explanation))
    return graded(sorted(found, key=lambda one: (-one.likelihood, one.protected)), name, tables, techniques)


def resemblance_of(
    candidate: Candidate,
    kind: Kind,
    tables: Tables,
    techniques: Sequence[Technique],
    known: Sequence[str] = (),
) -> Resemblance:
    """Return the resemblance of an enumerated candidate to the name it was enumerated for, with its rank."""
    found = resembles(candidate.name, [(candidate.protected, kind)], tables, techniques, known)
    if found:
        return replace(found[0], rank=candidate.rank)
    explanation = f"like {candidate.protected} by {' and '.join(candidate.techniques)}"
    listed = Resemblance(candidate.protected, candidate.techniques, candidate.likelihood, explanation, candidate.rank)
    return graded([listed], candidate.name, tables, techniques)[0]


class _Reverse:
    """The ways from one protected name to `name`, which people read as `text`."""

    def __init__(
        self, name: Fqdn, text: str, intended: Intended, tables: Tables, techniques: Sequence[Technique]
    ) -> None:
        self._intended = intended
        self._tables = tables
        self._techniques = tuple(techniques)
        self._structure = structural(techniques)
        self._factor, _ = reach(tables.suffixes.public_suffix(name), intended.country, tables)
        self._text = text

    def ways(self, kind: Kind, known: Sequence[str]) -> Iterator[_Found]:
        """Every way in which the name could have come about."""
        intended, tables = self._intended, self._tables
        yield from self._single(intended)
        if kind is not Kind.SUFFIX:
            yield from self._double(intended)
            return
        self._techniques = below_suffix(self._techniques)
        labels = known_labels(intended.suffix, tables, tuple(known))
        parts = self._text.split(".")
        behind = {".".join(parts[:count]) for count in range(1, len(parts))}
        for label in dict.fromkeys((*islice(labels, SLIPPED_LABELS), *sorted(behind & labels.keys()))):
            below = _intended(Fqdn(f"{label}.{intended.suffix}"), tables)
            ways = [*self._single(below)]
            if labels[label] < SLIPPED_LABELS:
                ways += self._double(below)
            for way in ways:
                yield way._replace(likelihood=way.likelihood * known_label(labels[label]))

    def _single(self, intended: Intended) -> Iterator[_Found]:
        explained = self._explained(self._text, intended) or self._late(intended)
        if explained is None:
            return
        likelihood, names, phrase = explained
        same_owner = intended.left and self._text.endswith(f".{intended.labels[-1]}.{intended.suffix}")
        factor = self._factor * SAME_OWNER if same_owner else self._factor
        yield _Found(likelihood * factor, names, f"{intended.text} with {phrase}")

    def _late(self, intended: Intended) -> tuple[float, tuple[str, ...], str] | None:
        """Return likelihood, technique and words by an endless technique, which counts if no other makes the text."""
        for technique in self._techniques:
            if technique.AMOUNT is Amount.ENDLESS:
                phrase = technique.explains(intended, self._text, self._tables)
                if phrase is not None:
                    return late_share(technique, intended, self._tables), (technique.NAME,), phrase
        return None

    def _double(self, intended: Intended) -> Iterator[_Found]:
        """One slip before the suffix and one in it, for every dot where the suffix could begin."""
        text = self._text
        at = text.find(".")
        while at >= 0:
            left, end = text[:at], text[at + 1 :]
            at = text.find(".", at + 1)
            if left == intended.left or end == intended.suffix:
                continue
            if not may_end(intended.suffix, end, self._tables, self._techniques):
                continue
            before = self._explained(f"{left}.{intended.suffix}", intended)
            after = before and self._explained(f"{intended.left}.{end}", intended)
            if after is None or before is None:
                continue
            likelihood = before[0] * both_slips(before[1], self._structure) * after[0] * self._factor
            yield _Found(likelihood, before[1] + after[1], f"{intended.text} with {before[2]} and {after[2]}")

    def _explained(self, text: str, intended: Intended) -> tuple[float, tuple[str, ...], str] | None:
        """Return the likelihood of `text` as a single slip, its techniques, the words of the likeliest; else None."""
        phrases = {}
        shares = []
        in_one_label = any(place.typed(text) is not None for place in intended.places or intended.registrable)
        for technique in self._techniques:
            if technique.AMOUNT is Amount.ENDLESS or (technique.CHANGES is Changes.LABEL and not in_one_label):
                continue
            phrase = technique.explains(intended, text, self._tables)
            if phrase is not None:
                phrases[technique.NAME] = phrase
                shares.append((_share(technique, intended, text, self._tables), technique.NAME))
        if not shares:
            return None
        slip = together(text, tuple(shares))
        return slip.likelihood, slip.techniques, phrases[slip.techniques[0]]


@lru_cache(maxsize=65536)
def may_end(suffix: str, end: str, tables: Tables, techniques: tuple[Technique, ...]) -> bool:
    """Return whether `end` may stand for `suffix`, whatever stands before: it is the suffix or a slip of it."""
    if end == suffix:
        return True
    first, dot, rest = end.partition(".")
    if dot and f"{first}.{suffix}" in tables.icann and may_end(suffix, rest, tables, techniques):
        return True  # `x.gov.mp` for `x.ml`: another suffix that ends alike, and a slip behind it
    if end.startswith(suffix + ".") and may_end(suffix, end[len(suffix) + 1 :], tables, techniques):
        return True  # `x.de.ee` for `x.de`: the suffix once more, and a slip in that one
    below = _intended(Fqdn(f"{_ANY}.{suffix}"), tables)
    if below.suffix != suffix:  # a wildcard rule: names stand two labels below
        return True
    listed = end in tables.icann or end in tables.private
    if not listed and end.count(".") > suffix.count(".") and not end.startswith(suffix + "."):
        return end in _long_ends(suffix, tables, techniques)
    text = f"{_ANY}.{end}"
    return any(
        technique.explains(below, text, tables) is not None
        for technique in techniques
        if technique.AMOUNT is not Amount.ENDLESS
    )


_ANY = "qxzjkv"
"""A label like no other; slips of a suffix are the same behind every label."""


@lru_cache(maxsize=1024)
def _long_ends(suffix: str, tables: Tables, techniques: tuple[Technique, ...]) -> frozenset[str]:
    """Return the ends with more labels than `suffix` that slips of it make, but for the listed ones."""
    below = _intended(Fqdn(f"{_ANY}.{suffix}"), tables)
    return frozenset(
        end
        for technique in techniques
        if technique.AMOUNT is not Amount.ENDLESS and technique.CHANGES is not Changes.LABEL
        for text, _ in technique.generate(below, tables)
        if text.startswith(f"{_ANY}.")
        and (end := text[len(_ANY) + 1 :]).count(".") > suffix.count(".")
        and end not in tables.icann
        and end not in tables.private
    )


def _readings(name: Fqdn, intended: Intended, tables: Tables) -> tuple[str, ...]:
    """Return `name` as techniques write it: U-labels before the suffix.

    Where any label makes a suffix (`*.kawasaki.jp`), that label may have slipped there from before it.
    """
    suffix = intended.suffix if name.endswith("." + intended.suffix) else tables.suffixes.public_suffix(name)
    first, _, rest = suffix.partition(".")
    if first.startswith("xn--") and rest and (f"*.{rest}" in tables.icann or f"*.{rest}" in tables.private):
        return tuple(dict.fromkeys((_as_read(name, suffix), _as_read(name, rest))))
    return (_as_read(name, suffix),)


def _as_read(name: Fqdn, suffix: str) -> str:
    return name if name == suffix else f"{to_unicode(name[: -len(suffix) - 1])}.{suffix}"


@lru_cache(maxsize=4096)
def _intended(name: Fqdn, tables: Tables) -> Intended:
    return Intended(name, tables)


@lru_cache(maxsize=4096)
def _share(technique: Technique, intended: Intended, text: str, tables: Tables) -> float:
    return share(technique, intended, text, tables)
