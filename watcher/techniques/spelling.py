"""Another spelling that sounds the same: `defence.gov` becomes `defense.gov`, `centre.uk` becomes `center.uk`."""

from collections.abc import Iterator

from watcher.core.intended import Intended
from watcher.core.tables import Tables

NAME = "spelling"


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Each sound of a label in its other spellings, British or American, with single or doubled letters: once."""
    for before, label, after, weight in name.places:
        for typed, _right, _wrong, readily in _spelt(label, tables):
            yield f"{before}{typed}{after}", weight * readily


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Which letters stand for which."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None:
            continue
        for made, right, wrong, _ in _spelt(place.label, tables):
            if made == typed:
                return f"`{wrong}` for `{right}` in `{place.label}`"
    return None


def _spelt(label: str, tables: Tables) -> Iterator[tuple[str, str, str, float]]:
    for one, other, weight in tables.spellings:
        for right, wrong in ((one, other), (other, one)):
            letters, instead = right.removesuffix("$"), wrong.removesuffix("$")
            at = label.find(letters)
            while at >= 0:
                end = at + len(letters)
                if right == letters or end == len(label) or label[end] == "-":
                    yield label[:at] + instead + label[end:], letters, instead, weight
                at = label.find(letters, at + 1)
