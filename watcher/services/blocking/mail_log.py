"""Mail already sent to lookalikes: entries of mail logs counted, compared with what is known, and kept."""

import hashlib
import secrets
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from typing import Protocol

from watcher.core.errors import InvalidName
from watcher.core.events import Resemblance, best_grade
from watcher.core.known import Known
from watcher.core.mail.log_entry import LogEntry, MailFate, domain_text
from watcher.core.mail.log_tally import Counted, LogTally
from watcher.core.mail.mail_to import WrittenTo
from watcher.core.names.names import Fqdn, is_under, parse, to_unicode
from watcher.core.shapes.times import JSON
from watcher.services.answers.lookup import known_row
from watcher.store import Store, facts, lookalikes, written

_KEY = "mail_log_key"
_REMEMBERED = 500_000
"""So many domains are remembered with what they resemble: a log repeats its domains."""
_BITS = 0x7FFF_FFFF_FFFF_FFFF


def keyed_hash(key: bytes) -> Callable[[bytes], int]:
    """Return a hash of 63 bits that only the holder of `key` can compute."""

    def hashed(text: bytes) -> int:
        return int.from_bytes(hashlib.blake2b(text, key=key, digest_size=8).digest(), "big") & _BITS

    return hashed


async def stored_key(store: Store, now: datetime) -> bytes:
    """Return the key of this installation's hashes, made when first asked for. With it counts of many runs add up."""
    async with store.write() as tx:
        text = await facts.find(tx, _KEY)
        if text is None:
            text = secrets.token_hex(32)
            await facts.save(tx, _KEY, text, now=now)
    return bytes.fromhex(text)


class Matching(Protocol):
    """The part of an enumeration that mail logs need."""

    def matching(self, names: Iterable[Fqdn]) -> Iterator[tuple[Fqdn, Sequence[Resemblance]]]:
        """Yield those of many names that resemble a protected name."""
        ...


@dataclass(frozen=True, slots=True)
class WrittenRow:
    """One recipient domain of a log: its name (as the log has it where it is no name), resemblances and counts."""

    name: str
    resembles: tuple[Resemblance, ...]
    counted: Counted


class MailLogCount:
    """Counts one run over logs.

    `everything` counts domains that resemble nothing too; `since` leaves earlier entries out.
    """

    def __init__(
        self,
        names: Matching,
        *,
        own: Collection[str] = (),
        everything: bool = False,
        since: datetime | None = None,
        zone: tzinfo = UTC,
    ) -> None:
        self._names = names
        self._own = frozenset(own)
        self._everything = everything
        self._since = since
        self._zone = zone
        self._lookalikes: set[bytes] = set()
        self._others: set[bytes] = set()
        self._resembles: dict[str, tuple[Resemblance, ...]] = {}
        self._tally = LogTally()
        self.entries = 0

    def wanted(self, domains: Iterable[bytes]) -> set[bytes]:
        """Return which of the domains, as a log writes them, are counted."""
        if self._everything:
            return set(domains)
        given = domains if isinstance(domains, set) else set(domains)
        new = given - self._lookalikes - self._others
        if new:
            if len(self._others) >= _REMEMBERED:
                self._others.clear()
            found = self._compared(new)
            self._lookalikes |= found
            self._others |= new - found
        return given & self._lookalikes

    def add(self, entries: Iterable[LogEntry]) -> None:
        """Count the entries."""
        for entry in entries:
            if self._since is None or entry.at is None or self._aware(entry.at) >= self._since:
                self.entries += 1
                self._tally.add(_renamed(entry))

    def rows(self) -> list[WrittenRow]:
        """Return a row for each domain, those that resemble something first, most messages first."""
        rows = [WrittenRow(row.domain, self.resembles(row.domain), row) for row in self._tally.rows()]
        return sorted(rows, key=lambda row: not row.resembles)

    def take(self) -> list[LogEntry]:
        """Return the messages to lookalikes to be kept: those that may have changed since the last call."""
        return [entry for entry in self._tally.take() if self.resembles(entry.domain)]

    @property
    def crowded(self) -> bool:
        """Return whether it is time to `take`."""
        return self._tally.crowded

    def resembles(self, domain: str) -> tuple[Resemblance, ...]:
        """Return the protected names that a domain resembles; none for names of ours."""
        found = self._resembles.get(domain)
        if found is None:
            found = self._found(domain)
            if found:
                self._resembles[domain] = found
        return found

    def _compared(self, domains: Iterable[bytes]) -> set[bytes]:
        """Return which of the domains resemble something; many at once are compared faster than one by one."""
        names: dict[Fqdn, list[bytes]] = {}
        for raw in domains:
            with suppress(InvalidName):
                name = parse(domain_text(raw))
                if not any(is_under(name, own) for own in self._own):
                    names.setdefault(name, []).append(raw)
        found: dict[str, tuple[Resemblance, ...]] = {}
        for name, each in self._names.matching(list(names)):
            found[name] = (*found.get(name, ()), *each)
        self._resembles.update(found)
        return {raw for name in found for raw in names[Fqdn(name)]}

    def _found(self, domain: str) -> tuple[Resemblance, ...]:
        try:
            name = parse(domain)
        except InvalidName:
            return ()
        if any(is_under(name, own) for own in self._own):
            return ()
        return tuple(resemblance for _, found in self._names.matching([name]) for resemblance in found)

    def _aware(self, at: datetime) -> datetime:
        return at.replace(tzinfo=self._zone) if at.tzinfo is None else at


async def keep(store: Store, entries: Sequence[LogEntry]) -> None:
    """Keep messages to lookalikes; the same ones again change nothing."""
    if entries:
        async with store.write() as tx:
            await written.save(tx, entries)


async def written_to(store: Store, domains: Sequence[str]) -> dict[str, WrittenTo]:
    """Return what kept logs told of each of the domains."""
    async with store.read() as tx:
        return await written.list_counts(tx, domains)


async def known_mail(store: Store, names: Sequence[str]) -> dict[str, Known]:
    """Return those of the names that were looked at, without what they resemble."""
    async with store.read() as tx:
        rows = await lookalikes.find_all(tx, list(names))
    return {name: known_row(row) for name, row in rows.items()}


def written_row_json(row: WrittenRow, ability: str | None) -> JSON:
    """The shape of a row of `watcher mail-log`."""
    counted = row.counted
    techniques = dict.fromkeys(technique for found in row.resembles for technique in found.techniques)
    return {
        "name": row.name,
        "unicode": _unicode(row.name),
        "protected": [found.protected for found in row.resembles],
        "techniques": list(techniques),
        "grade": best_grade(row.resembles),
        "ability": ability,
        "messages": counted.messages,
        "senders": len(counted.senders),
        "delivered": counted.count(MailFate.DELIVERED),
        "bounced": counted.count(MailFate.BOUNCED),
        "deferred": counted.count(MailFate.DEFERRED),
        "refused": counted.count(MailFate.REFUSED),
        "first_day": _day(counted.first),
        "last_day": _day(counted.last),
    }


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _name(domain: str) -> str:
    """The A-label form where there is one."""
    try:
        return parse(domain)
    except InvalidName:
        return domain


def _renamed(entry: LogEntry) -> LogEntry:
    name = _name(entry.domain)
    if name == entry.domain:
        return entry
    return LogEntry(name, entry.message, entry.fate, entry.at, entry.sender, entry.onward, entry.nearby)


def _unicode(name: str) -> str:
    try:
        return to_unicode(parse(name))
    except InvalidName:
        return name
