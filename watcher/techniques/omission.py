"""One character left out: `army.mil` becomes `amy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import left_out
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import OMISSION
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "omission"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.22, 0.35
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Leave out every character of every label before the suffix once."""
    for before, label, after, weight in name.places:
        count = len(label)
        if count > 1:
            for at in range(count):
                yield f"{before}{label[:at]}{label[at + 1 :]}{after}", weight * OMISSION.at(at, count)


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the character that is missing, and its label."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is not None and (at := left_out(place.label, typed)) is not None:
            return f"`{place.label[at]}` left out of `{place.label}`"
    return None
