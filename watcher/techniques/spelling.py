"""Another spelling that sounds the same: `defence.gov` becomes `defense.gov`, `centre.uk` becomes `center.uk`."""

from collections.abc import Iterator
from functools import lru_cache

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "spelling"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.02, 0.5
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Write each sound of a label in its other spellings, British or American, with single or doubled letters: once."""
    for before, label, after, weight in name.places:
        for typed, _right, _wrong, readily in _spelt(label, tables):
            yield f"{before}{typed}{after}", weight * readily


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the right letters and those that stand for them."""
    for place in name.places:
        typed = place.typed(candidate)
        if typed is None:
            continue
        found = _by_text(place.label, tables).get(typed)
        if found is not None:
            return f"`{found[1]}` for `{found[0]}` in `{place.label}`"
    return None


@lru_cache(maxsize=1024)
def _by_text(label: str, tables: Tables) -> dict[str, tuple[str, str]]:
    made: dict[str, tuple[str, str]] = {}
    for typed, right, wrong, _ in _spelt(label, tables):
        made.setdefault(typed, (right, wrong))
    return made


def _spelt(label: str, tables: Tables) -> Iterator[tuple[str, str, str, float]]:
    for spelling, other, weight in tables.spellings:
        for right, wrong in ((spelling, other), (other, spelling)):
            letters, instead = right.removesuffix("$"), wrong.removesuffix("$")
            at = label.find(letters)
            while at >= 0:
                end = at + len(letters)
                if right == letters or end == len(label) or label[end] == "-":
                    yield label[:at] + instead + label[end:], letters, instead, weight
                at = label.find(letters, at + 1)
