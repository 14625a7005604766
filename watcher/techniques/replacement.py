"""Any character instead of the right one: `army.mil` becomes `arpy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import DIGITS, LETTERS, replaced
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import RARE_CHARACTER, REPLACEMENT
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "replacement"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.05, 0.15
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW
_ALL = LETTERS + DIGITS


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace every character by every letter and digit."""
    for before, label, after, weight in name.places:
        count = len(label)
        for at, right in enumerate(label):
            start, end = before + label[:at], label[at + 1 :] + after
            here = weight * REPLACEMENT.at(at, count)
            for wrong in LETTERS:
                if wrong != right:
                    yield f"{start}{wrong}{end}", here
            for wrong in DIGITS:
                if wrong != right:
                    yield f"{start}{wrong}{end}", here * RARE_CHARACTER


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the right character and the one that stands for it."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is not None and (at := replaced(place.label, typed)) is not None and typed[at] in _ALL:
            return f"`{typed[at]}` for `{place.label[at]}` in `{place.label}`"
    return None
