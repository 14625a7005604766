"""The event record: every event with what was decided about it, as JSON lines in a file or to a syslog receiver.

A line is written after the decision is committed, and the position after the line. A crash between the two writes a
line twice and loses none; the event's id tells.
"""

import asyncio
import json
import logging
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path

from watcher.core.errors import DeliveryFailed
from watcher.core.ports import Clock
from watcher.core.shapes.decisions import decision_json
from watcher.core.shapes.times import time_from_json, time_json
from watcher.store import Store, facts, outbox
from watcher.store.outbox import DecidedEvent

_POSITION = "record_position"
_BATCH = 500

_log = logging.getLogger(__name__)

Write = Callable[[Sequence[tuple[DecidedEvent, str]]], Awaitable[None]]
"""Writes decisions with their lines. Raises OSError or DeliveryFailed where it cannot now."""


class EventRecord:
    """Hands every decision to `write`, in order; `name` is where they go, and each place has its own position."""

    def __init__(self, *, store: Store, clock: Clock, write: Write, name: str = "") -> None:
        self._store = store
        self._clock = clock
        self._write = write
        self._name = name
        self._key = f"{_POSITION}:{name}" if name else _POSITION
        self._failing = False

    async def due(self) -> int:
        """Write what was decided since the last call; return how many lines. A place that cannot be written waits."""
        written = 0
        while True:
            async with self._store.read() as tx:
                after = _position(await facts.find(tx, self._key))
                found = await outbox.list_decided(tx, after=after, limit=_BATCH)
            if not found:
                return written
            try:
                await self._write([(row, _line(row)) for row in found])
            except (OSError, DeliveryFailed) as error:
                if not self._failing:
                    why = error.why if isinstance(error, DeliveryFailed) else error.strerror
                    _log.error("the event record %s cannot be written: %s", self._name or "in its file", why)
                self._failing = True
                return written
            self._failing = False
            last = found[-1]
            position = json.dumps([time_json(last.decided_at), last.event.id])
            async with self._store.write() as tx:
                await facts.save(tx, self._key, position, now=self._clock.now())
            written += len(found)


def _line(row: DecidedEvent) -> str:
    shape = decision_json(row.event, row.decision.value, row.reason, row.decided_at, row.alert_id, grouped=row.grouped)
    return json.dumps(shape, separators=(",", ":"))


class RecordFile:
    """Appends lines to `file`; from `max_bytes` on the file becomes `FILE.1`, and `keep` such files stay."""

    def __init__(self, file: Path, *, max_bytes: int, keep: int) -> None:
        self._file = file
        self._max_bytes = max_bytes
        self._keep = keep

    async def write(self, rows: Sequence[tuple[DecidedEvent, str]]) -> None:
        """Append the lines, on the disk when this returns. Raises OSError."""
        await asyncio.to_thread(self._append, [line for _, line in rows])

    def _append(self, lines: list[str]) -> None:
        descriptor = os.open(self._file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "ab") as out:
            out.write(("\n".join(lines) + "\n").encode())
            out.flush()
            os.fsync(out.fileno())
            size = out.tell()
        if size >= self._max_bytes:
            self._rotate()

    def _rotate(self) -> None:
        for number in range(self._keep - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                older.replace(self._numbered(number + 1))
        self._file.replace(self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self._file.with_name(f"{self._file.name}.{number}")


def _position(text: str | None) -> tuple[datetime, str] | None:
    if text is None:
        return None
    at, event_id = json.loads(text)
    moment = time_from_json(at)
    return None if moment is None else (moment, event_id)
