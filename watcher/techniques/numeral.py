"""A number as numeral or word: `first-army.mil` becomes `1st-army.mil`, `group4.com` becomes `groupfour.com`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "numeral"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.004, 0.5
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW
_ALONE = 4.0
_INSIDE = 1.0


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Write each numeral of the registrable label as word, and each word as numeral."""
    for before, label, after, _weight in name.places[:1]:
        for typed, _right, _wrong, readily in _counted(label, tables):
            yield f"{before}{typed}{after}", readily


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the number as it is and as it was written."""
    for place in name.places[:1]:
        typed = place.typed(candidate)
        if typed is None:
            continue
        for made, right, wrong, _ in _counted(place.label, tables, typed):
            if made == typed:
                return f"`{wrong}` for `{right}` in `{place.label}`"
    return None


def _counted(label: str, tables: Tables, typed: str | None = None) -> Iterator[tuple[str, str, str, float]]:
    """Yield each text with its right and wrong part and its weight; given `typed`, none that cannot have made it."""
    for group in tables.numerals:
        if typed is not None and not any(wrong in typed for wrong in group):
            continue
        for right in group:
            at = label.find(right)
            while at >= 0:
                end = at + len(right)
                alone = (at == 0 or label[at - 1] == "-") and (end == len(label) or label[end] == "-")
                for wrong in group:
                    # one word for another is the business of sounds, not of numbers
                    if wrong != right and (wrong[0].isdigit() or right[0].isdigit()):
                        yield label[:at] + wrong + label[end:], right, wrong, _ALONE if alone else _INSIDE
                at = label.find(right, at + 1)
