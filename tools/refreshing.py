"""Write a refreshed table of bundled data, unless it looks cut: shared by the `refresh_*` tools.

A table is counted in words: what stands between blanks on lines that are no comment. One with none, or with more than a
fifth fewer than the table it replaces, is refused; `--force` writes it all the same.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_LOST = 0.2


def take_force() -> None:
    """Take `--force` off the arguments and remember it, before the others are read."""
    _FORCED.update(argument for argument in sys.argv if argument == "--force")
    sys.argv[:] = [argument for argument in sys.argv if argument != "--force"]


_FORCED: set[str] = set()


def replace(target: Path, text: str, encoding: str = "utf-8") -> None:
    """Write `text` to `target`; ends the tool with one line where it looks cut and `--force` was not given."""
    new = words(text)
    old = words(target.read_text(encoding=encoding)) if target.exists() else 0
    if not _FORCED:
        if new == 0:
            sys.exit(f"{target.name}: the input gives nothing; nothing was written (--force writes it all the same)")
        if new < old * (1 - MOST_LOST):
            lost = 1 - new / old
            sys.exit(
                f"{target.name}: {new} words where there were {old}, {lost:.0%} fewer: is the input cut? "
                "Nothing was written (--force writes it all the same)"
            )
    target.write_text(text, encoding=encoding)


def words(text: str) -> int:
    """The size of a table."""
    return sum(len(line.split()) for line in text.splitlines() if not line.lstrip().startswith("#"))


def csv_rows(source: str | Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV with a heading; ends the tool where a field holds a line break, as after a broken quote."""
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            values = [value for value in row.values() if isinstance(value, str)]
            if None in row or len(values) < len(row):
                sys.exit(f"{source}: row {number} has not as many fields as the heading; nothing was written")
            if any("\n" in value or "\r" in value for value in values):
                sys.exit(
                    f"{source}: a field of row {number} holds a line break: a quote is broken. Nothing was written"
                )
            yield row
