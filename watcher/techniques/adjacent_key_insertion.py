"""A neighbouring key hit together with the right one: `army.mil` becomes `artmy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import put_in
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import DIGIT_ROW, INSERTED_AFTER, INSERTED_BEFORE, INSERTION, OTHER_ROW, SAME_ROW
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "adjacent_key_insertion"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.125, 0.2
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Put each neighbour of every character right after and right before it."""
    for before, label, after, weight in name.places:
        gaps = len(label) + 1
        for at, character in enumerate(label):
            head, tail = before + label[:at], label[at + 1 :] + after
            here = weight * INSERTED_BEFORE * INSERTION.at(at, gaps)
            there = weight * INSERTED_AFTER * INSERTION.at(at + 1, gaps)
            for layout in name.layouts:
                keys = layout.get(character)
                if keys is None:
                    continue
                for neighbours, share in ((keys.row, SAME_ROW), (keys.near, OTHER_ROW), (keys.digits, DIGIT_ROW)):
                    for key in neighbours:
                        yield f"{head}{character}{key}{tail}", there * share
                        yield f"{head}{key}{character}{tail}", here * share


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the extra key and the key it was hit beside."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None or (at := put_in(place.label, typed)) is None:
            continue
        # In a run of the same character any of them may be the one put in: what counts stands at the run's two ends.
        extra = typed[at]
        start = at
        while start > 0 and typed[start - 1] == extra:
            start -= 1
        beside = ([typed[start - 1]] if start > 0 else []) + ([typed[at + 1]] if at + 1 < len(typed) else [])
        for character in beside:
            if _neighbours(name, character, extra):
                return f"the key `{extra}` hit beside `{character}` in `{place.label}`"
    return None


def _neighbours(name: Intended, character: str, other: str) -> bool:
    for layout in name.layouts:
        keys = layout.get(character)
        if keys is not None and (other in keys.row or other in keys.near or other in keys.digits):
            return True
    return False
