"""A log of lookalikes as a small world: a clock, a resolver and a registry that say what the log says at the moment."""

import asyncio
import gzip
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus

PROBE = "w0000000000000000000"
FAILED, NULL, NONE = "!ServFail", "", "~"
"""As records: the lookup failed; a null MX; there is none."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What the log says of one name in one snapshot; None as a record set: there is none. The log has no TTL."""

    protected: str
    ns: tuple[str, ...] | None = None
    a: tuple[str, ...] | None = None
    aaaa: tuple[str, ...] | None = None
    mx: tuple[str, ...] | None = None
    absent: bool = False

    @property
    def able(self) -> bool:
        """Whether it names a usable exchange."""
        return bool(self.mx) and self.mx is not None and self.mx[0] not in {NULL, FAILED} and not _loops(self.mx[0])

    @property
    def failed(self) -> bool:
        """Whether a lookup failed."""
        return any(FAILED in (records or ()) for records in (self.a, self.aaaa, self.mx))

    @property
    def as_diffed(self) -> tuple[object, ...]:
        """What a plain diff for "can it receive mail" compares: the exchange, and whether there is an address."""
        return self.mx, bool(self.a or self.aaaa)

    @property
    def sort(self) -> tuple[object, ...]:
        """What decides the verdict: equal ones need no new look where nothing is under way."""
        return self.absent, self.mx, bool(self.a), bool(self.aaaa), self.failed


class Moment:
    """A clock that stands at the snapshot being replayed."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    async def sleep(self, seconds: float) -> None:  # noqa: ARG002 (the port's signature)
        await asyncio.sleep(0)


class LoggedDns:
    """The resolver: satisfies `ports.Resolver` with what the log says at the moment."""

    def __init__(self, clock: Moment, registrable_domain: Any) -> None:
        self._clock = clock
        self._domain_of = registrable_domain
        self.names: dict[str, Logged] = {}
        self.hosts: dict[str, set[str]] = defaultdict(set)
        self.snapshot = 0

    def log(self, name: str, logged: Logged) -> None:
        self.names[name] = logged
        self.hosts[self._domain_of(name) or name].add(name)

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:  # noqa: ARG002
        return tuple(self._answer(question) for question in questions)

    def _answer(self, question: Question) -> Answer:
        outcome, records, soa = self._say(question.name, question.type)
        resolver = f"log {'AB'[self.snapshot % 2]}"  # another machine each day
        ttl = 300 if outcome.settled else None
        return Answer(question, outcome, resolver, self._clock.now(), records, soa=soa, ttl=ttl)

    def _say(self, name: str, rrtype: RRType) -> tuple[Outcome, tuple[str, ...], str | None]:  # noqa: PLR0911 (one for each sort of name)
        label, _, parent = name.partition(".")
        domain = self._domain_of(name)
        if domain is None:
            return Outcome.NODATA, (), name
        if name in self.names:
            return _as_logged(name, self.names[name], rrtype, above=parent)
        if label == PROBE and parent in self.hosts and (shared := self._shared(parent)) is not None:
            return _as_logged(name, shared, rrtype, above=parent)
        if label == PROBE and parent in self.hosts:
            return Outcome.NXDOMAIN, (), parent
        if label == PROBE:
            return Outcome.NXDOMAIN, (), parent.rpartition(".")[2]
        if name in self.hosts:  # a parent of hosts in the log, itself not in it
            gone = all(self.names[host].absent for host in self.hosts[name])
            return (Outcome.NXDOMAIN, (), parent) if gone else (Outcome.NODATA, (), name)
        if rrtype is RRType.A:  # an exchange
            return Outcome.ANSWER, (_address(name),), None
        return Outcome.NODATA, (), domain

    def _shared(self, parent: str) -> Logged | None:
        """What most hosts under the parent say, where several protected names share it."""
        below = [self.names[host] for host in self.hosts[parent] if host != parent]
        if len({one.protected for one in below}) < 2:
            return None
        return Counter(sorted(below, key=repr)).most_common(1)[0][0]


class LoggedRegistry:
    """The registry: registered while the log has any name of the domain, since the snapshot that had it first."""

    def __init__(self, clock: Moment, dns: LoggedDns, first: datetime) -> None:
        self._clock, self._dns, self._first = clock, dns, first
        self._since: dict[str, datetime] = {}

    async def facts(self, domain: Fqdn) -> RegistrationFacts:
        now = self._clock.now()
        here = any(not self._dns.names[host].absent for host in self._dns.hosts.get(domain, ()))
        if not here:
            return RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, now)
        since = self._since.setdefault(domain, now)
        known = since if since > self._first else None
        return RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.RDAP, now, created_at=known)


def _as_logged(name: str, logged: Logged, rrtype: RRType, *, above: str) -> tuple[Outcome, tuple[str, ...], str | None]:
    records = {RRType.MX: logged.mx, RRType.A: logged.a, RRType.AAAA: logged.aaaa, RRType.NS: logged.ns}.get(rrtype)
    if logged.absent:
        return Outcome.NXDOMAIN, (), above
    if records and FAILED in records:
        return Outcome.SERVFAIL, (), None
    if not records:
        return Outcome.NODATA, (), name
    if rrtype is RRType.MX:
        records = tuple("0 ." if host == NULL else f"10 {host}" for host in records)
    return Outcome.ANSWER, tuple(records), None


def _records(logged: Sequence[str] | None) -> tuple[str, ...] | None:
    records = tuple(record for record in logged or () if record != NONE)
    return records or None


def _loops(host: str) -> bool:
    return host.rpartition(".")[2] == "localhost"


def _address(host: str) -> str:
    """A global address, always the same for a host."""
    digest = hashlib.sha256(host.encode()).digest()
    return f"93.184.{digest[0]}.{digest[1] or 1}"


def read_log(path: Path) -> Iterator[tuple[datetime, dict[str, Logged]]]:
    """Each snapshot with what changed in it."""
    raw = path.read_bytes()
    for line in (gzip.decompress(raw) if path.suffix == ".gz" else raw).splitlines():
        row = json.loads(line)
        changes = {
            change["domain"].lower(): Logged(
                change["protected"],
                *(_records(change.get(kind)) for kind in ("ns", "a", "aaaa", "mx")),
                absent=bool(change.get("absent")),
            )
            for change in row["changes"]
            if change.get("fuzzer") != "*original"
        }
        yield datetime.fromisoformat(row["time"]), changes
