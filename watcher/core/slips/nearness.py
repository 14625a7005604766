"""An index of labels that finds those at most two slips away from a given one, without comparing it with each.

A slip of the keyboard loses, adds, replaces or turns round characters. What is left when the differing ones are taken
away is the same on both sides, in any order: so every label is filed under the sums of its characters' values, with up
to two of them missing, and a lookup takes away one of its own. Turned-round neighbours cost nothing, and a sum of
numbers is made far faster than a text. Two characters too many leave one third of a label as it was: so its thirds
are filed as well. What agrees by chance, or in another order, is compared in full.
"""

from collections.abc import Iterable, Iterator

from watcher.core.slips.edits import common_start

_Part = dict[str, tuple[tuple[str, frozenset[str]], ...]]
"""A part of labels of one length -> the labels with the characters they have."""


class Near:
    """Labels filed for lookup; `add` and `find` are the whole of it."""

    def __init__(self) -> None:
        self._whole: set[str] = set()
        self._lessened: dict[int, str | tuple[str, ...]] = {}
        self._seen = bytearray(_FEWEST)
        self._thirds: dict[int, tuple[_Part, _Part, _Part]] = {}

    def add(self, label: str) -> None:
        """File a label once; what is filed already stays."""
        if label in self._whole:
            return
        self._whole.add(label)
        values = [_VALUES[character] for character in label]
        total = sum(values)
        keys = {total, *_less_one(total, values), *_less_two(total, values)}
        lessened = self._lessened
        for key in keys:
            here = lessened.get(key)
            # Most keys lead to one label alone: it stands there itself, without a tuple around it.
            lessened[key] = label if here is None else (*((here,) if isinstance(here, str) else here), label)
        self._mark(keys)
        size = len(label)
        if size < 3:  # noqa: PLR2004 (no thirds)
            return
        third = size // 3
        parts = (label[:third], label[third : size - third], label[-third:])
        thirds = self._thirds.setdefault(size, ({}, {}, {}))
        filed = (label, frozenset(label))
        for table, part in zip(thirds, parts, strict=True):
            table[part] = (*table.get(part, ()), filed)

    def _mark(self, keys: Iterable[int]) -> None:
        """Note the keys in the small table that is asked first: that one stays in the processor's cache."""
        if len(self._lessened) * _SPARSE > len(self._seen):
            self._seen = bytearray(len(self._seen) * 4)
            keys = self._lessened
        seen = self._seen
        mask = len(seen) - 1
        for key in keys:
            seen[key & mask] |= 1 << (key >> _BIT & 7)

    def __contains__(self, label: str) -> bool:
        return label in self._whole

    def __iter__(self) -> Iterator[str]:
        return iter(self._whole)

    def find(self, label: str) -> tuple[str, ...]:
        """Return the filed labels at most two slips away, itself included. Two replacements are not sought."""
        values = list(map(_value_of, label))
        total = sum(values)
        values.append(0)
        seen = self._seen
        mask = len(seen) - 1
        found: dict[str, None] = {}
        keys = map(total.__sub__, values)
        for key in [key for key in keys if (byte := seen[key & mask]) and byte >> (key >> _BIT & 7) & 1]:
            if key in self._lessened:
                found.update(dict.fromkeys(self._lacking(key, label)))
        size = len(label) - 2
        thirds = self._thirds.get(size)
        if thirds is not None:
            third = size // 3
            heads, middles, tails = thirds
            head, tail = heads.get(label[:third], ()), tails.get(label[-third:], ())
            middle = middles.get(label[third + 1 : -third - 1], ())
            if head or middle or tail:
                letters = set(label)
                for item, its in (*head, *middle, *tail):
                    if its <= letters and _holds(label, item):
                        found[item] = None
        elif size in (1, 2):
            lost = {label[:at] + label[at + 1 :] for at in range(len(label))}
            lost = {item[:at] + item[at + 1 :] for item in lost for at in range(len(item))}
            found.update(dict.fromkeys(sorted(lost & self._whole)))
        return tuple(found) if found else ()

    def _lacking(self, key: int, label: str) -> Iterator[str]:
        """Yield the labels filed under a key that really are near."""
        here = self._lessened[key]
        first, last = label[0], label[-1]
        for item in (here,) if isinstance(here, str) else here:
            # With both ends changed both slips are spent: what lies between is whole, and that is seen at once.
            if (item[0] == first or item[-1] == last or item[2:-2] in label) and within_two(item, label):
                yield item


_FEWEST = 1 << 12
_SPARSE = 3
"""So many bytes of the small table to each key at least, so that few keys are looked up in vain."""
_BIT = 40
"""The place in a key of the number of the bit that it sets in its byte: beyond what names the byte."""
_MASK = (1 << 61) - 1


class _Values(dict[str, int]):
    """A number for each character, so large that sums of a few hardly ever agree by chance; the same in every run."""

    def __missing__(self, character: str) -> int:
        mixed = (ord(character) + 1) * 0x9E3779B97F4A7C15 & (1 << 64) - 1
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9 & (1 << 64) - 1
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EB & (1 << 64) - 1
        value = self[character] = (mixed ^ mixed >> 31) & _MASK >> 6
        return value


_VALUES = _Values()
_value_of = _VALUES.__getitem__


def _holds(label: str, one: str) -> bool:
    """Return whether the characters of `one` stand in `label` in their order."""
    rest = iter(label)
    return all(character in rest for character in one)


def _less_one(total: int, values: list[int]) -> Iterator[int]:
    for value in set(values):
        yield total - value


def _less_two(total: int, values: list[int]) -> Iterator[int]:
    for index, value in enumerate(values):
        for other in values[index + 1 :]:
            yield total - value - other


def within_two(one: str, other: str) -> bool:
    """Return whether at most two characters lost, added, replaced or turned round make the one of the other."""
    at = common_start(one, other)
    first, second = one[at:], other[at:]
    if len(first) > len(second) + 2 or len(second) > len(first) + 2:
        return False
    if len(first) <= 2 and len(second) <= 2:  # noqa: PLR2004 (two replacements at most)
        return True
    return (
        within_one(first[1:], second)
        or within_one(first, second[1:])
        or within_one(first[1:], second[1:])
        or (first[:2] == second[1::-1] and within_one(first[2:], second[2:]))
    )


def within_one(one: str, other: str) -> bool:
    """Return whether at most one character lost, added, replaced or turned round makes the one of the other."""
    if one == other:
        return True
    grown = len(other) - len(one)
    if grown > 1 or grown < -1:
        return False
    at = common_start(one, other)
    if grown == 1:
        return one[at:] == other[at + 1 :]
    if grown == -1:
        return one[at + 1 :] == other[at:]
    return one[at + 1 :] == other[at + 1 :] or (
        one[at : at + 2] == other[at : at + 2][::-1] and one[at + 2 :] == other[at + 2 :]
    )


def consonants(label: str) -> str:
    """Return the consonants of a label in their order, doubled ones once: labels that sound alike have the same."""
    rest = label.translate(_NO_VOWELS)
    return "".join(letter for at, letter in enumerate(rest) if at == 0 or rest[at - 1] != letter)


_NO_VOWELS = dict.fromkeys(map(ord, "aeiouy"))
