"""Registration facts: the holder of a registrable domain, its dates, and the source of these facts."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum


class RegistrationStatus(StrEnum):
    """The status of a registrable domain. Throttled, refused and timed out are UNKNOWN, never UNREGISTERED."""

    REGISTERED = "registered"
    UNREGISTERED = "unregistered"
    RESERVED = "reserved"
    UNKNOWN = "unknown"


class RegistrationSource(StrEnum):
    """The source of the facts; DNS means no more than "a delegation was seen"."""

    RDAP = "rdap"
    WHOIS = "whois"
    DNS = "dns"


@dataclass(frozen=True, slots=True)
class RegistrationFacts:
    """Facts about one registrable domain. Persons' data are not kept: the registrant is organisation and country.

    Times are aware UTC. `nameservers` are A-labels without final dot, sorted. `statuses` are EPP statuses in RDAP's
    spelling, sorted. `reason` says why the status is unknown, or what disagrees. `raw` is the reply as it came, packed
    by `lookups.registry_reply`: it may hold persons' data, so it is part of no shape and kept for able names only.
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
    domain: str | None = None
    """The name that was asked about: the registrable domain, or its parent where nobody knows more; None: not said."""
    raw: bytes | None = field(default=None, compare=False, repr=False)


class Worth(IntEnum):
    """The priority of a name at a registry: of all that wait for one server, the highest is asked about first."""

    PROBE = 0
    """A candidate that is absent in the DNS."""
    KNOWN = 1
    NEW = 2
    """Never asked about, or first seen in the last days."""
    ABLE = 3
    """It can receive mail, or is one of ours."""
    AWAITED = 4
    """Somebody waits for the answer."""


_HOLDS = frozenset({"client hold", "server hold", "inactive", "pending delete", "redemption period"})


def is_held(facts: RegistrationFacts) -> bool:
    """Return whether a registered name is kept out of service by its registry, or has no nameservers (M06)."""
    if facts.status is not RegistrationStatus.REGISTERED:
        return False
    if facts.source is RegistrationSource.RDAP and not facts.nameservers:
        return True
    return not _HOLDS.isdisjoint(status.lower() for status in facts.statuses)


def own_facts(facts: RegistrationFacts | None, domain: str | None) -> RegistrationFacts | None:
    """Return the facts where they are about `domain` itself, and not about a parent of it; None otherwise.

    `uk.com` sells names below it. Its own registration, of 1995, says nothing about `army.uk.com`.
    """
    if facts is None or facts.domain is None or domain is None or facts.domain == domain:
        return facts
    return None


def parent_shown(facts: RegistrationFacts | None, domain: str | None) -> str | None:
    """Return the parent that the facts are about, where they are not about `domain` itself."""
    return facts.domain if facts is not None and own_facts(facts, domain) is None else None


def is_registered(facts: RegistrationFacts | None) -> bool:
    """Return whether a registry (the DNS does not count) says that the name is registered."""
    if facts is None or facts.source is RegistrationSource.DNS:
        return False
    return facts.status is RegistrationStatus.REGISTERED


COMPARED = (
    "status",
    "registrar",
    "registrant_organisation",
    "registrant_country",
    "statuses",
    "nameservers",
    "created_at",
    "expires_at",
)
"""The facts whose change is worth telling, in the order to tell them."""


def differences(before: RegistrationFacts, after: RegistrationFacts) -> tuple[str, ...]:
    """Return the names of the compared facts that differ; what either side does not know is no difference.

    Registrars with the same IANA number are the same, however they are spelled.
    """
    found = []
    for name in COMPARED:
        old, new = getattr(before, name), getattr(after, name)
        if not old or not new or old == new:
            continue
        if name == "registrar" and before.registrar_iana_id and before.registrar_iana_id == after.registrar_iana_id:
            continue
        if isinstance(old, str) and isinstance(new, str) and old.casefold() == new.casefold():
            continue
        if RegistrationStatus.UNKNOWN not in {old, new}:
            found.append(name)
    return tuple(found)


_YET_DELEGATED = "yet it is delegated in the DNS"


_A_REGISTRAR_KNOWS = (
    "registrar",
    "registrar_iana_id",
    "registrant_organisation",
    "registrant_country",
    "abuse_email",
    "abuse_phone",
)


def gaps(facts: RegistrationFacts) -> tuple[str, ...]:
    """Return the facts that the registry does not say and the registrar may."""
    return tuple(name for name in _A_REGISTRAR_KNOWS if getattr(facts, name) is None)


def completed(facts: RegistrationFacts, registrar: RegistrationFacts, host: str) -> RegistrationFacts:
    """Return the registry's facts, with its gaps filled from the registrar's at `host`, and that said in `reason`.

    The registrar overrides nothing: it may say anything about names that are not its own.
    """
    filled = {name: value for name in gaps(facts) if (value := getattr(registrar, name)) is not None}
    if not filled:
        return facts
    said = f"{', '.join(name.replace('_', ' ') for name in filled)} as the registrar's own RDAP says ({host})"
    return replace(facts, **filled, reason=said if facts.reason is None else f"{facts.reason}; {said}")


def contradicted(facts: RegistrationFacts) -> bool:
    """Return whether the facts carry the disagreement that `compared_with_dns` notes."""
    return facts.reason is not None and _YET_DELEGATED in facts.reason


def said_by(facts: RegistrationFacts, source: RegistrationSource) -> bool:
    """Return whether it is `source` whose disagreement the facts carry."""
    return facts.reason is not None and f"the {source.value.upper()} server says" in facts.reason


def compared_with_dns(facts: RegistrationFacts, *, delegated: bool) -> RegistrationFacts:
    """Return the facts, with a `reason` where a registry calls unregistered what the DNS shows to be delegated.

    The status stays the registry's: it may be older or newer than the zone, and a person has to see both.
    """
    if not delegated or facts.status is not RegistrationStatus.UNREGISTERED:
        return facts
    said = f"the {facts.source.value.upper()} server says that it is not registered, {_YET_DELEGATED}"
    return replace(facts, reason=said if facts.reason is None else f"{facts.reason}; {said}")
