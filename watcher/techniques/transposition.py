"""Two neighbouring characters in the wrong order: `army.mil` becomes `amry.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import exchanged
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import TRANSPOSITION
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "transposition"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.1, 0.4
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Turn round every pair of different neighbours once."""
    for before, label, after, weight in name.places:
        pairs = len(label) - 1
        for at in range(pairs):
            first, second = label[at], label[at + 1]
            if first != second:
                typed = f"{before}{label[:at]}{second}{first}{label[at + 2 :]}{after}"
                yield typed, weight * TRANSPOSITION.at(at, pairs)


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the pair that is turned round, and its label."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is not None and (at := exchanged(place.label, typed)) is not None:
            return f"`{place.label[at : at + 2]}` turned round in `{place.label}`"
    return None
