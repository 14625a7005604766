"""The way of one public suffix's names to the suffix's own nameservers, and the reading of what these reply."""

import asyncio
from collections import deque
from functools import partial
from typing import Protocol

from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.ports import Presence
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.wire import FORMERR, NOTIMP, SERVFAIL
from watcher.lookups.existence.course import Course, Item
from watcher.lookups.existence.first_tries import FirstTries
from watcher.lookups.existence.referral import denies, read_referral
from watcher.lookups.existence.suffix_servers import SuffixLanes
from watcher.lookups.existence.tails import Tail

_TRUNCATED = 0x02  # TC, in the header's third byte
_TRIES = 2  # of one name at a suffix's servers, before the next source is asked
_REFUSALS = {FORMERR: Outcome.FORMERR, NOTIMP: Outcome.NOTIMP, SERVFAIL: Outcome.SERVFAIL}


class Exits(Protocol):
    """The ways out of a route for a name that its servers failed on."""

    def ask_again(self, item: Item, route: "SuffixRoute") -> None:
        """Queue the name for the same servers."""
        ...

    def fall_back(self, item: Item) -> None:
        """Hand the name to the next source."""
        ...

    def give_up(self, suffix: str) -> None:
        """Leave the servers of a suffix alone for a while: they do not speak for it."""
        ...


class SuffixRoute:
    """One suffix's names of a sweep: they wait until its servers are known, then until it is their turn."""

    recursive = False

    def __init__(self, suffix: str, course: Course, exits: Exits) -> None:
        self.suffix = suffix
        self.queue: deque[Fqdn] = deque()
        self.again: deque[Item] = deque()
        self.servers: SuffixLanes | None = None
        """None: not found yet."""
        self._course = course
        self._exits = exits
        self._calls = (self.take_reply, self.take_silence)
        self._first_tries: dict[Lane, FirstTries] = {}
        self._under_way = 0

    @property
    def waiting(self) -> int:
        """Return the number of names that are still to be asked."""
        return len(self.queue) + len(self.again)

    def fill(self, now: float) -> int:
        """Send what may go; return how many questions that were."""
        servers, course, sent = self.servers, self._course, 0
        if servers is None:
            return 0
        room = min(servers.bucket.ready(now), self.waiting, course.space)
        for lane in sorted((lane for lane in servers.lanes if lane.usable), key=_health, reverse=True):
            if room <= 0:
                break
            number = lane.pace.take(now, room)
            servers.bucket.take(number)
            room -= number
            sent += number
            self._under_way += number
            for _ in range(min(number, len(self.again))):
                self.send(self.again.popleft(), lane)
                number -= 1
            if number:
                first_tries = self._first_tries.get(lane)
                if first_tries is None:
                    first_tries = self._first_tries[lane] = FirstTries(course, self, lane, servers.tails)
                first_tries.ask([self.queue.popleft() for _ in range(number)])
        return sent

    def delay(self, now: float) -> float:
        """Seconds until its servers may be asked again."""
        if self.servers is None:
            return 0.0
        paces = [lane.pace.until_next(now) for lane in self.servers.lanes if lane.usable]
        return max(self.servers.bucket.until_next(), min(paces, default=0.0))

    def rest(self) -> None:
        """Close the sockets of its servers unless a question is under way."""
        if self.servers is not None and not self._under_way:
            for lane in self.servers.lanes:
                lane.udp.rest()

    def send(self, item: Item, lane: Lane) -> None:
        """Ask for one name."""
        self._course.send(item, lane, self._calls, recursive=False)

    def denies(self, reply: bytes, question: bytes, name: Fqdn, tail: Tail) -> bool:  # noqa: ARG002 (others need it)
        """Return whether this reply, and any like it, says that its name and all names below do not exist."""
        return self.servers is not None and denies(reply, len(question), name, self.servers.zone)

    def note_denied(self, count: int) -> None:
        """Count the names against those on which the servers failed."""
        if self.servers is not None:
            self.servers.good += count
        self._left(count)

    def drop(self, name: Fqdn) -> None:
        """Leave a name that nobody can ask for."""
        self._under_way -= 1
        self._course.leave_unsettled(name, Outcome.FORMERR, "")

    def take_reply(self, item: Item, reply: bytes, seconds: float) -> None:
        """See to a name whose reply came."""
        self._course.in_flight -= 1
        self._left(1)
        if self._course.closed:
            return
        if reply[2] & _TRUNCATED:
            self._ask_over_tcp(item, seconds)
        else:
            self._read(item, reply, seconds)

    def take_silence(self, item: Item, doubtful: bool) -> None:
        """See to a name without a reply; `doubtful`: one came in the wrong case."""
        self._course.in_flight -= 1
        self._left(1)
        if self._course.closed:
            return
        if doubtful:
            self._ask_over_tcp(item, None)
        else:
            self._fail(item, Outcome.TIMEOUT, self._course.timeout)

    def _left(self, count: int) -> None:
        """So many of its questions are under way no more."""
        self._under_way -= count
        if not self._under_way and not self.waiting:
            asyncio.get_running_loop().call_soon(self.rest)

    def _ask_over_tcp(self, item: Item, seconds: float | None) -> None:
        self._course.send_over_tcp(item, partial(self._take_long, item, seconds), recursive=False)

    def _take_long(self, item: Item, seconds: float | None, reply: bytes | None) -> None:
        if reply is None:
            self._fail(item, Outcome.TRUNCATED, seconds)
        else:
            self._read(item, reply, seconds)

    def _read(self, item: Item, reply: bytes, seconds: float | None) -> None:
        servers = self.servers
        if servers is None:
            return
        presence = read_referral(reply, len(item.qname) + 4, item.name, servers.zone)
        if presence is None:
            code = reply[3] & 0x0F
            servers.bad += 1
            outcome = _REFUSALS.get(code, Outcome.REFUSED)
            self._fail(item, outcome, seconds, without_edns=code in (FORMERR, NOTIMP))
            return
        servers.good += 1
        tally = self._course.tally(item.lane)
        tally.seconds += seconds or 0.0
        absent = presence is Presence.ABSENT
        if absent:
            tally.nxdomains += 1
        else:
            tally.answers += 1
        outcome = Outcome.NXDOMAIN if absent else Outcome.ANSWER
        self._course.settle(item.name, absent=absent, outcome=outcome, lane=item.lane, delegated=not absent)

    def _fail(self, item: Item, outcome: Outcome, seconds: float | None, *, without_edns: bool = False) -> None:
        """Ask once more for a name that a server failed on, or hand it to the next source."""
        item.lane.note(outcome, seconds)
        servers = self.servers
        if servers is not None and not servers.working and servers.lanes and servers.bad > servers.good:
            self._exits.give_up(self.suffix)
        item.plain = item.plain or without_edns
        if item.tries < _TRIES and servers is not None and servers.working:
            self._exits.ask_again(item, self)
        else:
            self._exits.fall_back(item)
        self._course.hand_over_soon()


def _health(lane: Lane) -> float:
    return lane.health
