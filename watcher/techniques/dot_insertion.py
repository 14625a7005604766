"""A dot inside a label: `mildenhall.mil` becomes `milden.hall.mil`, a host of `hall.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import put_in
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "dot_insertion"
# `core.likelihood`, FINDINGS: missing dot, dropped label and dot to hyphen with a mass of 0.02-0.03 each.
MASS, IMPERSONATION = 0.004, 0.2
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Put a dot between any two characters of the registrable label; in a host label it changes no owner."""
    for before, label, after, weight in name.registrable:
        for at in range(1, len(label)):
            yield f"{before}{label[:at]}.{label[at:]}{after}", weight


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the label that the dot came into."""
    for place in name.registrable:
        typed = place.typed(candidate)
        if typed is None or (at := put_in(place.label, typed)) is None:
            continue
        if typed[at] == "." and 0 < at < len(place.label):
            return f"a dot in `{place.label}`"
    return None
