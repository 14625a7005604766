"""Messages of mail logs counted by recipient domain: each once, however many servers and filters wrote it down."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from watcher.core.mail.log_entry import LogEntry, MailFate

_ORDER = {MailFate.UNKNOWN: 0, MailFate.REFUSED: 1, MailFate.DEFERRED: 2, MailFate.BOUNCED: 3, MailFate.DELIVERED: 4}
"""The order of fates in the life of a message; of two fates of one message the later stands."""
MOST_MESSAGES = 400_000
MOST_SENDERS = 2_000_000


@dataclass(slots=True)
class Counted:
    """The mail sent to one domain. `fates` counts messages by fate; refused ones are no messages."""

    domain: str
    fates: dict[MailFate, int] = field(default_factory=dict)
    senders: set[int] = field(default_factory=set)
    first: date | None = None
    last: date | None = None

    @property
    def messages(self) -> int:
        """The number of messages that left, or were to."""
        return sum(count for fate, count in self.fates.items() if fate is not MailFate.REFUSED)

    def count(self, fate: MailFate) -> int:
        """Return the number of messages of one fate."""
        return self.fates.get(fate, 0)

    def copy(self) -> "Counted":
        """Return a copy that can be counted on."""
        return Counted(self.domain, dict(self.fates), set(self.senders), self.first, self.last)

    def take(self, entry: LogEntry) -> None:
        """Count one message."""
        self.fates[entry.fate] = self.fates.get(entry.fate, 0) + 1
        if entry.at is not None:
            day = entry.at.date()
            self.first = day if self.first is None or day < self.first else self.first
            self.last = day if self.last is None or day > self.last else self.last


class LogTally:
    """The count of entries. Memory is bounded: the oldest messages are counted for good when there are too many.

    The same message is the same recipient under the same queue id. A copy that a content filter or the next server of
    the same logs wrote again is counted there: `onward` says so, or the same sender wrote to the same domain through
    this machine (`nearby`) and away from it.
    """

    def __init__(self, most: int = MOST_MESSAGES) -> None:
        self._most = most
        self._open: dict[int, LogEntry] = {}
        self._counted: dict[str, Counted] = {}
        self._closed: list[LogEntry] = []
        self._senders = 0

    def add(self, entry: LogEntry) -> None:
        """Take one entry."""
        known = self._open.get(entry.message)
        self._open[entry.message] = entry if known is None else _later(known, entry)
        if len(self._open) > self._most:
            oldest = [self._open.pop(message) for message in list(self._open)[: self._most // 2]]
            closed = list(_once(oldest, self._open))
            self._closed += closed
            self._count(self._counted, closed)

    def rows(self) -> list[Counted]:
        """Return the counts of every domain so far, most messages first."""
        counted = {name: row.copy() for name, row in self._counted.items()}
        self._count(counted, _once(list(self._open.values()), self._open))
        return sorted(counted.values(), key=lambda row: (-row.messages, row.domain))

    def take(self) -> list[LogEntry]:
        """Return every message that may have changed since the last call, each once."""
        closed, self._closed = self._closed, []
        return closed + list(_once(list(self._open.values()), self._open))

    @property
    def crowded(self) -> bool:
        """Return whether messages were closed that nobody took."""
        return len(self._closed) >= self._most

    def _count(self, counted: dict[str, Counted], entries: Iterable[LogEntry]) -> None:
        for entry in entries:
            row = counted.get(entry.domain)
            if row is None:
                row = counted[entry.domain] = Counted(entry.domain)
            row.take(entry)
            if entry.sender is None or entry.fate is MailFate.REFUSED or entry.sender in row.senders:
                continue
            if self._senders < MOST_SENDERS:
                row.senders.add(entry.sender)
                if counted is self._counted:
                    self._senders += 1


def _later(first: LogEntry, second: LogEntry) -> LogEntry:
    """Merge two entries about one message: the later fate, the earliest time, the sender where either knows it."""
    newer, older = (second, first) if _ORDER[second.fate] >= _ORDER[first.fate] else (first, second)
    at = _earliest(first.at, second.at)
    if newer.sender is not None and newer.at == at:
        return newer
    sender = newer.sender if newer.sender is not None else older.sender
    return LogEntry(newer.domain, newer.message, newer.fate, at, sender, newer.onward, newer.nearby)


def _earliest(first: datetime | None, second: datetime | None) -> datetime | None:
    if first is None or second is None:
        return first or second
    return min(first, second, key=lambda at: at.replace(tzinfo=None))


def _once(entries: Sequence[LogEntry], known: dict[int, LogEntry]) -> Iterator[LogEntry]:
    """Yield the entries without those that were written again."""
    here = {entry.message for entry in entries}
    away: dict[tuple[str, int | None], int] = {}
    for entry in entries:
        if not entry.nearby and entry.sender is not None and entry.fate is not MailFate.REFUSED:
            key: tuple[str, int | None] = (entry.domain, entry.sender)
            away[key] = away.get(key, 0) + 1
    used: dict[tuple[str, int | None], int] = {}
    chained = {entry.onward for entry in entries if entry.onward is not None}
    for entry in entries:
        if entry.onward is not None and (entry.onward in here or entry.onward in known):
            continue
        if entry.nearby and entry.onward is None and entry.message not in chained:
            key = (entry.domain, entry.sender)
            if used.get(key, 0) < away.get(key, 0):
                used[key] = used.get(key, 0) + 1
                continue
        yield entry
