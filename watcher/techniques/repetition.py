"""One character doubled: `army.mil` becomes `armmy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import put_in
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import REPETITION
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "repetition"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.06, 0.4
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Write every character of every label before the suffix twice."""
    for before, label, after, weight in name.places:
        count = len(label)
        for at in range(count):
            yield f"{before}{label[:at]}{label[at]}{label[at:]}{after}", weight * REPETITION.at(at, count)


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the doubled character, and its label."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None or (at := put_in(place.label, typed)) is None:
            continue
        if at > 0 and typed[at] == typed[at - 1]:
            return f"`{typed[at]}` doubled in `{place.label}`"
    return None
