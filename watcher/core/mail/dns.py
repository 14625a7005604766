"""Questions to the DNS and their answers, as data. Lookups return answers; every verdict is made from them."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class RRType(StrEnum):
    """The record types watcher asks for."""

    A = "A"
    AAAA = "AAAA"
    MX = "MX"
    NS = "NS"
    SOA = "SOA"
    TXT = "TXT"
    CNAME = "CNAME"
    TLSA = "TLSA"


class Outcome(StrEnum):
    """The outcome of one question."""

    ANSWER = "ANSWER"
    NODATA = "NODATA"
    NXDOMAIN = "NXDOMAIN"
    SERVFAIL = "SERVFAIL"
    REFUSED = "REFUSED"
    NOTIMP = "NOTIMP"
    FORMERR = "FORMERR"
    TIMEOUT = "TIMEOUT"
    TRUNCATED = "TRUNCATED"
    BOGUS = "BOGUS"
    FILTERED = "FILTERED"

    @property
    def settled(self) -> bool:
        """Return whether the DNS said something about the name; everything else is "unknown", never "no"."""
        return self in _SETTLED


_SETTLED = frozenset({Outcome.ANSWER, Outcome.NODATA, Outcome.NXDOMAIN})


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `name`: presentation form, lower case, no final dot (the root is ".")."""

    name: str
    type: RRType
    checking_disabled: bool = False
    """CD=1: asked again when a validating resolver said SERVFAIL (M10)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One question with the outcome, the resolver and the time.

    `records` are the records of the asked type at the end of the chain, in presentation form, names without final dot,
    in the order received: MX `"10 mx.army.ml"` (null MX `"0 ."`), addresses in their canonical text.
    `chain` are the CNAME (or synthesised DNAME) targets in order. `soa` is the owner of the authority section's SOA.
    `ttl` is the smallest TTL of the records, or the negative TTL (RFC 2308); None when unsettled.
    A truncated answer whose TCP retry failed is TRUNCATED and carries no records.
    """

    question: Question
    outcome: Outcome
    resolver: str
    at: datetime
    records: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    soa: str | None = None
    ttl: int | None = None
    extended_errors: tuple[int, ...] = field(default=())

    @property
    def settled(self) -> bool:
        """Return whether the outcome says something about the name."""
        return self.outcome.settled
