"""A word before or after the label, with or without a hyphen: `army.mil` becomes `armymail.mil`, `secure-army.mil`."""

from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "word_added"
# Whoever has no such key writes the letter as they can; how often depends on the writer alone.
MASS, IMPERSONATION = 0.006, 0.7
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.KEPT, Amount.FEW


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Put every bundled word on either side of the registrable label."""
    for before, label, after, _weight in name.places[:1]:
        for word, weight in tables.words.items():
            yield f"{before}{label}{word}{after}", weight
            yield f"{before}{label}-{word}{after}", weight
            yield f"{before}{word}{label}{after}", weight
            yield f"{before}{word}-{label}{after}", weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the added word, and the side of the label it stands on."""
    for place in name.places[:1]:
        typed = place.typed(candidate)
        if typed is None or len(typed) <= len(place.label):
            continue
        if typed.startswith(place.label):
            word = typed[len(place.label) :]
            if (word.removeprefix("-")) in tables.words:
                return f"`{word.removeprefix('-')}` after `{place.label}`"
        if typed.endswith(place.label):
            word = typed[: -len(place.label)]
            if (word.removesuffix("-")) in tables.words:
                return f"`{word.removesuffix('-')}` before `{place.label}`"
    return None
