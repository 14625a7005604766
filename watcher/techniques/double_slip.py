"""Two slips in one label, or one wider than a key: `government.gov` becomes `govermnet.gov`, `army.mil` `arymy.mil`."""

from collections.abc import Iterator
from functools import lru_cache
from math import fsum
from typing import NamedTuple

from watcher.core.slips.edits import common_start
from watcher.core.slips.intended import Intended
from watcher.core.slips.likelihood import (
    DOUBLE,
    DOUBLED_SYLLABLE,
    INSERTED_AFTER,
    INSERTED_BEFORE,
    INSERTION,
    MOVED,
    OMISSION,
    OTHER_ROW,
    REPETITION,
    REPLACEMENT,
    SAME_ROW,
    TRANSPOSITION,
)
from watcher.core.slips.nearness import within_two
from watcher.core.slips.tables import Neighbours, Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "double_slip"
# `core.likelihood`, FINDINGS, "Mass and tail": class masses that cost nothing in counts and hold most distinct strings.
MASS, IMPERSONATION = 0.04, 0.25
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.NEAR, Amount.MANY
_VOWELS = "aeiou"
_BEST = 105
"""Of how many single slips pairs are made: the pairs grow with the square, and the rest is not worth its cost."""


class _Edit(NamedTuple):
    """`label[start:end]` written as `text`."""

    weight: float
    start: int
    end: int
    text: str


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Make two single slips one after the other in the registrable label; two letters lost, doubled, or moved by two.

    The single slips are those that really come in pairs: a letter lost, doubled or hit beside its neighbour, two
    turned round, a vowel for another.
    """
    for before, label, after, _ in name.places[:1]:
        for weight, start, end, text in _wide(label):
            yield f"{before}{label[:start]}{text}{label[end:]}{after}", weight
        for (weight, start, end, text), (other, begin, finish, typed) in _pairs(name):
            between = label[end:begin]
            yield f"{before}{label[:start]}{text}{between}{typed}{label[finish:]}{after}", weight * other


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Name the label and the text with two slips that was typed for it."""
    for place in name.places[:1]:
        typed, label = place.typed(candidate), place.label
        if typed is None or not within_two(label, typed):
            continue
        if _ways(name, typed):
            return f"two slips in `{label}`: `{typed}`"
    return None


def weigh(name: Intended, text: str, _tables: Tables) -> tuple[float, float]:
    """Return the weight of `text`, and that of everything `generate` makes, without writing thousands of texts."""
    (place,) = name.places[:1]
    typed = place.typed(text)
    return (0.0, 1.0) if typed is None else (fsum(_ways(name, typed)), _total(name))


@lru_cache(maxsize=256)
def _ways(name: Intended, typed: str) -> tuple[float, ...]:
    """Return the weights of all that makes `typed` of the registrable label; kept, as `weigh` follows `explains`."""
    label = name.places[0].label
    wide = (item.weight for item in _wide(label) if label[: item.start] + item.text + label[item.end :] == typed)
    return (*wide, *_paired(_edits(name), label, typed))


@lru_cache(maxsize=65536)
def _total(name: Intended) -> float:
    pairs = (pair.weight * other.weight for pair, other in _pairs(name))
    return fsum([*pairs, *(wide.weight for wide in _wide(name.places[0].label))])


def _pairs(name: Intended) -> Iterator[tuple[_Edit, _Edit]]:
    edits, count = _edits(name), len(name.places[0].label)
    for index, edit in enumerate(edits):
        for other in edits[index + 1 :]:
            if other.start >= edit.end and _together(edit, other, count):
                yield edit, other


def _paired(edits: tuple[_Edit, ...], label: str, typed: str) -> Iterator[float]:
    """Yield the weight of every pair of edits that makes `typed`."""
    alike = common_start(label, typed) + 1
    grown = len(typed) - len(label)
    changed_until = len(label) - common_start(label[::-1], typed[::-1])
    for index, edit in enumerate(edits):
        if edit.start > alike:
            return
        head = label[: edit.start] + edit.text
        if not typed.startswith(head):
            continue
        left = grown - len(edit.text) + edit.end - edit.start
        for other in edits[index + 1 :]:
            _, begin, finish, text = other
            if finish < changed_until or begin < edit.end or len(text) - finish + begin != left:
                continue
            made = head + label[edit.end : begin] + text + label[finish:]
            if made == typed and _together(edit, other, len(label)):
                yield edit.weight * other.weight


def _together(one: _Edit, other: _Edit, count: int) -> bool:
    """Return whether two edits make a pair: something must remain; with a replacement only a loss or turn was seen."""
    if count <= 2 and not one.text and not other.text:  # noqa: PLR2004 (two letters)
        return False
    if _replaces(one):
        return not (_replaces(other) or other.start == other.end)
    return not (_replaces(other) and one.start == one.end)


def _replaces(edit: _Edit) -> bool:
    return len(edit.text) == 1 and edit.end - edit.start == 1


def _wide(label: str) -> Iterator[_Edit]:
    count = len(label)
    for at in range(count - 1):
        pair = label[at : at + 2]
        if count > 2:  # noqa: PLR2004 (something must remain)
            yield _Edit(MOVED, at, at + 2, "")
        yield _Edit(DOUBLED_SYLLABLE, at, at, pair)
    for at in range(count - 2):
        first, second, third = tuple(label[at : at + 3])
        for text in dict.fromkeys((third + second + first, second + third + first, third + first + second)):
            if text != label[at : at + 3]:
                yield _Edit(MOVED, at, at + 3, text)


@lru_cache(maxsize=512)
def _edits(name: Intended) -> tuple[_Edit, ...]:
    """Return the likeliest single slips of the registrable label, from its beginning to its end."""
    label = name.places[0].label
    count = len(label)
    made: list[_Edit] = []
    for at, character in enumerate(label):
        made.append(_Edit(DOUBLE.omission * OMISSION.at(at, count) / count, at, at + 1, ""))
        made.append(_Edit(DOUBLE.repetition * REPETITION.at(at, count) / count, at, at, character))
        if at + 1 < count and label[at + 1] != character:
            weight = DOUBLE.transposition * TRANSPOSITION.at(at, count - 1) / count
            made.append(_Edit(weight, at, at + 2, label[at + 1] + character))
        for layout in name.layouts:
            keys = layout.get(character)
            if keys is not None:
                made += _inserted(keys, at, count)
                for beside, share in ((keys.row, SAME_ROW), (keys.near, OTHER_ROW)):
                    weight = DOUBLE.replaced * share * REPLACEMENT.at(at, count) / count
                    made += [_Edit(weight, at, at + 1, key) for key in beside]
        if character in _VOWELS:
            made += [_Edit(DOUBLE.vowel / count, at, at + 1, other) for other in _VOWELS if other != character]
    best = sorted(dict.fromkeys(made), key=lambda edit: (-edit.weight, edit[1:]))[:_BEST]
    return tuple(sorted(best, key=lambda edit: edit[1:]))


def _inserted(keys: Neighbours, at: int, count: int) -> Iterator[_Edit]:
    """Yield the neighbouring keys hit right before or right behind the one at `at`."""
    for place, side in ((at + 1, INSERTED_AFTER), (at, INSERTED_BEFORE)):
        for beside, share in ((keys.row, SAME_ROW), (keys.near, OTHER_ROW)):
            weight = DOUBLE.adjacent * side * share * INSERTION.at(place, count + 1) / count
            yield from (_Edit(weight, place, place, key) for key in beside)
