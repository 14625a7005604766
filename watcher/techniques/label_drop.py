"""A label forgotten: `us.army.mil` becomes `us.mil`, `mod.gov.uk` becomes `mod.uk`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "label_drop"
# `core.likelihood`, FINDINGS: missing dot, dropped label and dot to hyphen with a mass of 0.02-0.03 each.
MASS, IMPERSONATION = 0.03, 0.3
CHANGES, LABELS, AMOUNT = Changes.STRUCTURE, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Leave out every label but the last once, and everything between the first label and the suffix.

    The name's own parents come out too: together with a slip of the suffix they are `army.ml` for `us.army.mil`.
    """
    labels = name.text.split(".")
    count = len(labels)
    fewest = 2 if name.left else 1
    if count - 1 >= fewest:
        for at in range(count - 1):
            yield ".".join(labels[:at] + labels[at + 1 :]), 1.0
    hosts = len(name.labels)
    if hosts > 2:  # noqa: PLR2004 (with two, leaving out one label has done it)
        yield f"{labels[0]}.{name.suffix}", 1.0


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the labels that are missing."""
    if len(candidate) >= len(name.text) or (candidate, 1.0) not in set(generate(name, tables)):
        return None
    there = candidate.split(".")
    gone = [label for label in name.text.split(".") if label not in there]
    shown = " and ".join(f"`{label}`" for label in gone) or "a label"
    return f"{shown} forgotten"
