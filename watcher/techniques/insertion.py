"""Any character too many: `army.mil` becomes `arkmy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import DIGITS, LETTERS, put_in
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import INSERTION, RARE_CHARACTER
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "insertion"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.09, 0.15
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW
_ALL = LETTERS + DIGITS


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Put every letter and digit into every gap, also before the first and after the last character."""
    for before, label, after, weight in name.places:
        gaps = len(label) + 1
        for at in range(gaps):
            start, end = before + label[:at], label[at:] + after
            here = weight * INSERTION.at(at, gaps)
            for extra in LETTERS:
                yield f"{start}{extra}{end}", here
            for extra in DIGITS:
                yield f"{start}{extra}{end}", here * RARE_CHARACTER


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the character that is too many."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is not None and (at := put_in(place.label, typed)) is not None and typed[at] in _ALL:
            return f"`{typed[at]}` put into `{place.label}`"
    return None
