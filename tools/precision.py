"""Measure how many innocent names resemble a protected one, and how many documented lookalikes do.

    python -m tools.precision FOLDER [EVERY]

FOLDER holds `dotgov-current-full.csv` (https://github.com/cisagov/dotgov-data) and the lists of
https://github.com/MISP/misp-warninglists named below. Half of the .gov names (by SHA-256) is protected; the other half,
universities and popular domains are the innocent ones. What is measured is never among the names that watcher is told
are in honest use. With EVERY only one innocent name of so many is taken. Writes the table and the plot of
`docs/explanation/precision.md`.
"""

import csv
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from watcher.core.errors import InvalidName
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn, parse
from watcher.core.names.protected import parse_protected
from watcher.core.slips.known_names import KnownNames
from watcher.core.slips.resemblance_index import Index
from watcher.core.slips.tables import Tables
from watcher.data import load_tables
from watcher.techniques import ALL

ROOT = Path(__file__).parent.parent
PAIRS = ROOT / "tests" / "property" / "documented_lookalikes.txt"
PAGE, PLOT = ROOT / "docs" / "explanation" / "precision.md", ROOT / "docs" / "explanation" / "precision.svg"
LISTS = {
    "universities": "misp-university_domains.json",
    "popular domains": "misp-majestic_million.json",
}
CUTS = (1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
BEGIN, END = "<!-- figures: python -m tools.precision -->\n", "<!-- end of figures -->\n"
Found = Sequence[Sequence[Resemblance]]
"""For each name that was tried what it resembles; empty where it resembles nothing."""


def protected_half(name: str) -> bool:
    return hashlib.sha256(name.encode()).digest()[0] % 2 == 0


def names(texts: Iterable[str], every: int) -> list[Fqdn]:
    parsed = set()
    for text in texts:
        try:
            parsed.add(parse(text))
        except InvalidName:
            continue
    return [name for name in sorted(parsed) if int(hashlib.sha256(name.encode()).hexdigest(), 16) // 2 % every == 0]


def gov(folder: Path) -> list[str]:
    with (folder / "dotgov-current-full.csv").open(encoding="utf-8", newline="") as file:
        return [row[0] for row in csv.reader(file)]


def innocents(folder: Path, every: int) -> dict[str, list[Fqdn]]:
    sets = {".gov, the other half": names((name for name in gov(folder) if not protected_half(name)), every)}
    for title, file in LISTS.items():
        sets[title] = names(json.loads((folder / file).read_text(encoding="utf-8"))["list"], every)
    return sets


def without(tables: Tables, tried: Iterable[str], protected: Iterable[str]) -> Tables:
    """The tables, with nothing that is tried among the names in honest use."""
    left = {name for name in tables.known.names if not name.endswith(".gov")} | set(protected)
    left -= set(tried)
    return replace(tables, known=KnownNames(lambda: left))


def tried_against(protected: Iterable[str], tried: Mapping[str, Sequence[Fqdn]]) -> dict[str, Found]:
    kept = list(protected)
    tables = without(load_tables(), (name for each in tried.values() for name in each), kept)
    index = Index(tables, ALL)
    for name in kept:
        index.add(*parse_protected(name, tables.suffixes))
    return {title: [index.resembling(name) for name in each] for title, each in tried.items()}


def documented() -> list[tuple[str, str, str]]:
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    return [(first, second, kind) for first, second, kind in (line.split() for line in lines if line[:1] != "#")]


def recalled() -> Found:
    tables = load_tables()
    found = []
    for protected, lookalike, _ in documented():
        index = Index(tables, ALL)
        index.add(*parse_protected(protected, tables.suffixes))
        found.append(index.resembling(parse(lookalike)))
    return found


def share(found: Found, counts: Callable[[Resemblance], bool]) -> float:
    return sum(any(map(counts, each)) for each in found) / len(found)


def at_least(grade: Grade) -> Callable[[Resemblance], bool]:
    return lambda resemblance: resemblance.grade.at_least(grade)


def table(innocent: Mapping[str, Found], pairs: Found) -> str:
    lines = ["| names | tried | block | warn or worse | any |", "|---|---|---|---|---|"]
    for title, found in (*innocent.items(), ("**documented lookalikes**", pairs)):
        cells = [f"{share(found, at_least(grade)):.2%}" for grade in Grade]
        lines.append(f"| {title} | {len(found):,} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def plot(innocent: Found, pairs: Found) -> str:
    """The curve of the likelihood alone, and the three grades, as SVG."""

    def point(counts: Callable[[Resemblance], bool]) -> tuple[float, float]:
        return 60 + 400 * min(1.0, share(innocent, counts) / 0.2), 260 - 220 * share(pairs, counts)

    curve = [point(lambda one, cut=cut: one.likelihood >= cut) for cut in CUTS]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in curve)
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 520 310" font-family="sans-serif" font-size="12">',
        '<title>Innocent names against documented lookalikes</title><rect width="520" height="310" fill="#fff"/>',
        '<path d="M60 40V260H460" fill="none" stroke="#444"/>',
        '<text x="260" y="300" text-anchor="middle">innocent names that are shown (right end: 20 %)</text>',
        '<text x="16" y="150" text-anchor="middle" transform="rotate(-90 16 150)">documented ones that are</text>',
        f'<polyline points="{path}" fill="none" stroke="#888" stroke-dasharray="4 3"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="2.5" fill="#888"/>' for x, y in curve),
        '<text x="330" y="230" fill="#666">grey: by likelihood alone</text>',
    ]
    for grade in Grade:
        x, y = point(at_least(grade))
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="#b00"/>')
        parts.append(f'<text x="{x + 9:.1f}" y="{y + (18 if grade is Grade.NOTE else 4):.1f}">{grade.value}</text>')
    return "\n".join([*parts, "</svg>", ""])


def main(folder: str, every: str = "1") -> None:
    protected = [name for name in gov(Path(folder)) if protected_half(name) and name.endswith(".gov")]
    innocent, pairs = tried_against(protected, innocents(Path(folder), int(every))), recalled()
    shown = table(innocent, pairs)
    print(shown)
    PLOT.write_text(plot([each for found in innocent.values() for each in found], pairs), encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + shown + END + rest.partition(END)[2], encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
