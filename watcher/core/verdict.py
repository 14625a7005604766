"""The verdict: can a name receive mail, by which rule, with what reservations, and what shows it."""

from dataclasses import dataclass
from enum import StrEnum

from watcher.core.dns import Answer


class Ability(StrEnum):
    """Whether mail for a name is delivered. UNKNOWN never changes state."""

    ABLE = "able"
    UNABLE = "unable"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """The one rule that decided."""

    NO_SUCH_NAME = "no_such_name"
    NO_SUCH_SUFFIX = "no_such_suffix"
    NO_ADDRESS = "no_address"
    EXPLICIT_MX = "explicit_mx"
    IMPLICIT_MX = "implicit_mx"
    NULL_MX = "null_mx"
    DEAD_EXCHANGES = "dead_exchanges"
    LOOPBACK_EXCHANGE = "loopback_exchange"
    UNROUTABLE_EXCHANGES = "unroutable_exchanges"
    CONTROLLED_INTERRUPTION = "controlled_interruption"
    REGISTRY_WILDCARD = "registry_wildcard"
    LOOKUP_FAILED = "lookup_failed"


class Flag(StrEnum):
    """A fact that changes how bad or how sure a verdict is."""

    ARMED = "armed"
    SENDER_DEPENDENT = "sender_dependent"
    ADDRESS_SEEN = "address_seen"
    BOGUS_DNSSEC = "bogus_dnssec"
    INCONSISTENT = "inconsistent"
    IPV6_ONLY = "ipv6_only"
    PARTLY_DEAD = "partly_dead"
    MALFORMED = "malformed"
    ALIAS = "alias"
    ALIAS_EXCHANGE = "alias_exchange"
    NUMERIC_EXCHANGE = "numeric_exchange"
    DOTLESS = "dotless"
    QUEUED = "queued"
    COLLECTOR = "collector"
    SHARED_PROVIDER = "shared_provider"
    DEFENSIVE = "defensive"
    OWN_SUGGESTED = "own_suggested"
    PARKED = "parked"
    WILDCARD = "wildcard"
    OPERATED = "operated"
    SENDS_MAIL = "sends_mail"
    FILTERED = "filtered"
    ACCEPTS_ANY = "accepts_any"
    REJECTS_UNKNOWN = "rejects_unknown"
    REFUSES = "refuses"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange as resolved: `addresses` are all seen, global or not. Implicit: preference 0, host = name."""

    preference: int
    host: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ability, the deciding basis, flags (sorted), exchanges (by preference, then host) and every answer in order."""

    ability: Ability
    basis: Basis
    flags: tuple[Flag, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    evidence: tuple[Answer, ...] = ()
