"""The parts that every export format is made of, and the one way to write a block list in a format."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1
from itertools import islice
from uuid import UUID

from watcher.core.blocking.selection import BlockEntry

CANARY = "canary.watcher.invalid"
CANARY_OF_UNBOUND = "canary.watcher.alt"
"""TXT records of these names are in every DNS export: a resolver that knows one loads it, and hides what it blocks.

Unbound answers for all of `.invalid` itself, before it looks into a policy zone; `.alt` (RFC 9476) is nobody's either.
"""
CANARIES = (CANARY, CANARY_OF_UNBOUND)

MOST_SHOWN = 20
"""Names that did not fit, as they are shown to people."""


class ExportOrder(StrEnum):
    """The order in which a format takes its entries."""

    NAME = "name"
    """By name: an order that stays the same when the list changes."""
    RANK = "rank"
    """The likeliest lookalikes first, for consumers that take so many and no more."""
    PROTECTED = "protected"
    """By the protected name, then by name."""


class RpzAction(StrEnum):
    """The answer of a resolver about a listed name."""

    NXDOMAIN = "nxdomain"
    NODATA = "nodata"
    CLEAR_BOUNCE = "clear_bounce"
    """A null MX and a text: senders bounce at once with a clear reason. The web of the name vanishes too."""


class Plan(StrEnum):
    """The plan of a Microsoft 365 tenant, which decides how many entries its block list takes."""

    NONE = "none"
    P1 = "p1"
    P2 = "p2"


class Form(StrEnum):
    """The form of a Microsoft 365 list."""

    POWERSHELL = "powershell"
    CSV = "csv"


class Tlp(StrEnum):
    """A limit on passing intelligence on (Traffic Light Protocol 2.0)."""

    CLEAR = "clear"
    GREEN = "green"
    AMBER = "amber"
    AMBER_STRICT = "amber+strict"
    RED = "red"


@dataclass(frozen=True, slots=True)
class About:
    """The values that a format may need beside the entries. `serial` rises whenever the list changes."""

    serial: int = 1
    zone: str = "rpz.watcher.invalid"
    action: RpzAction = RpzAction.NXDOMAIN
    plan: Plan = Plan.NONE
    form: Form = Form.POWERSHELL
    tlp: Tlp = Tlp.AMBER


@dataclass(frozen=True, slots=True)
class Guide:
    """The guide for one consumer of the format: where the file goes, the command that loads it, a test, the undoing."""

    consumer: str
    place: str
    load: str
    test: str
    undo: str


Render = Callable[[Iterable[BlockEntry], About], Iterator[str]]


def _unlimited(_about: About) -> int | None:
    return None


def _fitting(_entry: BlockEntry, _about: About) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """One export format. Its name is that of its file.

    `limit` is the limit of its consumer in words, `capacity` the number of entries it takes (None: any), `problem` why
    an entry cannot be written in it (None: it can). `warning` is something that people must know before they load it.
    `render` yields the text in pieces; it holds no more than a few entries at a time.
    """

    name: str
    title: str
    media: str
    extension: str
    limit: str
    guides: tuple[Guide, ...]
    render: Render
    order: ExportOrder = ExportOrder.NAME
    capacity: Callable[[About], int | None] = _unlimited
    problem: Callable[[BlockEntry, About], str | None] = _fitting
    warning: str | None = None


@dataclass(slots=True)
class Omitted:
    """The names that did not fit, counted while a list is written: how many, and the first of them with the reason."""

    count: int = 0
    shown: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, why: str) -> None:
        """Count one name."""
        self.count += 1
        if len(self.shown) < MOST_SHOWN:
            self.shown.append((name, why))


@dataclass(frozen=True, slots=True)
class Page:
    """The part of the list that is wanted: `limit` entries (None: all) after the first `offset`."""

    limit: int | None = None
    offset: int = 0


def written(
    chosen: Format, entries: Iterable[BlockEntry], about: About, *, page: Page | None = None, omitted: Omitted
) -> Iterator[str]:
    """Yield the list in the format `chosen`, in pieces. `entries` come by name. What did not fit goes to `omitted`.

    The order of a format that is not by name needs all entries at once.
    """
    return chosen.render(fitted(chosen, entries, about, page=page, omitted=omitted), about)


def fitted(
    chosen: Format, entries: Iterable[BlockEntry], about: About, *, page: Page | None = None, omitted: Omitted
) -> Iterator[BlockEntry]:
    """Yield what of `entries` the format takes, in its order."""
    return _fitted(chosen, _ordered(entries, chosen.order), about, page or Page(), omitted)


def _ordered(entries: Iterable[BlockEntry], order: ExportOrder) -> Iterable[BlockEntry]:
    match order:
        case ExportOrder.NAME:
            return entries
        case ExportOrder.RANK:
            return sorted(entries, key=rank)
        case ExportOrder.PROTECTED:
            return sorted(entries, key=lambda entry: (protected_of(entry), entry.name))


def _fitted(
    chosen: Format, entries: Iterable[BlockEntry], about: About, page: Page, omitted: Omitted
) -> Iterator[BlockEntry]:
    capacity = chosen.capacity(about)
    given = 0
    for place, entry in enumerate(entries):
        if place < page.offset:
            continue
        if page.limit is not None and place >= page.offset + page.limit:
            return
        why = None if is_host(entry.name) else "it is no host name"
        why = why or chosen.problem(entry, about)
        if why is None and capacity is not None and given >= capacity:
            why = f"the consumer takes {capacity} entries"
        if why is not None:
            omitted.add(entry.name, why)
            continue
        given += 1
        yield entry


_HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")
"""A name that every format can hold without an escape. Underscores are no host names, but mail is delivered there."""


def is_host(text: str) -> bool:
    """Return whether `text` is a name that can be written in every format without an escape."""
    return _HOST.fullmatch(text) is not None


def rank(entry: BlockEntry) -> tuple[int, float, str]:
    """Return a key that sorts the entries that matter most first: a person's decisions, then the likeliest."""
    return (0 if entry.cause == "blocked" else 1, -entry.likelihood, entry.name)


