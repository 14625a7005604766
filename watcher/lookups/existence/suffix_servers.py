"""The nameservers of public suffixes: found through the resolver, kept for hours, one lane for each server.

A server's address comes from outside and decides where we connect, so only global addresses are taken.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.ports import Resolver
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.pacing import Bucket
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import DNS_PORT, Server
from watcher.lookups.existence.tails import Tails

_KEPT = timedelta(hours=12)
_LEFT_ALONE = timedelta(hours=1)
_MOST_HOSTS, _MOST_LANES = 4, 3
_PORTS = 2  # for each server: there are many servers, and few descriptors
_AT_ONCE = 16
_BAD = 5  # improper replies, and more than proper ones: these servers do not speak for the zone


@dataclass(slots=True)
class SuffixLanes:
    """The servers of one suffix. `zone` is the zone they are asked for, `bucket` what the suffix is asked at most."""

    suffix: str
    zone: str
    lanes: tuple[Lane, ...]
    bucket: Bucket
    until: datetime
    good: int = 0
    bad: int = 0
    tails: Tails = field(default_factory=Tails)
    """Of its names, with what its replies look like."""

    @property
    def working(self) -> bool:
        """Return whether they can be asked: there are some, not all silent, and they speak for the zone."""
        return any(lane.usable for lane in self.lanes) and not (self.bad >= _BAD and self.bad > self.good)


class SuffixServers:
    """Finds and keeps the servers; `close` it with the resolver.

    `resolver` finds them (all its questions are paced), `careful` lends clock and time limits. `is_global` judges an
    address. `max_rate` is for one server, `suffix_rate` for all servers of one suffix, in questions a second.
    """

    def __init__(
        self,
        careful: CarefulResolver,
        *,
        is_global: Callable[[str], bool],
        max_rate: float,
        suffix_rate: float,
        resolver: Resolver | None = None,
        port: int = DNS_PORT,
        ports: int = _PORTS,
    ) -> None:
        self.name = "the suffixes' own servers"
        self.clock = careful.clock
        self._resolver = resolver or careful
        self._timeout = careful.timeout
        self._is_global = is_global
        self._max_rate = max_rate
        self.suffix_rate = suffix_rate
        self._port = port
        self._ports = ports
        self._known: dict[str, SuffixLanes] = {}
        self._lanes: dict[str, Lane] = {}
        self._finding: dict[str, asyncio.Task[SuffixLanes]] = {}
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._lent: tuple[float, float] | None = None

    def lend(self, part: float, *, until: datetime) -> None:
        """Ask each suffix at most this part of `suffix_rate`, and nothing after `until`: others ask too."""
        self._lent = (part * self.suffix_rate, until.timestamp())
        for found in self._known.values():
            found.bucket.lend(self._lent[0], until=self._lent[1])

    def known(self, suffix: str) -> SuffixLanes | None:
        """Return the known servers of a suffix; None: find them first."""
        found = self._known.get(suffix)
        return None if found is None or found.until <= self.clock.now() else found

    async def find(self, suffix: str) -> SuffixLanes:
        """Its servers; no lanes where none can be asked. Never raises for what the DNS did."""
        found = self.known(suffix)
        if found is not None:
            return found
        task = self._finding.get(suffix)
        if task is None:
            task = self._finding[suffix] = asyncio.get_running_loop().create_task(self._find(suffix))
            task.add_done_callback(lambda _: self._finding.pop(suffix, None))
        return await asyncio.shield(task)

    def give_up(self, suffix: str) -> None:
        """Its servers do not work: leave them alone for a while."""
        found = self._known.get(suffix)
        if found is not None:
            found.lanes = ()
            found.until = self.clock.now() + _LEFT_ALONE

    @property
    def suffixes(self) -> dict[str, int]:
        """Return the number of usable servers by suffix looked for; 0: the resolver is asked instead."""
        return {suffix: len(found.lanes) for suffix, found in self._known.items()}

    def close(self) -> None:
        """Close every socket and stop looking."""
        for task in tuple(self._finding.values()):
            task.cancel()
        for lane in self._lanes.values():
            lane.close()

    async def _find(self, suffix: str) -> SuffixLanes:
        async with self._places:
            zone, hosts = await self._hosts(suffix)
            addresses = await self._addresses(hosts) if hosts else []
        lanes = tuple(self._lane(address) for address in addresses[:_MOST_LANES])
        until = self.clock.now() + (_KEPT if lanes else _LEFT_ALONE)
        bucket = Bucket(self.suffix_rate, now=self.clock.now().timestamp())
        if self._lent is not None:
            bucket.lend(self._lent[0], until=self._lent[1])
        found = self._known[suffix] = SuffixLanes(suffix, zone, lanes, bucket, until)
        return found

    async def _hosts(self, suffix: str) -> tuple[str, list[str]]:
        """Return the zone that holds delegations below `suffix` (itself, or where it is no zone the one around it)."""
        (answer,) = await self._resolver.ask([Question(suffix, RRType.NS)])
        zone = suffix
        if answer.outcome is Outcome.NODATA and answer.soa is not None and suffix.endswith("." + answer.soa):
            zone = answer.soa
            (answer,) = await self._resolver.ask([Question(zone, RRType.NS)])
        if answer.outcome is not Outcome.ANSWER or answer.chain:
            return zone, []
        return zone, sorted(answer.records)[:_MOST_HOSTS]

    async def _addresses(self, hosts: list[str]) -> list[str]:
        """Global addresses, one of each host first; of the newer family only where there is no other."""
        for rrtype in (RRType.A, RRType.AAAA):
            answers = await self._resolver.ask([Question(host, rrtype) for host in hosts])
            each = [[record for record in answer.records if self._is_global(record)] for answer in answers]
            found = [records[place] for place in range(2) for records in each if len(records) > place]
            if found:
                return list(dict.fromkeys(found))
        return []

    def _lane(self, address: str) -> Lane:
        lane = self._lanes.get(address)
        if lane is None:
            lane = self._lanes[address] = Lane(
                Server(address, self._port),
                max_rate=self._max_rate,
                timeout=self._timeout,
                clock=self.clock,
                ports=self._ports,
            )
        return lane
