"""The picture of the space around one protected name: candidates by technique and likelihood, coloured by state."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from watcher.store.resembling_rows import ResemblingRow

_LEAST, _MOST = -9, 0
"""Powers of ten between which likelihoods are told apart."""
_IN_A_DECADE = 4
_SPAN, _LEFT, _ROW, _TOP = 580, 150, 26, 8
_MOST_DOTS = 300
_IN_A_CELL = 6

Cell = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Cloud:
    """The candidates of one technique and about one likelihood, that do not exist as far as is known: their number."""

    x: float
    y: float
    radius: float
    number: int
    technique: str


@dataclass(frozen=True, slots=True)
class Dot:
    """One lookalike."""

    x: float
    y: float
    name: str
    unicode: str
    ability: str


@dataclass(frozen=True, slots=True)
class TechniqueRow:
    """One line of the picture, and of the table behind it."""

    technique: str
    y: float
    candidates: int
    able: int
    unable: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture; `ticks` are (place, likelihood in words)."""

    width: float
    height: float
    left: float
    clouds: tuple[Cloud, ...]
    dots: tuple[Dot, ...]
    rows: tuple[TechniqueRow, ...]
    ticks: tuple[tuple[float, str], ...]


def counted(candidates: Iterable[Mapping[str, Any]]) -> Counter[Cell]:
    """Return how many candidates there are of each technique and about each likelihood."""
    return Counter((str(row["techniques"][0]), _bin(float(row["likelihood"]))) for row in candidates)


def picture(cells: Mapping[Cell, int], seen: Sequence[ResemblingRow]) -> Picture:
    """Draw the candidates, and over them the lookalikes that were seen; the techniques with most candidates on top."""
    totals: Counter[str] = Counter()
    for (technique, _), number in cells.items():
        totals[technique] += number
    states: Counter[tuple[str, str]] = Counter()
    for row in seen:
        states[_technique(row), row.ability] += 1
        totals.setdefault(_technique(row), 0)
    order = sorted(totals, key=lambda technique: (-totals[technique], technique))
    places = {technique: _TOP + _ROW * (place + 0.5) for place, technique in enumerate(order)}
    rows = tuple(
        TechniqueRow(
            technique,
            places[technique],
            totals[technique],
            *(states[technique, ability] for ability in ("able", "unable", "unknown")),
        )
        for technique in order
    )
    bins = [*(cell for _, cell in cells), *(_bin(row.likelihood) for row in seen)] or [0]
    first, last = min(bins) // _IN_A_DECADE, max(bins) // _IN_A_DECADE + 1
    width = _SPAN / (last - first) / _IN_A_DECADE

    def across(cell: float) -> float:
        return round(_LEFT + width * (cell - first * _IN_A_DECADE + 0.5), 1)

    clouds = tuple(
        Cloud(across(cell), places[technique], round(1.5 + 2.2 * math.log10(number), 1), number, technique)
        for (technique, cell), number in sorted(cells.items())
        if number
    )
    height = _TOP + _ROW * len(order) + 24
    ticks = tuple((across(place * _IN_A_DECADE - 0.5), _power(place + _LEAST)) for place in range(first, last + 1))
    dots = tuple(_dots(seen, places, across))
    return Picture(_LEFT + _SPAN + 24, height, _LEFT, clouds, dots, rows, ticks)


def _dots(
    seen: Sequence[ResemblingRow], places: Mapping[str, float], across: Callable[[float], float]
) -> Iterable[Dot]:
    """Yield the lookalikes side by side in their cells; able ones last, so that nothing covers them."""
    filled: Counter[Cell] = Counter()
    able_first = sorted(seen, key=lambda row: row.ability != "able")[:_MOST_DOTS]
    for row in reversed(able_first):
        cell = (_technique(row), _bin(row.likelihood))
        place = filled[cell]
        filled[cell] += 1
        aside = (place % _IN_A_CELL - (_IN_A_CELL - 1) / 2) * 3.4 if place else 0.0
        up = (place // _IN_A_CELL % 3) * 4.5
        yield Dot(round(across(cell[1]) + aside, 1), round(places[cell[0]] - up, 1), row.name, row.unicode, row.ability)


def _technique(row: ResemblingRow) -> str:
    return row.techniques[0] if row.techniques else "other"


def _bin(likelihood: float) -> int:
    power = math.log10(likelihood) if likelihood > 0 else _LEAST
    return min((_MOST - _LEAST) * _IN_A_DECADE - 1, max(0, int((power - _LEAST) * _IN_A_DECADE)))


def _power(power: int) -> str:
    return f"{10**power:g}" if power >= -3 else f"10{str(power).translate(_RAISED)}"  # noqa: PLR2004 (as people read it)


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
