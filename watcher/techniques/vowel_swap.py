"""One vowel for another: `army.mil` becomes `ermy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import replaced
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import REPLACEMENT
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "vowel_swap"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.03, 0.3
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW
_VOWELS = "aeiou"


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace every vowel by every other vowel."""
    for before, label, after, weight in name.places:
        count = len(label)
        for at, right in enumerate(label):
            if right in _VOWELS:
                for wrong in _VOWELS:
                    if wrong != right:
                        typed = f"{before}{label[:at]}{wrong}{label[at + 1 :]}{after}"
                        yield typed, weight * REPLACEMENT.at(at, count)


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the right vowel and the one that stands for it."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None or (at := replaced(place.label, typed)) is None:
            continue
        if typed[at] in _VOWELS and place.label[at] in _VOWELS:
            return f"the vowel `{typed[at]}` for `{place.label[at]}` in `{place.label}`"
    return None
