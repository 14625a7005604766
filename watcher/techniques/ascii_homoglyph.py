"""Letters and digits that look alike: `army.mil` becomes `arrny.mil`, `government` becomes `governrnent`."""

from collections.abc import Iterator

from watcher.core.intended import Intended
from watcher.core.tables import Tables

NAME = "ascii_homoglyph"


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Each lookalike put in the place of what it looks like: once, and everywhere at once."""
    for place in name.places:
        for typed, _right, _wrong in _lookalikes(place.label, tables):
            yield f"{place.before}{typed}{place.after}", place.weight


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """What stands for what."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None or abs(len(typed) - len(place.label)) > len(place.label):
            continue
        for made, right, wrong in _lookalikes(place.label, tables):
            if made == typed:
                return f"`{wrong}` for `{right}` in `{place.label}`"
    return None


def _lookalikes(label: str, tables: Tables) -> Iterator[tuple[str, str, str]]:
    for one, other in tables.lookalikes:
        for right, wrong in ((one, other), (other, one)):
            at = label.find(right)
            first = at
            while at >= 0:
                yield label[:at] + wrong + label[at + len(right) :], right, wrong
                at = label.find(right, at + 1)
            if first >= 0 and label.count(right) > 1:
                yield label.replace(right, wrong), right, wrong
