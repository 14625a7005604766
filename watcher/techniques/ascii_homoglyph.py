"""Letters and digits that look alike: `army.mil` becomes `arrny.mil`, `government` becomes `governrnent`."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "ascii_homoglyph"
# Whoever has no such key writes the letter as they can; how often depends on the writer alone.
MASS, IMPERSONATION = 0.006, 0.85
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW
_TWICE = 0.02
_LONGEST = 24


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Put each lookalike in the place of what it looks like: once, twice, and everywhere at once."""
    for place in name.places or name.registrable:
        for typed, _right, _wrong in _lookalikes(place.label, tables):
            yield f"{place.before}{typed}{place.after}", place.weight
    for place in name.registrable:
        for typed in _twice(place.label, tables):
            yield f"{place.before}{typed}{place.after}", _TWICE


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the lookalike and the characters it stands for."""
    for place in name.places or name.registrable:
        typed = place.typed(candidate)
        if typed is None or len(typed) > 4 * len(place.label):
            continue
        kept = _kept_letters(tables)
        if typed.translate(kept) != place.label.translate(kept):
            continue
        for made, right, wrong in _lookalikes(place.label, tables, typed):
            if made == typed:
                return f"`{wrong}` for `{right}` in `{place.label}`"
        if place is name.registrable[0] and typed in _twice(place.label, tables):
            return f"`{typed}` looks like `{place.label}`"
    return None


@lru_cache(maxsize=4)
def _kept_letters(tables: Tables) -> Mapping[int, str | None]:
    """Return a translation after which all that lookalikes make of a label is the same.

    Letters that stand for each other become one; those that take part in a pair of letters are left out.
    """
    groups: dict[str, frozenset[str]] = {}
    left_out: set[str] = set()
    for pair in tables.lookalikes:
        together = frozenset("".join(pair))
        for text in pair:
            left_out.update("" if len(pair[0]) == len(pair[1]) == 1 else text)
        joined = together.union(*(groups.get(letter, frozenset()) for letter in together))
        groups.update(dict.fromkeys(joined, joined))
    return {ord(letter): None if group & left_out else min(group) for letter, group in groups.items()}


@lru_cache(maxsize=256)
def _twice(label: str, tables: Tables) -> frozenset[str]:
    """Return the texts that two lookalikes make and one does not; none of a very long label, which has too many."""
    if len(label) > _LONGEST:
        return frozenset()
    once = {typed for typed, _, _ in _lookalikes(label, tables)}
    twice = {again for typed in once for again, _, _ in _lookalikes(typed, tables)}
    return frozenset(twice - once - {label})


def _lookalikes(label: str, tables: Tables, typed: str | None = None) -> Iterator[tuple[str, str, str]]:
    """Yield each text with the right and the wrong characters; given `typed`, only those that can have made it."""
    for lookalike, other in tables.lookalikes:
        for right, wrong in ((lookalike, other), (other, lookalike)):
            if right not in label or (typed is not None and wrong not in typed):
                continue
            at = label.find(right)
            first = at
            while at >= 0:
                yield label[:at] + wrong + label[at + len(right) :], right, wrong
                if label.startswith(right, at + len(right)):
                    yield label[:at] + wrong * 2 + label[at + 2 * len(right) :], right, wrong
                at = label.find(right, at + 1)
            if first >= 0 and label.count(right) > 1:
                yield label.replace(right, wrong), right, wrong
