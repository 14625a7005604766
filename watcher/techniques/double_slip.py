"""Two slips in one label, or one wider than a key: `government.gov` becomes `govermnet.gov`, `army.mil` `arymy.mil`."""

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from watcher.core.edits import common_start
from watcher.core.intended import Intended
from watcher.core.likelihood import DOUBLE, DOUBLED_SYLLABLE, INSERTION, MOVED, OMISSION, REPETITION, TRANSPOSITION
from watcher.core.tables import Tables

NAME = "double_slip"
_VOWELS = "aeiou"
_BEST = 90
"""Of how many single slips pairs are made: the pairs grow with the square, and the rest is not worth its cost."""


class _Edit(NamedTuple):
    """`label[start:end]` written as `text`."""

    weight: float
    start: int
    end: int
    text: str


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Two single slips one after the other in the registrable label; two letters lost, doubled, or moved by two.

    The single slips are those that really come in pairs: a letter lost, doubled or hit beside its neighbour, two
    turned round, a vowel for another.
    """
    for before, label, after, _ in name.places[:1]:
        for weight, start, end, text in _wide(label):
            yield f"{before}{label[:start]}{text}{label[end:]}{after}", weight
        edits = _edits(name)
        for index, (weight, start, end, text) in enumerate(edits):
            head = f"{before}{label[:start]}{text}"
            for other, begin, finish, typed in edits[index + 1 :]:
                if begin >= end and (text or typed or len(label) > 2):  # noqa: PLR2004 (something must remain)
                    yield f"{head}{label[end:begin]}{typed}{label[finish:]}{after}", weight * other


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Which part was written how."""
    for place in name.places[:1]:
        typed, label = place.typed(candidate), place.label
        if typed is None or abs(len(typed) - len(label)) > 2:  # noqa: PLR2004 (two slips)
            continue
        if any(label[:start] + text + label[end:] == typed for _, start, end, text in _wide(label)) or _paired(
            _edits(name), label, typed
        ):
            return f"two slips in `{label}`: `{typed}`"
    return None


def _paired(edits: tuple[_Edit, ...], label: str, typed: str) -> bool:
    alike = common_start(label, typed) + 1
    grown = len(typed) - len(label)
    for index, (_, start, end, text) in enumerate(edits):
        if start > alike:
            return False
        head = label[:start] + text
        if not typed.startswith(head):
            continue
        left = grown - len(text) + end - start
        for _, begin, finish, extra in edits[index + 1 :]:
            if begin < end or len(extra) - finish + begin != left or not typed.endswith(label[finish:]):
                continue
            if head + label[end:begin] + extra + label[finish:] == typed:
                return True
    return False


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
    """The likeliest single slips of the registrable label, from its beginning to its end."""
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
            beside = DOUBLE.adjacent * INSERTION.at(at + 1, count + 1) / count
            made += [_Edit(beside, at + 1, at + 1, key) for key in (keys.row if keys is not None else "")]
        if character in _VOWELS:
            made += [_Edit(DOUBLE.vowel / count, at, at + 1, other) for other in _VOWELS if other != character]
    best = sorted(made, key=lambda edit: (-edit.weight, edit[1:]))[:_BEST]
    return tuple(sorted(best, key=lambda edit: edit[1:]))
