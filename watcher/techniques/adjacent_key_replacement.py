"""A neighbouring key hit instead of the right one: `army.mil` becomes `atmy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import replaced
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import DIGIT_ROW, OTHER_ROW, REPLACEMENT, SAME_ROW
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "adjacent_key_replacement"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.14, 0.2
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace every character by each of its neighbours, on QWERTY and on the keyboard of the name's country."""
    for before, label, after, weight in name.places:
        count = len(label)
        for at, character in enumerate(label):
            start, end = before + label[:at], label[at + 1 :] + after
            here = weight * REPLACEMENT.at(at, count)
            for layout in name.layouts:
                keys = layout.get(character)
                if keys is None:
                    continue
                for key in keys.row:
                    yield f"{start}{key}{end}", here * SAME_ROW
                for key in keys.near:
                    yield f"{start}{key}{end}", here * OTHER_ROW
                for key in keys.digits:
                    yield f"{start}{key}{end}", here * DIGIT_ROW


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the neighbouring key and the right one."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None or (at := replaced(place.label, typed)) is None:
            continue
        right, wrong = place.label[at], typed[at]
        for layout in name.layouts:
            keys = layout.get(right)
            if keys is not None and (wrong in keys.row or wrong in keys.near or wrong in keys.digits):
                return f"the neighbouring key `{wrong}` for `{right}` in `{place.label}`"
    return None
