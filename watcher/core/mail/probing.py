"""The SMTP probe as data: the servers it may ask, its outcomes, and the flags they add to a verdict."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from watcher.core.mail.verdict import Ability, Exchange, Flag, Verdict
from watcher.core.names.addresses import is_global
from watcher.core.names.names import Fqdn


class ProbeOutcome(StrEnum):
    """The answer of a mail server about two mailboxes that nobody can have."""

    ACCEPTS_ANY = "accepts_any"
    """It takes mail for any mailbox."""
    REJECTS_UNKNOWN = "rejects_unknown"
    """It takes mail for the name, and knows its mailboxes."""
    REFUSES = "refuses"
    """It takes no mail for the name, or none at all (521, 554, 556)."""
    CLOSED = "closed"
    """Nobody listens, or the connection was cut before an answer."""
    TIMEOUT = "timeout"
    """Nothing that says anything within the time: silence, "later", or no way there from here."""


@dataclass(frozen=True, slots=True)
class Probed:
    """One probe: the exchange and address that were asked, the outcome, the deciding reply, STARTTLS offered or not.

    `reply` is cleaned and at most 200 characters; empty when nothing was said. `starttls` is None where it never got
    so far.
    """

    host: str
    address: str
    outcome: ProbeOutcome
    reply: str = ""
    starttls: bool | None = None


class Prober(Protocol):
    """A means to ask a mail server whether it takes mail for a name; no mail is sent."""

    async def probe(self, name: Fqdn, host: str, address: str) -> Probed:
        """Return the reply of the server at `address`; never raise for its faults, only connect to global addresses."""
        ...


_FLAGS = {
    ProbeOutcome.ACCEPTS_ANY: (Flag.ACCEPTS_ANY,),
    ProbeOutcome.REJECTS_UNKNOWN: (Flag.REJECTS_UNKNOWN,),
    ProbeOutcome.REFUSES: (Flag.REFUSES,),
    ProbeOutcome.CLOSED: (Flag.CLOSED,),
    ProbeOutcome.TIMEOUT: (),
}
PROBE_FLAGS = frozenset(flag for flags in _FLAGS.values() for flag in flags)
"""All flags that a probe can add."""

PROBE_WORDS = {
    Flag.ACCEPTS_ANY: "its server takes mail for anybody",
    Flag.REJECTS_UNKNOWN: "its server answers, and takes mail for some mailboxes only",
    Flag.REFUSES: "its server answers and refuses all mail",
    Flag.CLOSED: "nothing answers there for mail now",
}
"""Each of these flags in words."""
PROBE_NOTES = {
    Flag.ACCEPTS_ANY: "its mail server takes any mailbox",
    Flag.REJECTS_UNKNOWN: "its mail server answers, and knows its mailboxes",
    Flag.REFUSES: "its mail server refuses mail for it",
    Flag.CLOSED: "no mail server answers there just now",
}
"""The clause that each adds to the sentence on a verdict."""


def flags_of(outcome: ProbeOutcome) -> tuple[Flag, ...]:
    """Return the flags that an outcome adds to a verdict; it never removes any."""
    return _FLAGS[outcome]


def to_be_probed(verdict: Verdict) -> tuple[Exchange, str] | None:
    """Return the best usable exchange with one global address, IPv4 where it has one; None for what is not able."""
    if verdict.ability is not Ability.ABLE:
        return None
    for exchange in verdict.exchanges:
        usable = sorted((":" in address, address) for address in exchange.addresses if is_global(address))
        if usable:
            return exchange, usable[0][1]
    return None
