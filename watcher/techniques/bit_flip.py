"""One bit of one character flipped in a faulty memory: `army.mil` becomes `ermy.mil`."""

from collections.abc import Iterator

from watcher.core.slips.edits import DIGITS, LETTERS, replaced
from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "bit_flip"
# A bit flips in nobody's typing, but such names are registered: all of them have their place in the first 1,000.
MASS, IMPERSONATION = 0.012, 0.1
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.FEW
_ALLOWED = frozenset(LETTERS + DIGITS + "-")
_BITS = (1, 2, 4, 8, 16, 64)  # 32 turns lower case into upper case, which is the same name


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Flip every bit of every ASCII character in place, where a character of a name comes out."""
    for before, label, after, weight in name.places:
        for at, right in enumerate(label):
            for wrong in _flipped(right):
                yield f"{before}{label[:at]}{wrong}{label[at + 1 :]}{after}", weight


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the right character and the one it became."""
    for place in name.places:
        typed = place.typed(candidate)
        if (
            typed is not None
            and (at := replaced(place.label, typed)) is not None
            and typed[at] in _flipped(place.label[at])
        ):
            return f"one bit between `{place.label[at]}` and `{typed[at]}` in `{place.label}`"
    return None


def _flipped(character: str) -> list[str]:
    if not character.isascii():
        return []
    return [other for bit in _BITS if (other := chr(ord(character) ^ bit).lower()) in _ALLOWED and other != character]