def protected_of(entry: BlockEntry) -> str:
    """Return the protected name that `entry` resembles most; empty where none is known."""
    return entry.resembles[0].protected if entry.resembles else ""


def chunks(entries: Iterable[BlockEntry], size: int) -> Iterator[list[BlockEntry]]:
    """Yield the entries in lists of `size`, the last one shorter."""
    rest = iter(entries)
    while chunk := list(islice(rest, size)):
        yield chunk


def moment(at: datetime | None) -> str:
    """Return `at` in UTC with milliseconds, as STIX writes it; the epoch where it is not known."""
    return (at or _EPOCH).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def name_based(namespace: UUID, text: str) -> str:
    """Return the UUID (version 5) of `text` in `namespace`; `uuid.uuid5` takes several times as long."""
    digest = sha1(_octets(namespace) + text.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()
    variant = _VARIANTS[digest[16]]
    return f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}-{variant}{digest[17:20]}-{digest[20:32]}"


@lru_cache(maxsize=8)
def _octets(namespace: UUID) -> bytes:
    return namespace.bytes


_VARIANTS = {digit: "89ab"[int(digit, 16) & 3] for digit in "0123456789abcdef"}
"""The first digit of the fourth group: its two highest bits are 10 (RFC 9562 4.1)."""
NAMESPACE = UUID("6f1b3c1e-52a7-5c0d-9a44-1d6b7f0e8c35")
"""The namespace of our deterministic ids. It never changes: a changed id would double everything at the consumers."""


def sentence(entry: BlockEntry) -> str:
    """Return the sentence that a sender is shown: ASCII, one line, without quotes, made of host names alone."""
    return sentence_about(entry.name, protected_of(entry))


def sentence_about(name: str, protected: str) -> str:
    """Return the same for a name that resembles `protected`; empty where that is not known."""
    if not is_host(protected):
        return f"{name} is a lookalike domain; check the address"
    return f"{name} is a lookalike of {protected}; check the address"
