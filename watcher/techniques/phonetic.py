"""Vowels and doubled letters written by ear, once or twice: `wetter.com` becomes `wettar.com`, `witer.com`."""

from collections.abc import Iterator
from functools import lru_cache
from math import fsum
from typing import NamedTuple

from watcher.core.slips.intended import Intended
from watcher.core.slips.tables import Tables
from watcher.core.slips.technique import Amount, Changes, Labels

NAME = "phonetic"
# `core.slips.likelihood`, FINDINGS: 26 % of the exchanges of keys that are no neighbours exchange vowels.
MASS, IMPERSONATION = 0.03, 0.4
CHANGES, LABELS, AMOUNT = Changes.LABEL, Labels.SOUNDING, Amount.FEW

_VOWELS = "aeiouy"
_PAIRS = ("ai", "au", "ay", "ea", "ee", "ei", "eu", "ey", "ia", "ie", "io", "oa", "oe", "oi", "oo", "ou", "ue", "ui")
_SAME_SOUND = frozenset(
    {
        "ai ei",
        "ay ei",
        "ay ey",
        "ei ie",
        "ei ey",
        "ee ea",
        "ee ie",
        "oo ou",
        "au ou",
        "i y",
        "e ea",
        "e ee",
        "i ie",
        "i ee",
    }
    | {"o ou", "o oa", "u oo", "u ou", "y ie", "y ey", "a ai", "i ei", "u ue", "e ei"}
)
"""Pairs that are often one sound: they are written for each other most readily."""
_ALIKE, _OTHER, _DOUBLED, _SINGLED = 1.0, 0.3, 0.6, 1.0
_TWICE = 0.06
"""Two of them, over the product of both."""
_BEST = 40
"""Of so many single changes pairs are made."""


class _Change(NamedTuple):
    """`label[start:end]` written as `text`."""

    weight: float
    start: int
    end: int
    text: str


def generate(name: Intended, _tables: Tables) -> Iterator[tuple[str, float]]:
    """Replace vowels or pairs of vowels of the registrable label, write letters doubled or single: once, and twice."""
    for before, label, after, _ in name.places[:1]:
        changes = _changes(label)
        for weight, start, end, text in changes:
            yield f"{before}{label[:start]}{text}{label[end:]}{after}", weight
        for (weight, start, end, text), (other, begin, finish, typed) in _pairs(changes):
            between = label[end:begin]
            yield f"{before}{label[:start]}{text}{between}{typed}{label[finish:]}{after}", weight * other * _TWICE


def explains(name: Intended, candidate: str, _tables: Tables) -> str | None:
    """Say that the label sounds alike."""
    for place in name.places[:1]:
        typed = place.typed(candidate)
        if typed is not None and abs(len(typed) - len(place.label)) <= 2 * _WIDEST and _ways(place.label, typed):
            return f"`{typed}` sounds like `{place.label}`"
    return None


def weigh(name: Intended, text: str, _tables: Tables) -> tuple[float, float]:
    """Return the weight of `text`, and that of everything `generate` makes."""
    if not name.places:
        return 0.0, 1.0
    (place,) = name.places[:1]
    typed = place.typed(text)
    return (0.0, 1.0) if typed is None else (fsum(_ways(place.label, typed)), _total(place.label))


_WIDEST = 1
"""By so many characters one change makes the label longer or shorter."""


@lru_cache(maxsize=1024)
def _ways(label: str, typed: str) -> tuple[float, ...]:
    """Return the weights of all that makes `typed` of `label`."""
    if abs(len(typed) - len(label)) > 2 * _WIDEST:
        return ()
    changes = _changes(label)
    once = [w for w, start, end, text in changes if label[:start] + text + label[end:] == typed]
    return (*once, *_paired(changes, label, typed))


def _paired(changes: tuple[_Change, ...], label: str, typed: str) -> Iterator[float]:
    for index, first in enumerate(_best(changes)):
        head = label[: first.start] + first.text
        if not typed.startswith(head):
            continue
        for second in _best(changes)[index + 1 :]:
            if (
                second.start >= first.end
                and head + label[first.end : second.start] + second.text + label[second.end :] == typed
            ):
                yield first.weight * second.weight * _TWICE


@lru_cache(maxsize=65536)
def _total(label: str) -> float:
    changes = _changes(label)
    pairs = [first.weight * second.weight * _TWICE for first, second in _pairs(changes)]
    return fsum([*(change.weight for change in changes), *pairs]) or 1.0


def _pairs(changes: tuple[_Change, ...]) -> Iterator[tuple[_Change, _Change]]:
    best = _best(changes)
    for index, first in enumerate(best):
        for second in best[index + 1 :]:
            if second.start >= first.end:
                yield first, second


@lru_cache(maxsize=256)
def _best(changes: tuple[_Change, ...]) -> tuple[_Change, ...]:
    best = sorted(changes, key=lambda change: (-change.weight, change[1:]))[:_BEST]
    return tuple(sorted(best, key=lambda change: change[1:]))


@lru_cache(maxsize=1024)
def _changes(label: str) -> tuple[_Change, ...]:
    return tuple(sorted(set(_vowels(label)) | set(_doubled(label)), key=lambda change: change[1:]))


def _vowels(label: str) -> Iterator[_Change]:
    for at in range(len(label)):
        pair = label[at : at + 2]
        if pair in _PAIRS:
            for other in (*_PAIRS, *_VOWELS):
                if other != pair:
                    yield _Change(_readily(pair, other), at, at + 2, other)
        if label[at] in _VOWELS and not (pair in _PAIRS or label[max(0, at - 1) : at + 1] in _PAIRS):
            for other in (*_VOWELS, *_PAIRS):
                if other != label[at] and (len(other) == 1 or _readily(label[at], other) == _ALIKE):
                    yield _Change(_readily(label[at], other), at, at + 1, other)


def _doubled(label: str) -> Iterator[_Change]:
    for at, letter in enumerate(label):
        if not letter.isalpha() or not letter.isascii():
            continue
        if label[at + 1 : at + 2] == letter:
            yield _Change(_SINGLED, at, at + 2, letter)
        elif label[max(0, at - 1) : at] != letter:
            yield _Change(_DOUBLED, at, at + 1, letter * 2)


def _readily(one: str, other: str) -> float:
    return _ALIKE if f"{one} {other}" in _SAME_SOUND or f"{other} {one}" in _SAME_SOUND else _OTHER
