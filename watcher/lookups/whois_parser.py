"""A WHOIS reply as facts: python-whois' rules for its registries, our own reading for what they leave open.

Its `org` and `country` are left alone: they may be another contact's, and `org` a person's name.

python-whois' expressions can be quadratic in the reply, so in the service this runs in a process that can be killed
(`whois_process`). Nothing here connects anywhere.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.lookups import registry_text
from watcher.lookups.whois_fields import WhoisFields, date, read_fields
from watcher.lookups.whois_lines import bounded


def parse(domain: str, text: str) -> WhoisFields:
    """The fields of `text`, a reply about `domain` (A-labels) that registers it; never raises for its content."""
    cut = bounded(text)
    own = read_fields(domain, cut)
    entry = _entry(domain, cut)
    return WhoisFields(
        registrar=own.registrar or registry_text.disclosed(_one(entry.get("registrar"))),
        registrar_iana_id=own.registrar_iana_id,
        created_at=own.created_at or _time(entry.get("creation_date")),
        updated_at=own.updated_at or _time(entry.get("updated_date")),
        expires_at=own.expires_at or _time(entry.get("expiration_date")),
        statuses=own.statuses or _statuses(entry.get("status")),
        nameservers=own.nameservers or _hosts(entry.get("name_servers")),
        registrant_organisation=own.registrant_organisation,
        registrant_country=own.registrant_country,
        abuse_email=own.abuse_email,
        abuse_phone=own.abuse_phone,
        words=own.words,
    )


def _entry(domain: str, text: str) -> Mapping[str, Any]:
    """What python-whois makes of the text; empty when it has no rules or stumbles."""
    from whois.parser import WhoisEntry  # noqa: PLC0415 (slow to import, and wanted in the parser process alone)

    try:
        return dict(WhoisEntry.load(domain, text))
    except Exception:  # noqa: BLE001 (its rules raise whatever a strange reply makes them raise)
        return {}


def _several(value: object) -> list[Any]:
    return list(value[:64]) if isinstance(value, list | tuple) else [] if value is None else [value]


def _one(value: object) -> object:
    return next(iter(_several(value)), None)


def _time(value: object) -> datetime | None:
    for item in _several(value):
        found = registry_text.utc(item) if isinstance(item, datetime) else date(str(item))
        if found is not None:
            return found
    return None


def _statuses(value: object) -> tuple[str, ...]:
    found = {status for item in _several(value) if (status := registry_text.status(item)) is not None}
    return tuple(sorted(found))[: registry_text.MOST_STATUSES]


def _hosts(value: object) -> tuple[str, ...]:
    parts = [part for item in _several(value) if isinstance(item, str) for part in item.split()[:4]]
    found = {name for part in parts if (name := registry_text.host_name(part)) is not None}
    return tuple(sorted(found))[: registry_text.MOST_NAMESERVERS]
