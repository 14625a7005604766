"""A dot instead of a letter: `mildenhall.com` becomes `mil.enhall.com`, a host of `enhall.com`."""

from collections.abc import Iterator

from watcher.core.slips.edits import replaced
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "dot_for_letter"
# `core.likelihood`, FINDINGS: missing dot, dropped label and dot to hyphen with a mass of 0.02-0.03 each.
MASS, IMPERSONATION = 0.002, 0.2
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace every inner character of the registrable label by a dot; in a host label it changes no owner."""
    for before, label, after, _weight in name.places[:1]:
        for at in range(1, len(label) - 1):
            yield f"{before}{label[:at]}.{label[at + 1 :]}{after}", 1.0


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the character that the dot replaced."""
    for place in name.places[:1]:
        typed, label = place.typed(candidate), place.label
        if typed is None or (at := replaced(label, typed)) is None:
            continue
        if typed[at] == "." and 0 < at < len(label) - 1:
            return f"a dot for `{label[at]}` in `{label}`"
    return None
