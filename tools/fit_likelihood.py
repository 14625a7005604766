"""Fit weights of `watcher/core/likelihood.py` from real misspellings, and print them beside those in use.

    python tools/fit_likelihood.py [FOLDER]

FOLDER (default: the one in WATCHER_CORPUS) holds `typos/codespell-dictionary.txt`, misspellings of words without
counts. Fitted is what they can tell: how the classes of single slips share, and where in a word each happens (observed
over expected if every place were alike). Dictionaries under-report the first letter and hold few keyboard slips, so the
weights in use lie between these and the counts of mistyped mail domains; nothing is written.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from watcher.core import likelihood
from watcher.core.edits import exchanged, left_out, put_in, replaced
from watcher.core.likelihood import WEIGHTS, Positions
from watcher.data import load_tables

PLACES = ("first", "second", "inner", "last_but_one", "last")
IN_USE = {
    "omission": "OMISSION",
    "transposition": "TRANSPOSITION",
    "repetition": "REPETITION",
    "adjacent_key_replacement": "REPLACEMENT",
    "adjacent_key_insertion": "INSERTION",
}


def words(folder: Path) -> Iterator[tuple[str, str]]:
    """Words and their misspellings, where there is one correction only."""
    for line in (folder / "typos" / "codespell-dictionary.txt").read_text(encoding="utf-8").splitlines():
        typed, _, intended = line.partition("->")
        if re.fullmatch("[a-z]{5,12}", intended) and re.fullmatch("[a-z]{3,15}", typed):
            yield intended, typed


def classified(intended: str, typed: str) -> tuple[str, int, int] | None:
    """The class of a single slip, its place and how many places there are; None when it takes more."""
    count = len(intended)
    if (at := left_out(intended, typed)) is not None:
        return "omission", at, count
    if (at := exchanged(intended, typed)) is not None:
        return "transposition", at, count - 1
    if (at := put_in(intended, typed)) is not None:
        if at > 0 and intended[at - 1] == typed[at]:
            return "repetition", at - 1, count
        near = any(beside(other, typed[at]) for other in intended[max(at - 1, 0) : at + 1])
        return ("adjacent_key_insertion" if near else "insertion"), at, count + 1
    if (at := replaced(intended, typed)) is None:
        return None
    vowels = intended[at] in "aeiou" and typed[at] in "aeiou"
    other = "adjacent_key_replacement" if beside(intended[at], typed[at]) else "replacement"
    return ("vowel_swap" if vowels else other), at, count


def beside(one: str, other: str) -> bool:
    keys = load_tables().keyboards["en"]
    return one in keys and other in keys[one].row + keys[one].near


def place(at: int, count: int) -> str:
    numbered = Positions(*map(float, range(len(PLACES))))
    return PLACES[int(numbered.at(at, count))]


def main(folder: str) -> None:
    classes: Counter[str] = Counter()
    seen: dict[str, Counter[str]] = {}
    expected: dict[str, Counter[str]] = {}
    for intended, typed in words(Path(folder)):
        found = classified(intended, typed)
        if found is None:
            classes["(more than one)"] += 1
            continue
        kind, at, count = found
        classes[kind] += 1
        seen.setdefault(kind, Counter())[place(at, count)] += 1
        for other in range(count):
            expected.setdefault(kind, Counter())[place(other, count)] += 1 / count
    slips = sum(number for kind, number in classes.items() if kind in WEIGHTS)
    mass = sum(WEIGHTS[kind].mass for kind in classes if kind in WEIGHTS)
    print(f"{slips:,} single slips, {classes['(more than one)']:,} others\n")
    print(f"{'share of single slips':28} fitted  in use")
    for kind, number in classes.most_common():
        if kind in WEIGHTS:
            print(f"{kind:28} {number / slips:6.1%}  {WEIGHTS[kind].mass / mass:6.1%}")
    print(f"\n{'place':28} " + "  ".join(f"{name:>12}" for name in PLACES))
    for kind, name in IN_USE.items():
        fitted = [seen[kind][one] / expected[kind][one] for one in PLACES]
        print(f"{kind:28} " + "  ".join(f"{value:12.2f}" for value in fitted))
        print(f"{'  in use':28} " + "  ".join(f"{value:12.2f}" for value in getattr(likelihood, name)))


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("WATCHER_CORPUS")
    if given is None:
        sys.exit("name the folder, or set WATCHER_CORPUS")
    main(given)
