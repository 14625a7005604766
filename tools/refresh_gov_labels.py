"""Compile `watcher/data/gov_labels.txt` from the public list of .gov names.

    python tools/refresh_gov_labels.py current-full.csv DATE

The list is published at https://github.com/cisagov/dotgov-data; DATE is that of the copy. Who serves more people comes
first: the federal government, then states, counties, cities and districts, each in alphabetical order.
"""

import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools.refreshing import csv_rows, replace, take_force  # noqa: E402 (a tool runs from a checkout)

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
    rows = [(row["Domain name"].strip().lower(), row["Domain type"]) for row in csv_rows(source)]
    place = {start: number for number, start in enumerate(ORDER)}
    labels = {
        name.removesuffix(".gov"): next((place[start] for start in ORDER if kind.startswith(start)), len(ORDER))
        for name, kind in rows
        if name.endswith(".gov") and name.count(".") == 1
    }
    ordered = sorted(labels, key=lambda label: (labels[label], label))
    lines = textwrap.wrap(" ".join(ordered), 118, break_long_words=False, break_on_hyphens=False)
    replace(TARGET, HEADER.format(date=date) + "\n".join(lines) + "\n", "ascii")
    print(f"{TARGET.name}: {len(ordered)} labels")


if __name__ == "__main__":
    take_force()
    main(*sys.argv[1:])
