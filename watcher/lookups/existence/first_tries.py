"""The questions that a sweep asks for the first time, as nearly all are: in bulk, from the names to their results.

Replies that deny names of one suffix differ in the name and the TTL only. One is checked by hand, byte for byte; the
others are known by what they have in common with it. Whatever is not known so is looked at one by one.

The hot path of the sweep, therefore plain bytes, tuples and local variables.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from watcher.core.mail.dns import Outcome, RRType
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence
from watcher.lookups.dns.asker import Asker, Flight
from watcher.lookups.dns.lane import Lane
from watcher.lookups.dns.wire import HEADER_SIZE, LENGTH, MAX_NAME, NXDOMAIN, TYPE_IN, clean_nxdomain, encode_name

if TYPE_CHECKING:
    from watcher.lookups.existence.sweep_engine import Course

MX = TYPE_IN[RRType.MX]
_NOBODY = "0-nobody-0"  # no rule of the public suffix list has such a label
_MOST_TAILS = 4096
_MOST_DENIALS = 64  # of one tail; each length of a first label has its own
_POINTER = 0xC0
_CUT = 0x02  # TC, in the header's third byte


class Item:
    """One name under way that is seen to by itself. `route`: who else than the resolvers is asked (`suffix_sweep`)."""

    __slots__ = ("lane", "name", "plain", "qname", "route", "tries")

    def __init__(self, name: Fqdn, qname: bytes) -> None:
        self.name = name
        self.qname = qname
        self.tries = 0
        self.plain = False
        self.route: object | None = None
        self.lane: Lane


class Tail:
    """The rest of a name after its first label, for the names of one suffix."""

    __slots__ = ("denials", "registrable", "wire")

    def __init__(self, wire: bytes, *, registrable: bool) -> None:
        self.wire = wire
        """In wire form, with type and class."""
        self.registrable = registrable
        """Whether every name with one label before it is a registrable domain, or itself a suffix."""
        self.denials: dict[bytes, int] = {}
        """Replies that deny a name, without id, question and TTL; and where their question ended."""

    def learn(self, reply: bytes, end: int) -> None:
        """`reply`, whose question ends at `end`, denies its name: it would deny any other as long, with this tail."""
        if reply[end] < _POINTER:  # only behind a pointer is it known where the TTL stands
            return
        if len(self.denials) >= _MOST_DENIALS:
            self.denials.clear()
        self.denials[denial(reply, end)] = end


def denial(reply: bytes, end: int) -> bytes:
    """Return the part of `reply` that makes it a denial: flags, counts and all after the question but the first TTL."""
    return reply[2:12] + reply[end : end + 6] + reply[end + 10 :]


class Tails:
    """The tails of a sweep's names. `registrable_domain` tells a host's (see `Suffixes`), where it matters."""

    def __init__(self, registrable_domain: Callable[[str], str | None] | None = None) -> None:
        self.known: dict[str, Tail] = {}
        self._registrable_domain = registrable_domain

    def add(self, rest: str) -> Tail | None:
        """Return the tail of names that end in `rest`; None where there can be none, or too long ones."""
        wire = encode_name(rest) if rest else None
        if wire is None or len(wire) + len(LENGTH) + 1 > MAX_NAME:
            return None
        if len(self.known) >= _MOST_TAILS:
            self.known.clear()
        nobody, of = f"{_NOBODY}.{rest}", self._registrable_domain
        # Rules of the list that are for one name here make it a suffix itself, or registrable, never a host.
        tail = self.known[rest] = Tail(wire + MX, registrable=of is None or of(nobody) in {None, nobody})
        return tail


class FirstTries(Asker):
    """The first tries of one sweep at one server."""

    __slots__ = ("_tails", "course", "lane")

    def __init__(self, course: "Course", lane: Lane, tails: Tails) -> None:
        super().__init__()
        self.course = course
        self.lane = lane
        self._tails = tails

    def ask(self, names: Sequence[Fqdn], *, recursive: bool = True) -> None:
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
                self.nameless(name)
            elif new is None:
                item = self.item(name, qname)
                item.tries = 0
                self.course.send(item, self.lane)
            else:
                questions.append(qname + MX)
                contexts.append((name, new))
        if questions:
            self.course.in_flight += len(questions)
            self.course.progress.asked += len(questions)
            frame = self.lane.frame(edns=self.lane.edns, recursive=recursive)
            self.lane.udp.ask_all(questions, contexts, frame, self)

    def replied(self, now: float) -> None:
        """Hand over what is denied in a known way, and see to the rest one by one."""
        course = self.course
        others: list[tuple[Flight, bytes]] = []
        if course.closed:
            others.extend(self.heard())
        results = course.results
        new, absent, nxdomain, server = tuple.__new__, Presence.ABSENT, Outcome.NXDOMAIN, self.lane.name
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
            self.denied(denied, seconds)
        for (question, (name, tail), (sent_at, _, _)), reply in others:
            if not reply[2] & _CUT and self.denies(reply, question, name, tail):
                tail.learn(reply, HEADER_SIZE + len(question))
            course.replied(self.item(name, question[:-4].lower()), reply, now - sent_at)
        course.gathered()

    def silent(self, context: object, doubtful: bool) -> None:
        """It goes the usual way."""
        name: Fqdn = context[0]  # type: ignore[index]  # (it is what `ask` handed over)
        self.course.silent(self.item(name, encode_name(name) or b""), doubtful)

    def item(self, name: Fqdn, qname: bytes) -> Item:
        """`name`, asked once, as one that is seen to by itself."""
        item = Item(name, qname)
        item.tries, item.lane = 1, self.lane
        return item

    def nameless(self, name: Fqdn) -> None:
        """Nobody can ask for it."""
        self.course.unsettled(name, Outcome.FORMERR, "")

    def denied(self, count: int, seconds: float) -> None:
        """So many were denied, `seconds` after their questions all together."""
        self.course.in_flight -= count
        self.course.progress.absent += count
        tally = self.course.tally(self.lane)
        tally.nxdomains += count
        tally.seconds += seconds

    def denies(self, reply: bytes, question: bytes, name: Fqdn, tail: Tail) -> bool:  # noqa: ARG002 (others need it)
        """Return whether this reply, and any like it, says that its name and all names below do not exist."""
        owner = clean_nxdomain(reply, len(question)) if reply[3] & 0x0F == NXDOMAIN and tail.registrable else None
        return owner is not None and owner > 0
