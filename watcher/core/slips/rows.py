"""Candidates of one kind in falling likelihood, made in bands: the first cost little, and nothing is held.

What differs before the suffix and what differs in it are independent slips, so the many are products of two short
sorted lists.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from watcher.core.names.names import Fqdn
from watcher.core.slips.slip import Late

_SHORT = 63
"""A left part of so many characters stays within the limit under any suffix."""


class End(NamedTuple):
    """The text behind the left part: a public suffix, or (`registrable`) a domain that slipped into its place."""

    likelihood: float
    text: str
    techniques: tuple[str, ...]
    registrable: Fqdn | None
    plain: bool
    marks: tuple[str, ...]


Row = tuple[float, str, tuple[str, ...], Fqdn | None, tuple[str, ...]]
"""Minus the likelihood, name, techniques, registrable domain, marks: sorts as wanted."""
MakeRow = Callable[[float, str, str, tuple[str, ...], End], Row | None]
"""The row of a left part under an end, or None where it cannot exist."""


class Rows:
    """The slips of one kind, sorted apart: before the suffix, in the suffix, across both."""

    def __init__(self, make: MakeRow, rules: frozenset[str]) -> None:
        self._row = make
        self._rules = rules
        self._lefts: list[tuple[float, str, str, tuple[str, ...]]] = []
        self._ends: list[End] = []
        self._single: list[tuple[float, str, tuple[str, ...], End]] = []
        self._whole: list[Row] = []
        self._late: tuple[Late, End] | None = None

    def add_left(self, likelihood: float, left: str, names: tuple[str, ...]) -> None:
        """Add a slip before the suffix, to be combined with those in it."""
        self._lefts.append((likelihood, left, left.rpartition(".")[2], names))

    def add_single(self, likelihood: float, left: str, names: tuple[str, ...], own: End) -> None:
        """Add a slip before the suffix that is not combined."""
        self._single.append((-likelihood, left, names, own))

    def add_whole(self, row: Row) -> None:
        """Add a name as it is."""
        self._whole.append(row)

    def add_late(self, late: Late, own: End) -> None:
        """Add what is made when all that is likelier is given."""
        self._late = (late, own)

    def sort(self, ends: list[End]) -> None:
        """Be ready, with these slips in the suffix, the likeliest first."""
        self._ends = ends
        self._lefts.sort(key=lambda left: (-left[0], left[1]))

    def ordered(self, wanted: int) -> Iterator[Row]:
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

    def _late_rows(self, late: Late, end: End) -> Iterator[Row]:
        """Rows that are made only when everything likelier is given: too many to be held and sorted."""
        behind = len(end.text) + 1
        for text in late.texts:
            row = self._row(late.likelihood, text[:-behind], "", (late.technique,), end)
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

    def _singles(self, above: float, below: float) -> Iterator[Row]:
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

    def _products(self, above: float, below: float) -> Iterator[Row]:
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
