"""Candidates: every name somebody could end up at who means a protected one, best first, each once.

Candidates are a function, not data: they are made anew from (protected name, tables, techniques) whenever needed.
This is a hot path. Techniques yield plain (text, weight) pairs. What differs before the suffix and what differs in it
are independent slips, so the many are products of two short sorted lists, walked in bands of falling likelihood: the
first 200 cost little, and nothing but the names already given is held.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.names.possible import a_labels, possible
from watcher.core.names.protected import Kind
from watcher.core.slips.excluded import Excluded
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import SAME_OWNER, known_label
from watcher.core.slips.slip import (
    SLIPPED_LABELS,
    Late,
    Slip,
    below_suffix,
    both_slips,
    known_labels,
    late_slips,
    reach,
    slips,
    structural,
)
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Changes, Technique

DEFAULT_LIMIT = 20_000

_MAX_NAME = 253
_SHORT = 63
"""A left part of so many characters stays within the limit under any suffix."""


class Candidate(NamedTuple):
    """A name that could exist. `registrable_domain` is None for a suffix.

    `likelihood` is relative: how probable somebody who means `protected` ends up here; `impersonation`: how well the
    name would serve to deceive a reader, 0-1; `rank` counts from 1 within the protected name.
    """

    name: Fqdn
    registrable_domain: Fqdn | None
    techniques: tuple[str, ...]
    likelihood: float
    impersonation: float
    rank: int
    marks: tuple[str, ...]
    protected: Fqdn

    @property
    def unicode(self) -> str:
        """The name for people to read."""
        return to_unicode(self.name)


def candidate_json(candidate: Candidate) -> dict[str, Any]:
    """The candidate shape."""
    return {
        "name": candidate.name,
        "unicode": candidate.unicode,
        "registrable_domain": candidate.registrable_domain,
        "techniques": list(candidate.techniques),
        "likelihood": float(f"{candidate.likelihood:.6g}"),
        "impersonation": candidate.impersonation,
        "rank": candidate.rank,
        "marks": list(candidate.marks),
        "protected": candidate.protected,
    }


class End(NamedTuple):
    """What stands behind the left part: a public suffix, or (`registrable`) a domain that slipped into its place."""

    likelihood: float
    text: str
    techniques: tuple[str, ...]
    registrable: Fqdn | None
    plain: bool
    marks: tuple[str, ...]


def enumerate_candidates(
    protected: tuple[Fqdn, Kind],
    tables: Tables,
    techniques: Sequence[Technique],
    *,
    limit: int = DEFAULT_LIMIT,
    excluded: Collection[str] = (),
    known: Sequence[str] = (),
) -> Iterator[Candidate]:
    """Yield at most `limit` candidates of a protected name, the likeliest first, in an order that never varies.

    Never among them: the name itself, the names above it, what is under it, and what is or is under any name of
    `excluded` (the other protected and the own names; a suffix excludes all below). `known`: labels known to be in
    use under a protected suffix, besides the bundled ones.
    """
    name, kind = protected
    intended = Intended(name, tables)
    pool = _Pool(intended, tables, structural(techniques))
    if kind is Kind.SUFFIX:
        pool.fill_under_suffix(techniques, known)
    else:
        pool.fill(techniques)
    given: set[str] = set()
    rank = 0
    away = Excluded(name, excluded)
    impersonation: dict[tuple[str, ...], float] = {}
    deceives = {technique.NAME: technique.IMPERSONATION for technique in techniques}
    new: Callable[..., Candidate] = tuple.__new__  # what the named tuple's own constructor calls, without the way there
    for negative, text, names, registrable, marks in pool.ordered(limit + limit // 8 + 64):
        if text in given or away.holds(text, registrable):
            continue
        given.add(text)
        rank += 1
        likeness = impersonation.get(names)
        if likeness is None:
            likeness = impersonation[names] = max(deceives[used] for used in names)
        yield new(Candidate, (text, registrable, names, -negative, likeness, rank, marks, name))
        if rank >= limit:
            return


_Row = tuple[float, str, tuple[str, ...], Fqdn | None, tuple[str, ...]]
"""Minus the likelihood, name, techniques, registrable domain, marks: sorts as wanted."""


class _Pool:
    """The slips of one protected name, sorted apart: before the suffix, in the suffix, across both."""

    def __init__(self, intended: Intended, tables: Tables, structure: Collection[str]) -> None:
        self._intended = intended
        self._tables = tables
        self._structure = structure
        self._home = tables.country(intended.suffix)
        self._lefts: list[tuple[float, str, str, tuple[str, ...]]] = []
        self._ends: list[End] = []
        self._single: list[tuple[float, str, tuple[str, ...], End]] = []
        self._whole: list[_Row] = []
        self._late: tuple[Late, End] | None = None
        self._beyond_ascii: set[str] = set()
        self._ascii: dict[str, str | None] = {}
        self._top = intended.suffix.rpartition(".")[2]
        self._taken_here = {ord(one): None for one in intended.left if not one.isascii()}
        self._rules = tables.icann | tables.private

    def fill(self, techniques: Sequence[Technique]) -> None:
        """Take the slips of the protected name itself."""
        own = self._end(Slip(1.0, self._intended.suffix, ()))
        ends = self._take(self._intended, techniques, 1.0, own)
        late = late_slips(self._intended, self._tables, techniques)
        if late is not None and own is not None:
            self._late = (late._replace(likelihood=late.likelihood * own.likelihood), own)
        self._set_ends(ends)
        self._add_left(1.0, self._intended.left, ())
        self._lefts.sort(key=lambda left: (-left[0], left[1]))

    def fill_under_suffix(self, techniques: Sequence[Technique], known: Sequence[str]) -> None:
        """Take the slips of the protected suffix, and those of the labels known under it."""
        intended, tables = self._intended, self._tables
        for slip in slips(intended, tables, techniques):
            self._add_whole(slip)
        ends: list[Slip] = []
        techniques = below_suffix(techniques)
        for label, position in known_labels(intended.suffix, tables, tuple(known)).items():
            prior = known_label(position)
            self._add_left(prior, label, ())
            if position < SLIPPED_LABELS:
                below = Intended(Fqdn(f"{label}.{intended.suffix}"), tables)
                found = self._take(below, techniques, prior, None)
                if position == 0:  # the slips of the suffix are the same behind every label
                    ends = found
                    techniques = [technique for technique in techniques if technique.CHANGES is not Changes.SUFFIX]
        self._set_ends(ends)
        self._lefts.sort(key=lambda left: (-left[0], left[1]))

    def _take(self, name: Intended, techniques: Sequence[Technique], prior: float, own: End | None) -> list[Slip]:
        """Sort the slips of `name` into the pool; returns those of the suffix alone."""
        head, tail, same_domain = name.left + ".", "." + name.suffix, "." + name.labels[-1]
        ends = []
        for slip in slips(name, self._tables, techniques):
            likelihood, text, names = slip
            if text.endswith(tail):
                left = text[: -len(tail)]
                if not left.isascii():
                    self._beyond_ascii.add(left)
                self._add_left(prior * likelihood * both_slips(names, self._structure), left, names)
                if f"{left.rpartition('.')[2]}{tail}" in self._rules:  # `x.gov.ml` for `x.ml`
                    self._add_whole(Slip(prior * likelihood, text, names))
                elif own is not None and possible(left):
                    owner = SAME_OWNER if left.endswith(same_domain) else 1.0
                    self._single.append((-likelihood * own.likelihood * owner, left, names, own))
            elif text.startswith(head):
                ends.append(Slip(likelihood, text[len(head) :], names))
            else:
                self._add_whole(Slip(prior * likelihood, text, names))
        return ends

    def _add_left(self, likelihood: float, left: str, names: tuple[str, ...]) -> None:
        if possible(left):
            self._lefts.append((likelihood, left, left.rpartition(".")[2], names))

    def _add_whole(self, slip: Slip) -> None:
        """A text whose suffix is nobody's: it is looked up."""
        text = slip.text
        suffixes = self._tables.suffixes
        if not possible(text) or not suffixes.is_delegated(text):
            return
        ascii_text = a_labels(text)
        if ascii_text is None or len(ascii_text) > _MAX_NAME:
            return
        suffix = suffixes.public_suffix(ascii_text)
        if self._intended.left and ascii_text == suffix:
            return
        factor, marks = reach(suffix, self._home, self._tables)
        registrable = suffixes.registrable_domain(ascii_text)
        if registrable is not None and not self._takes(text.split(".")[-registrable.count(".") - 1], suffix):
            return
        self._whole.append((-slip.likelihood * factor, ascii_text, slip.techniques, registrable, marks))

    def _set_ends(self, found: Iterable[Slip]) -> None:
        ends = [end for end in map(self._end, found) if end is not None]
        ends.sort(key=lambda end: (-end.likelihood, end.text))
        self._ends = ends

    def _end(self, slip: Slip) -> End | None:
        """The judged end: once per suffix, never per candidate. None when nothing can stand below it."""
        likelihood, text, names = slip
        tables = self._tables
        if text in tables.icann or text in tables.private:
            suffix, registrable = text, None
        else:
            if not possible(text) or not tables.suffixes.is_delegated(text):
                return None
            suffix = tables.suffixes.public_suffix(text)
            registrable = tables.suffixes.registrable_domain(text)
        factor, marks = reach(suffix, self._home, self._tables)
        plain = registrable is None and f"*.{text}" not in tables.icann and f"*.{text}" not in tables.private
        return End(likelihood * factor, text, names, registrable, plain, marks)

    def _takes(self, label: str, suffix: str) -> bool:
        """Whether a registry takes the label; where the protected name stands its own characters are taken."""
        top = suffix.rpartition(".")[2]
        return self._tables.takes(label.translate(self._taken_here) if top == self._top else label, top)

    def _row(self, likelihood: float, left: str, last: str, names: tuple[str, ...], end: End) -> _Row | None:
        """The candidate `left.end`, or None when it cannot exist."""
        text = f"{left}.{end.text}"
        if not left.isascii():
            if end.registrable is None and not self._takes(left.rpartition(".")[2], end.text):
                return None
            if left not in self._ascii:
                self._ascii[left] = a_labels(left)
            ascii_left = self._ascii[left]
            if ascii_left is None:
                return None
            text = f"{ascii_left}.{end.text}"
            last = ascii_left.rpartition(".")[2]
        if len(text) > _MAX_NAME:
            return None
        registrable = end.registrable
        if registrable is None:
            registrable = Fqdn(f"{last}.{end.text}")
            if not end.plain or registrable in self._rules:
                registrable = self._tables.suffixes.registrable_domain(text)
                if registrable is None and text not in self._tables.private:
                    return None
        return (-likelihood, text, names, registrable, end.marks)

    def ordered(self, wanted: int) -> Iterator[_Row]:
        """Every row, the likeliest first; `wanted` sizes the first band, the others double what came before."""
        self._single.sort(key=lambda slip: slip[:2])
        self._whole.sort()
        above = float("inf")
        while True:
            below = self._threshold(wanted)
            band = [*self._singles(above, below), *self._products(above, below)]
            band.sort()
            if self._late is not None and self._late[0].likelihood >= below:
                late, self._late = self._late, None
                likelier = bisect_right(band, -late[0].likelihood, key=_likelihood_of)
                yield from band[:likelier]
                yield from self._late_rows(*late)
                band = band[likelier:]
            yield from band
            if below == 0.0:
                return
            above = below
            wanted *= 2

    def _late_rows(self, late: Late, end: End) -> Iterator[_Row]:
        """Rows that are made only when everything likelier is given: too many to be held and sorted."""
        behind = len(end.text) + 1
        for text in late.texts:
            left = text[:-behind]
            if left not in self._beyond_ascii:
                row = self._row(late.likelihood, left, "", (late.technique,), end)
                self._ascii.pop(left, None)
                if row is not None:
                    yield row

    def _threshold(self, wanted: int) -> float:
        """A likelihood with about `wanted` rows at or above it; 0 when there are fewer in all."""
        if len(self._single) + len(self._whole) + len(self._lefts) * len(self._ends) <= wanted:
            return 0.0
        keys = [-end.likelihood for end in self._ends]
        high, low = 1.0, 1e-18
        for _ in range(40):
            middle = (high * low) ** 0.5
            count = self._count(keys, middle, wanted)
            if count < wanted:
                high = middle
            else:
                low = middle
                if count <= wanted + wanted // 8:
                    break
        return low

    def _singles(self, above: float, below: float) -> Iterator[_Row]:
        """Rows that are no product, with `below` <= likelihood < `above`."""
        first = _likelihood_of
        yield from self._whole[
            bisect_right(self._whole, -above, key=first) : bisect_right(self._whole, -below, key=first)
        ]
        start = bisect_right(self._single, -above, key=first)
        for negative, left, names, end in self._single[start : bisect_right(self._single, -below, key=first)]:
            row = self._row(-negative, left, left.rpartition(".")[2], names, end)
            if row is not None:
                yield row

    def _count(self, keys: Sequence[float], threshold: float, enough: int) -> int:
        count = bisect_right(self._single, -threshold, key=_likelihood_of)
        count += bisect_right(self._whole, -threshold, key=_likelihood_of)
        best = -keys[0] if keys else 0.0
        for likelihood, *_ in self._lefts:
            if likelihood * best < threshold or count > enough * 2:
                break
            count += bisect_right(keys, -threshold / likelihood)
        return count

    def _products(self, above: float, below: float) -> Iterator[_Row]:
        """Rows of a slip in the suffix, with or without one before it, with `below` <= likelihood < `above`."""
        ends, rules = self._ends, self._rules
        keys = [-end.likelihood for end in ends]
        for likelihood, left, last, names in self._lefts:
            start = bisect_right(keys, -above / likelihood)
            stop = bisect_right(keys, -below / likelihood)
            if left == last and len(left) <= _SHORT and left.isascii():
                # nearly all: one label, under a suffix without exceptions
                for chance, suffix, more, registrable, plain, marks in ends[start:stop]:
                    text = f"{left}.{suffix}"
                    if plain and text not in rules:
                        yield -likelihood * chance, text, names + more, Fqdn(text), marks
                    elif (
                        row := self._row(
                            likelihood * chance,
                            left,
                            last,
                            names + more,
                            End(chance, suffix, more, registrable, plain, marks),
                        )
                    ) is not None:
                        yield row
                continue
            for end in ends[start:stop]:
                row = self._row(likelihood * end.likelihood, left, last, names + end.techniques, end)
                if row is not None:
                    yield row


def _likelihood_of(row: Sequence[Any]) -> float:
    negative: float = row[0]
    return negative
