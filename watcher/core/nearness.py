"""Which of many labels are at most two slips away from a given one, without comparing it with each.

A slip of the keyboard loses, adds, replaces or turns round characters. What is left when the differing ones are taken
away is the same on both sides, in any order: so every label is filed under the sums of its characters' values, with up
to two of them missing, and a lookup takes away one of its own. Turned-round neighbours cost nothing, and a sum of
numbers is made far faster than a text. Two characters too many leave one third of a label as it was: so its thirds
are filed as well. What agrees by chance, or in another order, is compared in full.
"""

from collections.abc import Iterable, Iterator

from watcher.core.edits import common_start

_Table = dict[str, tuple[str, ...]]


class Near:
    """Labels filed for lookup; `add` and `find` are the whole of it."""

    def __init__(self) -> None:
        self._whole: set[str] = set()
        self._lessened: dict[int, tuple[str, ...]] = {}
        self._thirds: dict[int, tuple[_Table, _Table, _Table]] = {}
        self._short: dict[str, tuple[str, ...]] = {}

    def add(self, label: str) -> None:
        """File a label once; what is filed already stays."""
        if label in self._whole:
            return
        self._whole.add(label)
        self._short.clear()
        values = [_VALUES[character] for character in label]
        total = sum(values)
        for key in {total, *_less_one(total, values), *_less_two(total, values)}:
            self._lessened[key] = (*self._lessened.get(key, ()), label)
        size = len(label)
        if size < 3:  # noqa: PLR2004 (no thirds)
            return
        third = size // 3
        parts = (label[:third], label[third : size - third], label[-third:])
        thirds = self._thirds.setdefault(size, ({}, {}, {}))
        for table, part in zip(thirds, parts, strict=True):
            table[part] = (*table.get(part, ()), label)

    def find(self, label: str) -> Iterable[str]:
        """The filed labels at most two slips away, itself included. Two replacements in one label are not sought."""
        if len(label) > _SHORT:
            return self._find(label)
        found = self._short.get(label)
        if found is None:
            if len(self._short) > _KEPT:
                self._short.clear()
            found = self._short[label] = tuple(self._find(label))
        return found

    def _find(self, label: str) -> Iterable[str]:
        value_of = _VALUES
        values = [value_of[character] for character in label]
        total = sum(values)
        keys = [total - value for value in set(values)]
        keys.append(total)
        found: dict[str, None] = {}
        lessened = self._lessened
        if not lessened.keys().isdisjoint(keys):
            first, last = label[0], label[-1]
            for key in keys:
                for one in lessened.get(key, ()):
                    # With both ends changed both slips are spent: what lies between is whole, and that is seen at once.
                    if (one[0] == first or one[-1] == last or one[2:-2] in label) and within_two(one, label):
                        found[one] = None
        found.update(dict.fromkeys(self._shorter_by_two(label)))
        return tuple(found)

    def _shorter_by_two(self, label: str) -> Iterable[str]:
        """The filed labels in which two characters of `label` are missing."""
        size = len(label) - 2
        thirds = self._thirds.get(size)
        if thirds is not None:
            third = size // 3
            heads, middles, tails = thirds
            whole = (heads.get(label[:third]), middles.get(label[third + 1 : -third - 1]), tails.get(label[-third:]))
            return [one for some in whole if some is not None for one in some if _holds(label, one)]
        if size in (1, 2):
            shorter = {label[:at] + label[at + 1 :] for at in range(len(label))}
            return sorted({one[:at] + one[at + 1 :] for one in shorter for at in range(len(one))} & self._whole)
        return ()


_SHORT = 4
_KEPT = 4096
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


def _holds(label: str, one: str) -> bool:
    """Whether the characters of `one` stand in `label` in their order."""
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
    """Whether at most two characters lost, added, replaced or turned round make the one of the other."""
    at = common_start(one, other)
    first, second = one[at:], other[at:]
    if len(first) > len(second) + 2 or len(second) > len(first) + 2:
        return False
    if len(first) <= 2 and len(second) <= 2:  # noqa: PLR2004 (two replacements at most)
        return True
    return (
        _within_one(first[1:], second)
        or _within_one(first, second[1:])
        or _within_one(first[1:], second[1:])
        or (first[:2] == second[1::-1] and _within_one(first[2:], second[2:]))
    )


def _within_one(one: str, other: str) -> bool:
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
