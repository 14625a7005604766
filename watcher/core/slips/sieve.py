"""A sieve for streams of names: which of many may resemble something, told by arithmetic over whole blocks of bytes.

It lets through too many, never too few: what passes is explained by the careful path. Hashes of labels and of parts of
labels are looked up in tables of bits; a hash of a sum does not depend on order, so that letters turned round cost
nothing. Names that are not plain LDH in lower case always pass.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.slips.nearness import consonants
from watcher.core.slips.resemblance_index import Contents, Index

_Bytes = NDArray[np.uint8]
_Hashes = NDArray[np.uint64]
_Places = NDArray[np.int64]

_BITS = 25
"""A table of bits has 2 ** 25 of them: 4 MiB."""
_SMALL_BITS = 20
_RADIX = np.uint64(0x9E3779B97F4A7C15 | 1)
_DOT, _HYPHEN, _LINE = 46, 45, 10
_ALONE, _AT_AN_END, _ANYWHERE = 3, 5, 8
"""The sizes from which a label counts between hyphens, at an end, anywhere (`containment`)."""
_START = 4


def _values() -> _Hashes:
    """A number for each byte, so large that sums of a few hardly ever agree by chance."""
    mixed = np.arange(1, 257, dtype=np.uint64) * np.uint64(0xD1342543DE82EF95)
    for _ in range(2):
        mixed ^= mixed >> np.uint64(29)
        mixed *= np.uint64(0xBF58476D1CE4E5B9)
    return mixed ^ (mixed >> np.uint64(32))


_VALUE = _values()
_VOWEL = np.zeros(256, dtype=bool)
_VOWEL[list(b"aeiouy")] = True
_PLAIN = np.zeros(256, dtype=bool)
_PLAIN[list(b"abcdefghijklmnopqrstuvwxyz0123456789-.")] = True


class _Bits:
    """A set of hashes, as bits: two for each."""

    def __init__(self, hashes: Iterable[int] | _Hashes, bits: int = _BITS) -> None:
        self._shift = np.uint64(64 - bits)
        self._other = np.uint64(0x94D049BB133111EB)
        made = hashes if isinstance(hashes, np.ndarray) else np.fromiter(hashes, dtype=np.uint64)
        self._table = np.zeros((1 << bits) // 8, dtype=np.uint8)
        for places in (made * _RADIX >> self._shift, made * self._other >> self._shift):
            np.bitwise_or.at(
                self._table, places >> np.uint64(3), np.uint8(1) << (places & np.uint64(7)).astype(np.uint8)
            )

    def holds(self, hashes: _Hashes) -> NDArray[np.bool_]:
        """Return for each hash whether it may be in the set."""
        places = hashes * _RADIX >> self._shift
        found: NDArray[np.bool_] = (
            self._table[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & 1
        ).view(np.bool_)
        if found.any():
            at = np.flatnonzero(found)
            places = hashes[at] * self._other >> self._shift
            found[at] = (self._table[places >> np.uint64(3)] >> (places & np.uint64(7)).astype(np.uint8) & 1).view(
                np.bool_
            )
        return found


class Sieve:
    """Tells which lines of a block may resemble something."""

    def __init__(self, filed: Contents) -> None:
        labels = [label for label in filed.labels if label.isascii()]
        self._near = _Bits(_lessened(labels))
        self._thirds = _Bits(_third_hashes(labels), _SMALL_BITS + 3)
        self._sums = _Bits((_sum(label) for label in labels), _SMALL_BITS)
        self._labels = _Bits(map(_ordered, labels))
        self._texts = _Bits(map(_ordered, (text for text in (*filed.texts, *filed.labels) if text.isascii())))
        self._whole = _Bits(map(_ordered, (text for text in filed.whole if text.isascii())))
        self._sounds = _Bits((_sum(consonants(label)) for label in labels if len(consonants(label)) > 1), _BITS)
        self._soundless = any(len(consonants(label)) <= 1 for label in labels)
        self._words = _Bits((_ordered(form) for word in filed.words for form in (word, f"-{word}")), _SMALL_BITS)
        self._prefixed = _Bits((_ordered(form) for word in filed.words for form in (word, f"{word}-")), _SMALL_BITS)
        inside = [text for text in filed.inside if text.isascii()]
        self._ends = {
            size: _Bits(map(_ordered, (text for text in inside if len(text) == size)), _SMALL_BITS)
            for size in range(_AT_AN_END, _ANYWHERE)
            if any(len(text) == size for text in inside)
        }
        self._long = _Bits(_ordered(text[:_ANYWHERE]) for text in inside if len(text) >= _ANYWHERE)
        joined = set(inside) - set(labels)
        self._short = {
            size: _Bits(map(_ordered, (text for text in joined if len(text) == size)), _SMALL_BITS)
            for size in range(_START, _ANYWHERE)
            if any(len(text) == size for text in joined)
        }
        self._pieces = _Bits((_ordered(text.split("-")[0]) for text in inside if len(text) >= _ALONE), _SMALL_BITS + 3)
        self._powers: _Hashes = np.empty(0, dtype=np.uint64)
        self._inverse: _Hashes = np.empty(0, dtype=np.uint64)

    def passing(self, block: bytes) -> _Places:
        """Return the numbers of those lines of `block` that may resemble something; it ends with a line's end."""
        data = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(data == _LINE)
        starts = np.concatenate(([0], ends[:-1] + 1))
        number = np.zeros(len(data), dtype=np.int64)
        number[ends[:-1] + 1] = 1
        number = np.cumsum(number)
        passes = np.zeros(len(ends), dtype=bool)
        odd = ~_PLAIN[data]
        odd[ends] = False
        passes[number[odd]] = True
        passes[data[ends - 1] == _DOT] = True
        for at in _occurrences(data, b"xn--"):
            passes[number[at]] = True
        self._reach(len(data) + 1)
        ordered = np.zeros(len(data) + 1, dtype=np.uint64)
        np.cumsum(_VALUE[data] * self._powers[: len(data)], out=ordered[1:])
        passes[self._whole_lines(ordered, starts, ends)] = True
        separators = (data == _DOT) | (data == _LINE)
        finish = np.flatnonzero(separators)
        begin = np.concatenate(([0], finish[:-1] + 1))
        kept = data[finish] == _DOT  # the last label is the top-level one
        kept &= finish > begin
        begin, finish = begin[kept], finish[kept]
        owner = number[begin]
        undecided = ~passes[owner]
        begin, finish, owner = begin[undecided], finish[undecided], owner[undecided]
        hit = self._labels_pass(data, ordered, begin, finish)
        hit |= self._texts.holds(self._hash(ordered, starts[owner], finish))
        passes[owner[hit]] = True
        return np.flatnonzero(passes)

    def _whole_lines(self, ordered: _Hashes, starts: _Places, ends: _Places) -> _Places:
        return np.flatnonzero(self._whole.holds(self._hash(ordered, starts, ends)))

    def _labels_pass(self, data: _Bytes, ordered: _Hashes, begin: _Places, finish: _Places) -> NDArray[np.bool_]:
        """Return for each label whether it may be filed, near what is filed, or hold it."""
        if not len(begin):
            return np.zeros(0, dtype=bool)
        hit = self._texts.holds(self._hash(ordered, begin, finish))
        size = finish - begin
        which = np.repeat(np.arange(len(begin)), size)
        offset = np.arange(len(which)) - np.repeat(np.cumsum(size) - size, size)
        place = begin[which] + offset
        letters = data[place]
        values = _VALUE[letters]
        first = np.cumsum(size) - size
        sums = np.add.reduceat(values, first)
        hit |= self._near.holds(sums)
        hit[which[self._near.holds(sums[which] - values)]] = True
        hit |= self._two_more(values, first, sums, self._share_a_third(ordered, begin, finish) & ~hit)
        hit |= self._same_sound(letters, which, len(begin))
        self._ends_pass(hit, ordered, begin, finish, which, place, offset)
        self._inside_pass(hit, ordered, begin, finish, which, place, letters)
        return hit

    def _share_a_third(self, ordered: _Hashes, begin: _Places, finish: _Places) -> NDArray[np.bool_]:
        """Return for each label whether a third of it is that of a filed one with two characters less."""
        size = finish - begin - 2
        third = np.maximum(size, 0) // 3
        found: NDArray[np.bool_] = (size > 0) & (third == 0)
        at = np.flatnonzero(third > 0)
        start, end, part = begin[at], finish[at], third[at]
        salt = (size[at].astype(np.uint64) << np.uint64(2)) * _RADIX
        spans = ((start, start + part), (start + part + 1, end - part - 1), (end - part, end))
        for number, (first, last) in enumerate(spans):
            found[at] |= self._thirds.holds(self._hash(ordered, first, last) + salt + np.uint64(number))
        return found

    def _two_more(self, values: _Hashes, first: _Places, sums: _Hashes, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return for each label that is `wanted` whether it may be a filed one with two characters more."""
        found: NDArray[np.bool_] = np.zeros(len(first), dtype=bool)
        size = np.diff(np.append(first, len(values)))
        for length in np.unique(size[wanted]):
            at = np.flatnonzero((size == length) & wanted)
            if length < 3:  # noqa: PLR2004 (nothing would remain)
                continue
            rows = values[first[at][:, None] + np.arange(length)]
            for gap in range(1, int(length)):
                pairs = rows[:, gap:] + rows[:, :-gap]
                found[at] |= self._sums.holds((sums[at][:, None] - pairs).ravel()).reshape(pairs.shape).any(axis=1)
        return found

    def _same_sound(self, letters: _Bytes, which: _Places, count: int) -> NDArray[np.bool_]:
        """Return for each label whether it has the consonants of a filed one."""
        kept = ~_VOWEL[letters]
        spoken, of = letters[kept], which[kept]
        new = np.ones(len(spoken), dtype=bool)
        new[1:] = (spoken[1:] != spoken[:-1]) | (of[1:] != of[:-1])
        spoken, of = spoken[new], of[new]
        heard = np.bincount(of, minlength=count)
        sums = np.zeros(count, dtype=np.uint64)
        if len(of):
            starts = np.flatnonzero(np.concatenate(([True], of[1:] != of[:-1])))
            sums[of[starts]] = np.add.reduceat(_VALUE[spoken], starts)
        found = self._sounds.holds(sums) & (heard > 1)
        return found | (heard <= 1) if self._soundless else found

    def _ends_pass(  # noqa: PLR0917 (columns of one table)
        self,
        hit: NDArray[np.bool_],
        ordered: _Hashes,
        begin: _Places,
        finish: _Places,
        which: _Places,
        place: _Places,
        offset: _Places,
    ) -> None:
        """Mark labels that begin or end with a filed one: beside a word, or long enough alone."""
        inner = (offset > 0) & ~hit[which]
        split, of = place[inner], which[inner]
        after = self._words.holds(self._hash(ordered, split, finish[of]))
        before = self._prefixed.holds(self._hash(ordered, begin[of], split))
        owner, at = of[after], split[after]
        hit[owner[self._labels.holds(self._hash(ordered, begin[owner], at))]] = True
        owner, at = of[before], split[before]
        hit[owner[self._labels.holds(self._hash(ordered, at, finish[owner]))]] = True
        size = finish - begin
        for length, bits in self._ends.items():
            at = np.flatnonzero((size > length) & ~hit)
            hit[at[bits.holds(self._hash(ordered, begin[at], begin[at] + length))]] = True
            hit[at[bits.holds(self._hash(ordered, finish[at] - length, finish[at]))]] = True

    def _inside_pass(  # noqa: PLR0917 (columns of one table)
        self,
        hit: NDArray[np.bool_],
        ordered: _Hashes,
        begin: _Places,
        finish: _Places,
        which: _Places,
        place: _Places,
        letters: _Bytes,
    ) -> None:
        """Mark labels that hold a filed one anywhere, or between hyphens."""
        for length, bits in ((_ANYWHERE, self._long), *self._short.items()):
            fits = (place + length <= finish[which]) & ~hit[which]
            window, of = place[fits], which[fits]
            hit[of[bits.holds(self._hash(ordered, window, window + length))]] = True
        hyphens = letters == _HYPHEN
        if hyphens.any():
            at = place[hyphens]
            of = which[hyphens]
            edges = np.concatenate((at + 1, begin[np.unique(of)]))
            owners = np.concatenate((of, np.unique(of)))
            stops = np.sort(np.concatenate((at, finish[np.unique(of)])))
            end = stops[np.searchsorted(stops, edges)]
            hit[owners[self._pieces.holds(self._hash(ordered, edges, end))]] = True

    def _hash(self, ordered: _Hashes, start: _Places, end: _Places) -> _Hashes:
        """Return the hashes of the bytes from `start` to `end`, in their order."""
        return (ordered[end] - ordered[start]) * self._inverse[start]

    def _reach(self, size: int) -> None:
        if len(self._powers) < size:
            self._powers = _powers(int(_RADIX), size)
            self._inverse = _powers(pow(int(_RADIX), -1, 1 << 64), size)


def _powers(base: int, size: int) -> _Hashes:
    made = np.full(size, base, dtype=np.uint64)
    made[0] = 1
    return np.cumprod(made)


def _occurrences(data: _Bytes, text: bytes) -> _Places:
    found = np.ones(max(0, len(data) - len(text) + 1), dtype=bool)
    for at, byte in enumerate(text):
        found &= data[at : at + len(found)] == byte
    return np.flatnonzero(found)


_ALL_BITS = (1 << 64) - 1
_VALUES: Mapping[int, int] = {byte: int(value) for byte, value in enumerate(_VALUE)}


def _sum(label: str) -> int:
    return sum(_VALUES[byte] for byte in label.encode("ascii")) & _ALL_BITS


def _ordered(text: str) -> int:
    total, power, radix = 0, 1, int(_RADIX)
    for byte in text.encode("ascii"):
        total += _VALUES[byte] * power
        power = power * radix & _ALL_BITS
    return total & _ALL_BITS


def _third_hashes(labels: Iterable[str]) -> Iterator[int]:
    """Yield the hashes of the thirds of labels, each with the size of the label and its number."""
    for label in labels:
        size, third = len(label), len(label) // 3
        if third:
            salt = (size << 2) * int(_RADIX)
            for number, part in enumerate((label[:third], label[third : size - third], label[-third:])):
                yield (_ordered(part) + salt + number) & _ALL_BITS


def _lessened(labels: Sequence[str]) -> _Hashes:
    """Return the sums of all labels with up to two characters missing."""
    made = [np.zeros(0, dtype=np.uint64)]
    by_size: dict[int, list[str]] = {}
    for label in labels:
        by_size.setdefault(len(label), []).append(label)
    for size, same in by_size.items():
        rows = _VALUE[np.frombuffer("".join(same).encode("ascii"), dtype=np.uint8).reshape(-1, size)]
        total = rows.sum(axis=1, dtype=np.uint64)
        less = total[:, None] - rows
        made += [total, less.ravel()]
        made += [(less[:, :at] - rows[:, at : at + 1]).ravel() for at in range(1, size)]
    return np.unique(np.concatenate(made))


FEW = 256
"""So few names are not worth a sieve."""


def sieved(index: Index, names: Iterable[Fqdn], at_once: int = 8192) -> Iterator[tuple[Fqdn, tuple[Resemblance, ...]]]:
    """Yield those of many names that resemble something, in their order; the same that `index.matching` yields.

    So many names are read `at_once` before the first of them comes out; fewer where an empty name says that the input
    pauses.
    """
    sieve: Sieve | None = None
    for some in _together(names, at_once):
        if sieve is None and len(some) <= FEW:
            yield from index.matching(some)
            continue
        sieve = sieve or Sieve(index.contents())
        block = "\n".join(some) + "\n"
        if not block.isascii() or block.count("\n") != len(some):
            yield from index.matching(some)  # nothing that a reader of names gives
            continue
        yield from index.matching(some[number] for number in sieve.passing(block.encode("ascii")).tolist())


def _together(names: Iterable[Fqdn], at_once: int) -> Iterator[list[Fqdn]]:
    some: list[Fqdn] = []
    for name in names:
        if name:
            some.append(name)
            if len(some) < at_once:
                continue
        if some:
            yield some
            some = []
    if some:
        yield some
