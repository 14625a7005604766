"""A letter with a mark written without its key: `münchen.de` becomes `munchen.de`, `muenchen.de`."""

import unicodedata
from collections.abc import Iterator

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "transliteration"
# Whoever has no such key writes the letter as they can; how often depends on the writer alone.
MASS, IMPERSONATION = 0.2, 0.6
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.OTHER, Amount.FEW
_SPELT_OUT = {
    "ä": "ae",
    "ö": "oe",
    "ü": "ue",
    "ß": "ss",
    "å": "aa",
    "æ": "ae",
    "ø": "oe",
    "œ": "oe",
    "þ": "th",
    "ð": "d",
    "ñ": "ny",
    "ı": "i",
    "ł": "l",
    "đ": "d",
}


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Write every marked letter of a label at once without its mark, or spelt out."""
    for before, label, after, weight in name.places:
        for typed in _written(label):
            yield f"{before}{typed}{after}", weight


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the text that stands for the label."""
    for place in name.places:
        if (typed := place.typed(candidate)) is not None and typed in _written(place.label):
            return f"`{typed}` for `{place.label}`"
    return None


def _written(label: str) -> tuple[str, ...]:
    if label.isascii():
        return ()
    plain = "".join(_plain(character) for character in label)
    spelt = "".join(_SPELT_OUT.get(character) or _plain(character) for character in label)
    return tuple(dict.fromkeys(typed for typed in (plain, spelt) if typed != label))


def _plain(character: str) -> str:
    base = unicodedata.normalize("NFD", character)[0]
    return base if base != character else _SPELT_OUT.get(character, character)[0]
