"""The JSON of registration facts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.shapes.times import JSON, time_from_json, time_json


def registration_json(facts: RegistrationFacts) -> JSON:
    """Return the `registration` member of a check."""
    return {
        "status": facts.status.value,
        "source": facts.source.value,
        "registrar": facts.registrar,
        "registrar_iana_id": facts.registrar_iana_id,
        "created_at": time_json(facts.created_at),
        "updated_at": time_json(facts.updated_at),
        "expires_at": time_json(facts.expires_at),
        "statuses": list(facts.statuses),
        "nameservers": list(facts.nameservers),
        "registrant": {"organisation": facts.registrant_organisation, "country": facts.registrant_country},
        "abuse_email": facts.abuse_email,
        "abuse_phone": facts.abuse_phone,
        "fetched_at": time_json(facts.fetched_at),
        "reason": facts.reason,
        "domain": facts.domain,
    }


def registration_from_json(row: Mapping[str, Any]) -> RegistrationFacts:
    """Return the inverse of `registration_json`."""
    return RegistrationFacts(
        status=RegistrationStatus(row["status"]),
        source=RegistrationSource(row["source"]),
        fetched_at=datetime.fromisoformat(row["fetched_at"]),
        registrar=row["registrar"],
        registrar_iana_id=row["registrar_iana_id"],
        created_at=time_from_json(row["created_at"]),
        updated_at=time_from_json(row["updated_at"]),
        expires_at=time_from_json(row["expires_at"]),
        statuses=tuple(row["statuses"]),
        nameservers=tuple(row["nameservers"]),
        registrant_organisation=row["registrant"]["organisation"],
        registrant_country=row["registrant"]["country"],
        abuse_email=row["abuse_email"],
        abuse_phone=row["abuse_phone"],
        reason=row["reason"],
        domain=row.get("domain"),
    )
