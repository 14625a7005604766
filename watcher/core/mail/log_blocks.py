"""Blocks of a log's lines: where the wanted recipients stand, and which sender a queue id had."""

import re
from collections import deque
from collections.abc import Collection, Iterator

_FEW = 24
"""So many domains are looked for one by one; of more all recipients are gone through."""
_SOUGHT = 8
"""So many queue ids are looked for one by one in a block; then its senders are filed."""
_NEAR = 16_384
_KEPT_BYTES = 32 * 1024 * 1024


def lines_with(block: bytes, domains: Collection[bytes], recipients: re.Pattern[bytes]) -> Iterator[tuple[int, int]]:
    """Yield the start and end of the lines with a recipient at one of `domains`, in order.

    `recipients` finds every recipient's domain, as its group 1 or 2.
    """
    starts = set()
    if len(domains) <= _FEW:
        for domain in domains:
            needle = b"@" + domain
            at = block.find(needle)
            while at >= 0:
                starts.add(block.rfind(b"\n", 0, at) + 1)
                at = block.find(needle, at + len(needle))
    else:
        for found in recipients.finditer(block):
            if (found[1] or found[2]) in domains:
                starts.add(block.rfind(b"\n", 0, found.start(found.lastindex or 1)) + 1)
    for start in sorted(starts):
        end = block.find(b"\n", start)
        yield start, len(block) if end < 0 else end


class _Block:
    __slots__ = ("data", "senders", "sought")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.senders: dict[bytes, bytes] | None = None
        self.sought = 0


class Senders:
    """Senders by queue id, from the lines read last: `mark` stands between the queue id and the sender."""

    def __init__(self, mark: bytes, ends: bytes) -> None:
        self._mark = mark
        self._every = re.compile(rb"([0-9A-Za-z-]{5,24})" + re.escape(mark) + rb"([^" + ends + rb"\n]*)")
        self._ends = re.compile(rb"[^" + ends + rb"\n]*")
        self._blocks: deque[_Block] = deque()
        self._size = 0

    def add(self, block: bytes) -> None:
        """Keep the block, and as many before it as there is room for."""
        self._blocks.append(_Block(block))
        self._size += len(block)
        while self._size > _KEPT_BYTES and len(self._blocks) > 1:
            self._size -= len(self._blocks.popleft().data)

    def find(self, queue_id: bytes, before: int) -> bytes | None:
        """Return the sender that was written last for a queue id, before a place in the newest block; None: unknown."""
        for block in reversed(self._blocks):
            found = self._near(block.data, queue_id, before) or self._in_block(block, queue_id)
            if found is not None:
                return found
            before = len(block.data) + _NEAR  # of older blocks the end is far from nothing
        return None

    def _near(self, data: bytes, queue_id: bytes, before: int) -> bytes | None:
        """Nearly always the sender stands a few lines above."""
        return None if before > len(data) else self._sought(data, queue_id, max(0, before - _NEAR), before)

    def _in_block(self, block: _Block, queue_id: bytes) -> bytes | None:
        if block.senders is None:
            block.sought += 1
            if block.sought <= _SOUGHT:
                return self._sought(block.data, queue_id, 0, len(block.data))
            block.senders = dict(self._every.findall(block.data))
        return block.senders.get(queue_id)

    def _sought(self, data: bytes, queue_id: bytes, start: int, end: int) -> bytes | None:
        needle = queue_id + self._mark
        at = data.rfind(needle, start, end)
        while at > 0 and data[at - 1 : at].isalnum():
            at = data.rfind(needle, start, at)
        if at < 0:
            return None
        found = self._ends.match(data, at + len(needle))
        return found[0] if found else None
