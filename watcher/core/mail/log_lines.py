"""The lines of a block counted, and those found that begin unlike a log's, without looking at each of them in turn."""

from collections.abc import Sequence

import numpy as np

_DIGIT, _UPPER, _LOWER, _SPACE, _DASH = 1, 2, 4, 8, 16
BSD = (_UPPER, _LOWER, _LOWER, _SPACE, _SPACE | _DIGIT, _DIGIT)
"""`Nov 28`, as RFC 3164 begins a line."""
ISO = (_DIGIT, _DIGIT, _DIGIT, _DIGIT, _DASH, _DIGIT)
"""`2026-1`, as RFC 3339 begins a line."""
_WIDTH = 6
_KINDS = np.zeros(256, dtype=np.uint8)
for _first, _last, _kind in ((b"0", b"9", _DIGIT), (b"A", b"Z", _UPPER), (b"a", b"z", _LOWER)):
    _KINDS[_first[0] : _last[0] + 1] = _kind
_KINDS[ord(" ")], _KINDS[ord("-")] = _SPACE, _DASH


def survey(block: bytes, stamps: Sequence[tuple[int, ...]]) -> tuple[int, list[int]]:
    """Return the number of lines in a block of whole lines, and the places of those that begin with no such stamp."""
    octets = np.frombuffer(block + b"\n" * _WIDTH, dtype=np.uint8)
    ends = np.flatnonzero(octets[: len(block)] == ord("\n"))
    starts = np.concatenate((np.zeros(1, dtype=ends.dtype), ends[:-1] + 1)) if len(ends) else ends
    left = starts
    for stamp in stamps:
        if not len(left):
            break
        kept = left
        unlike = np.zeros(len(kept), dtype=bool)
        for place, kinds in enumerate(stamp):
            unlike |= (_KINDS[octets[kept + place]] & kinds) == 0
        left = kept[unlike]
    return len(ends), left.tolist()
