"""Registration facts: who holds a registrable domain, since when and until when, and where that was learnt."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class RegistrationStatus(StrEnum):
    """Whether a registrable domain is registered. Throttled, refused and timed out are UNKNOWN, never UNREGISTERED."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    RESERVED = "reserved"
    UNKNOWN = "unknown"


class RegistrationSource(StrEnum):
    """Where the facts come from; DNS means no more than "a delegation was seen"."""

    RDAP = "rdap"
    WHOIS = "whois"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """Facts about one registrable domain. Persons' data are not kept: the registrant is organisation and country.

    Times are aware UTC. `nameservers` are A-labels without final dot, sorted. `statuses` are EPP statuses in RDAP's
    spelling, sorted. `reason` says why the status is unknown, or what disagrees.
    """

    status: RegistrationStatus
    source: RegistrationSource
    fetched_at: datetime
    registrar: str | None = None
    registrar_iana_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expires_at: datetime | None = None
    statuses: tuple[str, ...] = ()
    nameservers: tuple[str, ...] = ()
    registrant_organisation: str | None = None
    registrant_country: str | None = None
    abuse_email: str | None = None
    abuse_phone: str | None = None
    reason: str | None = None
