"""The recursive resolvers as a source of a sweep: one question a name, at the pace of each resolver.

First tries go in bulk (`first_tries`). What they leave is seen to here, one by one: an NXDOMAIN reply of the usual form
is read by hand, and everything else is only told apart as "look carefully" or "ask again".
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.names.names import Fqdn
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.wire import FORMERR, NOTIMP, NXDOMAIN, REFUSED, clean_nxdomain, parse_answer
from watcher.lookups.existence.course import AT_ONCE, Course, Item, Names
from watcher.lookups.existence.first_tries import FirstTries
from watcher.lookups.existence.slow_names import SlowNames
from watcher.lookups.existence.tails import Tail, Tails

_TRUNCATED = 0x02  # TC, in the header's third byte
_FAILURES = {FORMERR: Outcome.FORMERR, NOTIMP: Outcome.NOTIMP, REFUSED: Outcome.REFUSED}
_SAID_AGAIN = frozenset({Outcome.SERVFAIL, Outcome.BOGUS, Outcome.REFUSED, Outcome.NOTIMP})
_TELLING = frozenset({Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN, Outcome.FILTERED})


class ResolverSource:
    """Satisfies `course.Fallback`. It draws from `names`; None: it sees only to what other sources hand over.

    `registrable_domain`, `patience` and `name_patience`: see `sweepers.ResolverSweeper`.
    """

    recursive = True

    def __init__(
        self,
        course: Course,
        resolver: CarefulResolver,
        names: Names | None,
        tails: Tails,
        *,
        registrable_domain: Callable[[str], str | None] | None,
        patience: float,
        name_patience: float | None,
    ) -> None:
        self._course = course
        self._resolver = resolver
        self._names = names
        self._registrable_domain = registrable_domain
        self._patience = patience
        self._lanes = resolver.lanes
        self._first_tries = {lane: FirstTries(course, self, lane, tails) for lane in self._lanes}
        self._calls = (self.take_reply, self.take_silence)
        self._slow = SlowNames(course, resolver.clock, patience=name_patience)
        self._retries: deque[Item] = deque()
        self._handed: deque[Fqdn] = deque()
        self._first = 0

    @property
    def waiting(self) -> bool:
        """Return whether names wait here to be drawn or asked."""
        return bool(self._retries or self._handed) or (self._names is not None and not self._names.exhausted)

    def take(self, item: Item) -> None:
        """See to a name that another source could not settle."""
        item.tries, item.plain = 0, False
        self._retries.append(item)

    def take_names(self, names: Iterable[Fqdn]) -> None:
        """See to names that another source cannot ask for."""
        self._handed.extend(names)

    def fill(self, now: float) -> bool:
        """Send as many questions as paces and window allow; return whether paces may hold some back."""
        course = self._course
        if not course.in_flight and self._nobody_there(now):
            self._give_up()
            return False
        lanes = self._lanes
        self._first = (self._first + 1) % len(lanes)
        usable = [lane for lane in (*lanes[self._first :], *lanes[: self._first]) if lane.usable]
        for lane in usable:
            room = max(len(self._retries), min(self._space, self._undrawn))
            if room <= 0:
                return False
            count = lane.pace.take(now, room)
            while count and self._retries:
                item = self._again(lane, alone=len(usable) == 1)
                if item is None:
                    break
                self.send(item, lane)
                count -= 1
            count = min(count, self._space, self._undrawn)
            names = self._draw(count) if count else None
            if names:
                self._first_tries[lane].ask(names)
        return True

    @property
    def _space(self) -> int:
        """Return the number of names that there is space for."""
        return max(0, self._course.space - len(self._retries))

    @property
    def _undrawn(self) -> int:
        """Return the number of names that could be drawn at most."""
        return len(self._handed) + (0 if self._names is None or self._names.exhausted else AT_ONCE)

    def _draw(self, count: int) -> list[Fqdn]:
        """Return the next names, at most so many."""
        names = [self._handed.popleft() for _ in range(min(count, len(self._handed)))]
        if self._names is not None and len(names) < count:
            names.extend(self._names.draw(count - len(names)))
        return names

    def _nobody_there(self, now: float) -> bool:
        """Return whether every server was found dishonest or has been silent for longer than our patience."""
        return all(
            lane.refused or (lane.silent_since is not None and now - lane.silent_since > self._patience)
            for lane in self._lanes
        )

    def _give_up(self) -> None:
        """Nobody answers: hand the rest over as it is, a part at a time."""
        self._course.progress.silent = True
        while self._retries:
            item = self._retries.popleft()
            self._course.leave_unsettled(item.name, Outcome.TIMEOUT, item.lane.name if item.tries else "")
        for name in self._draw(self._undrawn):
            self._course.leave_unsettled(name, Outcome.TIMEOUT, "")

    def delays(self, now: float) -> Iterable[float]:
        """Seconds until each resolver may be asked again."""
        return [lane.pace.until_next(now) for lane in self._lanes if lane.usable]

    def close(self) -> None:
        """Leave the resolver as it is: others ask it too."""

    def _again(self, lane: Lane, *, alone: bool) -> Item | None:
        """Return a name to ask again, by another server than the last where there is one."""
        for _ in range(len(self._retries)):
            item = self._retries.popleft()
            if alone or not item.tries or item.lane is not lane or item.plain:
                return item
            self._retries.append(item)
        return None

    def send(self, item: Item, lane: Lane) -> None:
        """Ask for one name."""
        self._slow.note_question(item)
        self._course.send(item, lane, self._calls)

    def denies(self, reply: bytes, question: bytes, name: Fqdn, tail: Tail) -> bool:  # noqa: ARG002 (others need it)
        """Return whether this reply, and any like it, says that its name and all names below do not exist."""
        owner = clean_nxdomain(reply, len(question)) if reply[3] & 0x0F == NXDOMAIN and tail.registrable else None
        return owner is not None and owner > 0

    def note_denied(self, count: int) -> None:
        """Nothing depends on it here."""

    def drop(self, name: Fqdn) -> None:
        """Leave a name that nobody can ask for."""
        self._course.leave_unsettled(name, Outcome.FORMERR, "")

    def take_reply(self, item: Item, reply: bytes, seconds: float) -> None:
        """See to a name whose reply came."""
        course = self._course
        course.in_flight -= 1
        if course.closed or self._slow.note_end(item):
            return
        lane = item.lane
        tally = course.tally(lane)
        code = reply[3] & 0x0F
        if item.plain and code in (0, NXDOMAIN):
            lane.answers_plain()
        if reply[2] & _TRUNCATED:
            self._ask_over_tcp(item, seconds)
        elif code == NXDOMAIN:
            name = item.name
            owner = clean_nxdomain(reply, len(item.qname) + 4)
            if owner is None:
                self._read(item, reply, seconds)
                return
            tally.nxdomains += 1
            tally.seconds += seconds
            above = 0
            if self._registrable_domain is not None:
                above = len(name) - len(self._registrable_domain(name) or name)
            course.settle(name, absent=owner > above, outcome=Outcome.NXDOMAIN, lane=lane)
        elif code == 0:
            answers = reply[6:8] != b"\x00\x00"
            tally.seconds += seconds
            if answers:
                tally.answers += 1
            else:
                tally.nodata += 1
            course.settle(item.name, absent=False, outcome=Outcome.ANSWER if answers else Outcome.NODATA, lane=lane)
        else:
            without_edns = code in (FORMERR, NOTIMP)  # it may not know EDNS
            self._fail(item, _FAILURES.get(code, Outcome.SERVFAIL), seconds, without_edns=without_edns)

    def take_silence(self, item: Item, doubtful: bool) -> None:
        """See to a name without a reply; `doubtful`: one came in the wrong case."""
        self._course.in_flight -= 1
        if self._course.closed:
            return
        if self._slow.note_end(item):
            item.lane.note(Outcome.TIMEOUT, self._course.timeout)
        elif doubtful:
            self._ask_over_tcp(item, None)
        else:
            self._fail(item, Outcome.TIMEOUT, self._course.timeout)

    def _ask_over_tcp(self, item: Item, seconds: float | None) -> None:
        self._slow.note_failure(item, Outcome.TRUNCATED, seconds)
        self._slow.note_question(item)
        self._course.send_over_tcp(item, partial(self._take_long, item, seconds))

    def _take_long(self, item: Item, seconds: float | None, reply: bytes | None) -> None:
        if self._slow.note_end(item):
            return
        if reply is None:
            self._fail(item, Outcome.TRUNCATED, seconds)
        else:
            self._read(item, reply, seconds)

    def _read(self, item: Item, reply: bytes, seconds: float | None) -> None:
        """Read a reply that says something unusual, in full. `seconds`: of its UDP part, None where there was none."""
        answer = parse_answer(reply, Question(item.name, RRType.MX), item.lane.name, self._resolver.clock.now())
        if answer.outcome not in _TELLING:
            self._fail(item, answer.outcome, seconds)
            return
        item.lane.note(answer.outcome, seconds)
        absent = False
        if answer.outcome is Outcome.NXDOMAIN and answer.soa is not None and reply[6:8] == b"\x00\x00":
            domain = (self._registrable_domain(item.name) if self._registrable_domain else None) or item.name
            absent = answer.soa == "." or domain.endswith("." + answer.soa)
        self._course.settle(item.name, absent=absent, outcome=answer.outcome, lane=item.lane)

    def _fail(self, item: Item, outcome: Outcome, seconds: float | None, *, without_edns: bool = False) -> None:
        """Ask once more for a name that a server failed on, or give it up."""
        lane = item.lane
        lane.note(outcome, seconds)
        once = outcome in _SAID_AGAIN and len(self._resolver.usable) <= 1 and item.tries > 1
        if not item.plain and lane.edns and without_edns:
            item.plain = True
        elif item.tries >= self._resolver.attempts or once:
            self._course.leave_unsettled(item.name, outcome, lane.name)
            return
        self._slow.note_failure(item, outcome, seconds)
        self._retries.append(item)
        self._course.hand_over_soon()
