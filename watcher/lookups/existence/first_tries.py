"""The questions that a sweep asks for the first time, as nearly all are: in bulk, from the names to their results.

Replies that deny names of one suffix differ in the name and the TTL only. One is checked by hand, byte for byte; the
others are known by what they have in common with it. Whatever is not known so is looked at one by one.

The hot path of the sweep, therefore plain bytes, tuples and local variables.
"""

from collections.abc import Sequence
from typing import Protocol

from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence
from watcher.lookups.dns.asker import Asker, Flight
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.wire import HEADER_SIZE, LENGTH, encode_name
from watcher.lookups.existence.course import Course, Item
from watcher.lookups.existence.tails import MX, Tail, Tails, denial

_CUT = 0x02  # TC, in the header's third byte


class Respondent(Protocol):
    """The party behind the servers: it says which replies deny, and sees to every name that is not denied so."""

    recursive: bool
    """Whether its servers are asked to recurse."""

    def denies(self, reply: bytes, question: bytes, name: Fqdn, tail: Tail) -> bool:
        """Return whether this reply, and any like it, says that its name and all names below do not exist."""
        ...

    def note_denied(self, count: int) -> None:
        """Take note that so many names were denied."""
        ...

    def send(self, item: Item, lane: Lane) -> None:
        """Ask for a name that does not fit in with others."""
        ...

    def take_reply(self, item: Item, reply: bytes, seconds: float) -> None:
        """See to a name whose reply says something else."""
        ...

    def take_silence(self, item: Item, doubtful: bool) -> None:
        """See to a name without a reply; see `asker.OnSilence`."""
        ...

    def drop(self, name: Fqdn) -> None:
        """Leave a name that nobody can ask for."""
        ...


class FirstTries(Asker[tuple[Fqdn, Tail]]):
    """The first tries of one sweep at one server."""

    __slots__ = ("_course", "_lane", "_respondent", "_tails")

    def __init__(self, course: Course, respondent: Respondent, lane: Lane, tails: Tails) -> None:
        super().__init__()
        self._course = course
        self._respondent = respondent
        self._lane = lane
        self._tails = tails

    def ask(self, names: Sequence[Fqdn]) -> None:
        """Ask for each of the names; what is none becomes unsettled."""
        known = self._tails.known
        questions: list[bytes] = []
        contexts: list[tuple[Fqdn, Tail]] = []
        strange: list[Fqdn] = []
        for name in sorted(names, key=len):  # those of one size can leave together
            label, _, rest = name.partition(".")
            try:
                tail = known[rest]
                questions.append(LENGTH[len(label)] + label.encode("ascii") + tail.wire)
                contexts.append((name, tail))
            except (KeyError, UnicodeEncodeError):
                strange.append(name)
        for name in strange:
            rest = name.partition(".")[2]
            qname, new = encode_name(name), known.get(rest) or self._tails.add(rest)
            if qname is None:
                self._respondent.drop(name)
            elif new is None:
                self._respondent.send(Item(name, qname), self._lane)
            else:
                questions.append(qname + MX)
                contexts.append((name, new))
        if questions:
            self._course.in_flight += len(questions)
            self._course.progress.asked += len(questions)
            frame = self._lane.frame(edns=self._lane.edns, recursive=self._respondent.recursive)
            self._lane.udp.ask_all(questions, contexts, frame, self)

    def replied(self, now: float) -> None:
        """Hand over what is denied in a known way, and see to the rest one by one."""
        course = self._course
        others: list[tuple[Flight, bytes]] = []
        if course.closed:
            others.extend(self.heard())
        results = course.results
        new, absent, nxdomain, server = tuple.__new__, Presence.ABSENT, Outcome.NXDOMAIN, self._lane.name
        seconds, before = 0.0, len(results)
        like: tuple[Tail | None, int, bytes, bytes] = (None, 0, b"", b"")  # the last that was known: most are alike
        for flight, reply in self.heard():
            question, (name, tail), (sent_at, _, _) = flight
            end = HEADER_SIZE + len(question)
            if tail is not like[0] or end != like[1] or reply[end:] != like[2] or reply[2:12] != like[3]:
                if tail.denials.get(denial(reply, end)) != end:
                    others.append((flight, reply))
                    continue
                like = (tail, end, reply[end:], reply[2:12])
            results.append(new(Existence, (name, absent, nxdomain, server, False)))
            seconds += now - sent_at
        denied = len(results) - before
        if denied:
            self._count(denied, seconds)
        for (question, (name, tail), (sent_at, _, _)), reply in others:
            if not reply[2] & _CUT and self._respondent.denies(reply, question, name, tail):
                tail.learn(reply, HEADER_SIZE + len(question))
            self._respondent.take_reply(self._item(name, question[:-4].lower()), reply, now - sent_at)
        course.hand_over()

    def silent(self, context: tuple[Fqdn, Tail], doubtful: bool) -> None:
        """See to a name without a reply by itself."""
        self._respondent.take_silence(self._item(context[0], encode_name(context[0]) or b""), doubtful)

    def _item(self, name: Fqdn, qname: bytes) -> Item:
        """`name`, asked once, as one that is seen to by itself."""
        item = Item(name, qname)
        item.tries, item.lane = 1, self._lane
        return item

    def _count(self, count: int, seconds: float) -> None:
        """So many were denied, `seconds` after their questions all together."""
        self._course.in_flight -= count
        self._course.progress.absent += count
        tally = self._course.tally(self._lane)
        tally.nxdomains += count
        tally.seconds += seconds
        self._respondent.note_denied(count)
