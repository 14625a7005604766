"""The common part of one suffix's names: the tail of their wire form, and the replies that deny them."""

from collections.abc import Callable

from watcher.core.mail.dns import RRType
from watcher.lookups.dns.wire import LENGTH, MAX_NAME, TYPE_IN, encode_name

MX = TYPE_IN[RRType.MX]
_NOBODY = "0-nobody-0"  # no rule of the public suffix list has such a label
_MOST_TAILS = 4096
_MOST_DENIALS = 64  # of one tail; each length of a first label has its own
_POINTER = 0xC0


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
