"""Answers that were made already: the same bytes again, as long as nothing was committed since."""

import time
from collections import OrderedDict

MOST = 2_000
MOST_BYTES = 16 * 1024 * 1024
SECONDS = 2.0
"""Time within which data in memory beside the database (what is ours) follow a commit."""


class Answers:
    """The newest answers of one kind, by key and by the version of the database that they were made from."""

    def __init__(self) -> None:
        self._version = -1
        self._bytes = 0
        self._kept: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    def find(self, key: str, version: int | None) -> bytes | None:
        """Return the answer of this version; None where there is none, or it is older than `SECONDS`."""
        if version is None or version != self._version:
            return None
        made_at, body = self._kept.get(key, (0.0, b""))
        return body if body and time.monotonic() - made_at < SECONDS else None

    def keep(self, key: str, version: int | None, body: bytes) -> None:
        """Keep an answer; answers of other versions go, and the oldest where there are too many."""
        if version is None:
            return
        if version != self._version:
            self._kept.clear()
            self._version, self._bytes = version, 0
        self._bytes += len(body) - len(self._kept.pop(key, (0.0, b""))[1])
        self._kept[key] = time.monotonic(), body
        while len(self._kept) > MOST or self._bytes > MOST_BYTES:
            self._bytes -= len(self._kept.popitem(last=False)[1][1])
