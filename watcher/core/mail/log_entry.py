"""One recipient of one message, as a mail log tells it, and the shape of a reader of logs.

No local part of an address leaves a reader: messages and senders are keyed hashes, domains are text.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

Keyed = Callable[[bytes], int]
"""A keyed hash of 63 bits: the same key gives the same number for the same text, and nobody else can compute it."""

Wanted = Callable[[Iterable[bytes]], Collection[bytes]]
"""A filter of recipient domains, as a log writes them: it returns those whose entries are asked for."""

MOST_SAMPLES = 3
LONGEST_LINE = 65_536
"""Bytes: no mail server writes longer lines."""


class MailFate(StrEnum):
    """The fate of a message to one recipient."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    REFUSED = "refused"
    """Refused while the client still waited: the sender was told, and nothing left."""
    UNKNOWN = "unknown"
    """The log does not say, or says it in words that nobody taught us."""


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One recipient of one message.

    `domain` is lower case without a final dot, as the log writes it. `at` is without a zone where the log has none.
    `onward` is the same recipient under the queue id of the next server. `nearby`: handed to this very machine, so a
    content filter writes it again.
    """

    domain: str
    message: int
    fate: MailFate
    at: datetime | None
    sender: int | None = None
    onward: int | None = None
    nearby: bool = False


@dataclass(slots=True)
class LogReading:
    """The progress through a log: all lines, the number that could not be read, and the first of these, masked."""

    lines: int = 0
    unread: int = 0
    samples: list[str] = field(default_factory=list)

    def miss(self, line: bytes, count: int = 1) -> None:
        """Count lines that could not be read."""
        self.unread += count
        if len(self.samples) < MOST_SAMPLES:
            self.samples.append(masked(line))


class LogReader(Protocol):
    """A reader of one log of one form, block by block."""

    reading: LogReading

    def read(self, block: bytes, wanted: Wanted) -> Iterator[LogEntry]:
        """Yield the entries of whole lines whose recipient domain is wanted; none of lines that have no date yet."""
        ...

    def finish(self) -> Iterator[LogEntry]:
        """Yield the entries that were held back; later blocks count as the same log."""
        ...

    def advance(self, reference: datetime) -> None:
        """Take the log as written until `reference`: it has grown meanwhile."""
        ...


class LogForm(Protocol):
    """A form of mail logs: a module of `watcher.mail_logs`."""

    NAME: str

    def share(self, sample: bytes, column: str | None) -> float:
        """Return the share of the sample's lines that are of this form, 0 to 1."""
        ...

    def reader(self, sample: bytes, *, keyed: Keyed, reference: datetime, column: str | None) -> LogReader:
        """Return a reader of a log that begins with `sample` and was written until `reference`."""
        ...


def masked(line: bytes) -> str:
    """Return the beginning of a line with every local part left out."""
    text = line[:4096].decode("utf-8", "replace")
    words = []
    for word in text.split():
        head, at, tail = word.rpartition("@")
        words.append(f"…@{tail}" if at else head + tail)
    return " ".join(words)[:160]


def domain_text(raw: bytes) -> str:
    """Return a recipient domain as text: lower case, no final dot."""
    return raw[:1024].decode("utf-8", "replace").strip().lower().removesuffix(".")
