"""Compile `watcher/data/gov_labels.txt` from the public list of .gov names.

    python tools/refresh_gov_labels.py current-full.csv DATE

The list is published at https://github.com/cisagov/dotgov-data; DATE is that of the copy. Who serves more people comes
first: the federal government, then states, counties, cities and districts, each in alphabetical order.
"""

import csv
import sys
import textwrap
from pathlib import Path

TARGET = Path(__file__).parent.parent / "watcher" / "data" / "gov_labels.txt"
HEADER = """\
# Labels registered below gov: the federal government's, then states', counties', cities' and all others'.
# Date: {date}
# Source: https://github.com/cisagov/dotgov-data (current-full.csv)
# Licence: CC0
# Refresh: python tools/refresh_gov_labels.py current-full.csv DATE
"""
ORDER = ("Federal", "State", "County", "City")


def main(source: str, date: str) -> None:
    with Path(source).open(encoding="utf-8", newline="") as file:
        rows = [(row["Domain name"].strip().lower(), row["Domain type"]) for row in csv.DictReader(file)]
    place = {start: number for number, start in enumerate(ORDER)}
    labels = {
        name.removesuffix(".gov"): next((place[start] for start in ORDER if kind.startswith(start)), len(ORDER))
        for name, kind in rows
        if name.endswith(".gov") and name.count(".") == 1
    }
    if len(labels) < 5_000:
        sys.exit(f"only {len(labels)} names: is it the full list?")
    ordered = sorted(labels, key=lambda label: (labels[label], label))
    lines = textwrap.wrap(" ".join(ordered), 118, break_long_words=False, break_on_hyphens=False)
    TARGET.write_text(HEADER.format(date=date) + "\n".join(lines) + "\n", encoding="ascii")
    print(f"{TARGET.name}: {len(ordered)} labels")


if __name__ == "__main__":
    main(*sys.argv[1:])
