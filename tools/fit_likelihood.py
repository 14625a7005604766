"""Fit the weights of `watcher/core/slips/fitted.py` from real misspellings.

    python tools/fit_likelihood.py [--write | --check] [FOLDER]

FOLDER (default: the one in WATCHER_CORPUS) holds `typos/codespell-dictionary.txt`, misspellings of words without
counts. Fitted is what they can tell: where in a word each class of slip happens (observed over expected if every place
were alike). Dictionaries under-report the first letter and the last, so each weight is the mean of theirs and of what
was counted in mistyped mail domains (`MAIL`); of inserted neighbouring keys they know next to nothing, and the mail
domains stand alone. `--write` writes the file, `--check` fails where it differs. Printed are the weights, and how the
classes of single slips share beside the masses in use, which follow the tail of mail domains instead.
"""

import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from watcher.core.slips.edits import exchanged, left_out, put_in, replaced
from watcher.core.slips.likelihood import Positions
from watcher.data import load_tables
from watcher.techniques import WEIGHTS

PLACES = ("first", "second", "inner", "last_but_one", "last")
MAIL = {
    "omission": ((0.6, 0.5, 1.1, 1.0, 1.6), 46),
    "transposition": ((0.5, 1.0, 1.3, 1.0, 0.65), 28),
    "adjacent_key_replacement": ((0.96, 1.4, 1.0, 1.0, 0.6), 69),
    "adjacent_key_insertion": ((0.34, 1.2, 1.1, 1.0, 1.15), 85),
    "repetition": ((1.0, 1.0, 0.8, 1.0, 1.5), 24),
}
"""Of mistyped mail domains (370 distinct): the same by place, 1 where too few were seen, and how many."""
MAIL_ALONE = {"adjacent_key_insertion"}
TARGET = Path(__file__).parent.parent / "watcher" / "core" / "slips" / "fitted.py"
HEADER = '"""Weights by the place of a slip, written by `python tools/fit_likelihood.py --write`: not by hand."""'


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


def fit(folder: Path) -> tuple[Counter[str], dict[str, tuple[tuple[float, ...], int]]]:
    """How many slips of each class there are, and the weights by place with how many slips of words they rest on."""
    classes: Counter[str] = Counter()
    seen: dict[str, Counter[str]] = {}
    expected: dict[str, Counter[str]] = {}
    for intended, typed in words(folder):
        found = classified(intended, typed)
        if found is None:
            classes["(more than one)"] += 1
            continue
        kind, at, count = found
        classes[kind] += 1
        seen.setdefault(kind, Counter())[place(at, count)] += 1
        for other in range(count):
            expected.setdefault(kind, Counter())[place(other, count)] += 1 / count
    fitted = {}
    for kind, (mail, _) in MAIL.items():
        of_words = [seen[kind][one] / expected[kind][one] for one in PLACES]
        both = mail if kind in MAIL_ALONE else [(one + other) / 2 for one, other in zip(of_words, mail, strict=True)]
        fitted[kind] = tuple(round(one, 2) for one in both), 0 if kind in MAIL_ALONE else classes[kind]
    return classes, fitted


def written(fitted: dict[str, tuple[tuple[float, ...], int]]) -> str:
    """The module."""
    lines = [HEADER, "", "from collections.abc import Mapping", "", "PLACES: Mapping[str, tuple[float, ...]] = {"]
    for kind, (weights, count) in fitted.items():
        of_words = f"{count:,} misspellings of words (codespell's dictionary) and " if count else ""
        lines += [f"    # {of_words}{MAIL[kind][1]} mistyped mail domains", f'    "{kind}": {weights},']
    text = f'"""Technique -> observed over expected frequency by place: {", ".join(PLACES)}."""'
    return "\n".join([*lines, "}", text, ""])


def main(*given: str) -> None:
    options = {one for one in given if one.startswith("--")}
    folders = [one for one in given if one not in options] or [os.environ.get("WATCHER_CORPUS", "")]
    if not folders[0]:
        sys.exit("name the folder, or set WATCHER_CORPUS")
    classes, fitted = fit(Path(folders[0]))
    slips = sum(number for kind, number in classes.items() if kind in WEIGHTS)
    mass = sum(WEIGHTS[kind].mass for kind in classes if kind in WEIGHTS)
    print(f"{slips:,} single slips, {classes['(more than one)']:,} others\n")
    print(f"{'share of single slips':28} fitted  in use")
    for kind, number in classes.most_common():
        if kind in WEIGHTS:
            print(f"{kind:28} {number / slips:6.1%}  {WEIGHTS[kind].mass / mass:6.1%}")
    print(f"\n{'place':28} " + "  ".join(f"{name:>12}" for name in PLACES))
    for kind, (weights, _) in fitted.items():
        print(f"{kind:28} " + "  ".join(f"{value:12.2f}" for value in weights))
    module = written(fitted)
    if "--write" in options:
        TARGET.write_text(module, encoding="utf-8")
    elif "--check" in options and TARGET.read_text(encoding="utf-8") != module:
        sys.exit(f"{TARGET.name} is not what the fit says: run it with --write")


if __name__ == "__main__":
    main(*sys.argv[1:])
