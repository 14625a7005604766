"""What a DNS server on loopback can be made to do wrong."""

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a fault does to a reply."""

    DROP = "drop"
    SERVFAIL = "servfail"
    REFUSED = "refused"
    NOTIMP = "notimp"
    FORMERR = "formerr"
    NO_EDNS = "no_edns"
    """FORMERR, without the question, to whatever has an OPT record."""
    TRUNCATE = "truncate"
    """TC over UDP with the answer section cut off."""
    TCP_CLOSED = "tcp_closed"
    """TCP connections are closed without a word."""
    FORGED_ID = "forged_id"
    FORGED_QUESTION = "forged_question"
    FORGED_CASE = "forged_case"
    FORGED_SOURCE = "forged_source"
    """A forged reply comes before the true one: with another id, question, case, or from another port."""
    DUPLICATE = "duplicate"
    FLATTEN = "flatten"
    """The question comes back in lower case."""
    SLOW = "slow"
    """The reply comes `seconds` later."""
    REWRITE = "rewrite"
    """An address in place of NXDOMAIN."""
    NO_SOA = "no_soa"
    GARBAGE = "garbage"
    """Random bytes in place of a reply."""
    BROKEN = "broken"
    """The right header and question, and rubbish behind them."""
    DRIP = "drip"
    """The reply comes over TCP a byte at a time, each `seconds` later."""
    SINKHOLE = "sinkhole"
    """As a filter answers: the address in `address` in place of any, and nothing, without an SOA, for other types."""
    EXTENDED = "extended"
    """An extended error `code` is added."""


@dataclass
class Fault:
    """`effect` strikes questions whose name and type fit the shell patterns, a `share` of them, `times` times."""

    effect: Effect
    name: str = "*"
    type: str = "*"
    share: float = 1.0
    times: int | None = None
    seconds: float = 0.2
    code: int = 15
    address: str = "0.0.0.0"
    validating: bool = False
    """Only without CD=1, as a validating resolver fails."""
