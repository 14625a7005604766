"""Two exchanges for lookalikes, a marked letter among them: `army.com` becomes `árrny.com`, `ármỳ.com`."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "double_homoglyph"
# Whoever has no such key writes the letter as they can; how often depends on the writer alone.
MASS, IMPERSONATION = 0.00001, 0.9
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.ALIKE, Amount.ENDLESS
_Pairs = Mapping[str, tuple[tuple[str, bool], ...]]
"""The lookalikes of each text: with each, whether it is a marked letter."""


def generate(name: Intended, tables: Tables) -> Iterator[tuple[str, float]]:
    """Make every exchange in the registrable label upon every other, of letters that the name's own registry takes.

    Each has the same weight; what several orders make comes several times. Nobody mistypes these: they are for those
    who ask for everything.
    """
    for before, label, after, _ in name.places[:1]:
        pairs = _pairs(tables, _top(name))
        for once, marked in _once(label, pairs):
            for twice, marked_too in _once(once, pairs):
                if (marked or marked_too) and twice != label:
                    yield f"{before}{twice}{after}", 1.0


def explains(name: Intended, candidate: str, tables: Tables) -> str | None:
    """Name the label that is meant; two exchanges are seen at once."""
    for place in name.places[:1]:
        typed = place.typed(candidate)
        if typed is None or typed.isascii() or abs(len(typed) - len(place.label)) > 2 * _WIDEST:
            continue
        once = _made_once(place.label, tables, _top(name))
        for text, marked in _undone(typed, tables, _top(name)):
            if text in once and (marked or once[text]):
                return f"two letters of `{place.label}` by their lookalikes: `{typed}`"
    return None


def weigh(name: Intended, _text: str, tables: Tables) -> tuple[float, float]:
    """Return the weight of each text, and that of all: as if each exchange went with each."""
    if not name.places:
        return 1.0, 0.0
    return 1.0, float(len(_made_once(name.places[0].label, tables, _top(name))) ** 2)


_WIDEST = 2
"""By so many characters one exchange changes the length at most: `mm` written as `rnrn`."""


def _top(name: Intended) -> str:
    return name.suffix.rpartition(".")[2]


@lru_cache(maxsize=64)
def _pairs(tables: Tables, top: str) -> _Pairs:
    """Return the lookalikes that the registry takes, by text; none when it takes no marked letter at all."""
    pairs: dict[str, tuple[tuple[str, bool], ...]] = {}
    for right, glyphs in tables.glyphs.items():
        for twin in glyphs.same + glyphs.marked:
            if tables.takes(twin, top):
                pairs[right] = (*pairs.get(right, ()), (twin, True))
    if pairs:
        for lookalike, other in tables.lookalikes:
            for right, wrong in ((lookalike, other), (other, lookalike)):
                pairs[right] = (*pairs.get(right, ()), (wrong, False))
    return pairs


@lru_cache(maxsize=64)
def _undoing(tables: Tables, top: str) -> _Pairs:
    undoing: dict[str, tuple[tuple[str, bool], ...]] = {}
    for right, wrongs in _pairs(tables, top).items():
        for wrong, marked in wrongs:
            undoing[wrong] = (*undoing.get(wrong, ()), (right, marked))
    return undoing


@lru_cache(maxsize=64)
def _made_once(label: str, tables: Tables, top: str) -> Mapping[str, bool]:
    return dict(_once(label, _pairs(tables, top)))


def _undone(typed: str, tables: Tables, top: str) -> Iterator[tuple[str, bool]]:
    """Yield the texts that `typed` can have been before its last exchange."""
    yield from _once(typed, _undoing(tables, top))


def _once(label: str, pairs: _Pairs) -> Iterator[tuple[str, bool]]:
    """Each exchange in each place, and in two places side by side."""
    for right, wrongs in pairs.items():
        size = len(right)
        at = label.find(right)
        while at >= 0:
            start, end = label[:at], label[at + size :]
            for wrong, marked in wrongs:
                yield f"{start}{wrong}{end}", marked
                if end.startswith(right):
                    yield f"{start}{wrong}{wrong}{end[size:]}", marked
            at = label.find(right, at + 1)
