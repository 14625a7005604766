"""An RDAP domain object (RFC 9083) as registration facts: a pure function that no document can break.

Read are: status, events, nameservers, the registrar with its IANA id and abuse contact, and of the registrant the
organisation and country. Links are read apart: a registrar's own RDAP must not replace what the registry says.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from watcher.core.errors import LookupFailed
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.lookups.registry import text

_MOST_ENTITIES = 64
_MOST_EVENTS = 64
_MOST_PROPERTIES = 64
_MOST_LINKS = 32

_JCard = Mapping[str, "list[list[Any]]"]


def read_domain(document: object, domain: str, fetched_at: datetime) -> RegistrationFacts:
    """Return the facts in `document`, the JSON of an answer about `domain`.

    Raises LookupFailed when the document is not a domain object, or is one of another name.
    """
    if not isinstance(document, dict):
        raise LookupFailed("RDAP", "the answer is not an object")
    kind = document.get("objectClassName")
    if isinstance(kind, str) and kind.lower() != "domain":
        raise LookupFailed("RDAP", "the answer is not about a domain")
    answered = text.host_name(document.get("ldhName")) or text.host_name(document.get("unicodeName"))
    if kind is None and answered is None:
        raise LookupFailed("RDAP", "the answer is not about a domain")
    if answered is not None and answered != domain:
        raise LookupFailed("RDAP", "the answer is about another name")
    entities = list(_entities(document))
    events = _events(document)
    statuses = _statuses(document)
    registrar = next((entity for entity in entities if "registrar" in _roles(entity)), None)
    registrant = next((entity for entity in entities if "registrant" in _roles(entity)), None)
    withheld = _withheld(document)
    reserved = "reserved" in statuses and registrar is None and "registration" not in events
    return RegistrationFacts(
        status=RegistrationStatus.RESERVED if reserved else RegistrationStatus.REGISTERED,
        source=RegistrationSource.RDAP,
        fetched_at=fetched_at,
        registrar=_registrar_name(registrar),
        registrar_iana_id=_iana_id(registrar),
        created_at=events.get("registration"),
        updated_at=events.get("last changed"),
        expires_at=events.get("expiration"),
        statuses=statuses,
        nameservers=_nameservers(document),
        registrant_organisation=None if "registrant organization" in withheld else _organisation(registrant),
        registrant_country=None if "registrant country" in withheld else _country(registrant),
        abuse_email=_abuse(registrar, entities, "email"),
        abuse_phone=_abuse(registrar, entities, "tel"),
    )


def related_links(document: object) -> tuple[str, ...]:
    """Return the registry's links to the registrar's RDAP for the same domain (RFC 9083 section 4.2), as written."""
    found = []
    for link in _items(document, "links", _MOST_LINKS):
        rel, kind, href = link.get("rel"), link.get("type"), link.get("href")
        if rel == "related" and isinstance(href, str) and (kind is None or kind == "application/rdap+json"):
            found.append(href.strip())
    return tuple(found)


def error_code(document: object) -> int | None:
    """Return the `errorCode` of an error document (RFC 9083 section 6), else None."""
    code = document.get("errorCode") if isinstance(document, dict) else None
    if isinstance(code, str) and code.isascii() and code.isdigit():
        code = int(code[:4])
    return code if isinstance(code, int) and not isinstance(code, bool) else None


def _items(container: object, key: str, most: int) -> Iterator[Mapping[str, Any]]:
    """Yield the objects in the list `container[key]`; a single object in its place counts as a list of it."""
    found = container.get(key) if isinstance(container, Mapping) else None
    if isinstance(found, Mapping):
        found = [found]
    if isinstance(found, list):
        yield from (item for item in found[:most] if isinstance(item, Mapping))


def _entities(container: object) -> Iterator[Mapping[str, Any]]:
    return _items(container, "entities", _MOST_ENTITIES)


def _roles(entity: Mapping[str, Any]) -> frozenset[str]:
    roles = entity.get("roles")
    listed = [roles] if isinstance(roles, str) else roles if isinstance(roles, list) else []
    return frozenset(role.lower() for role in listed[:16] if isinstance(role, str))


def _events(document: Mapping[str, Any]) -> Mapping[str, datetime]:
    """Return the first readable time of each kind of event."""
    found: dict[str, datetime] = {}
    for event in _items(document, "events", _MOST_EVENTS):
        action, at = event.get("eventAction"), text.time(event.get("eventDate"))
        if isinstance(action, str) and at is not None:
            found.setdefault(action.strip().lower(), at)
    return found


def _statuses(document: Mapping[str, Any]) -> tuple[str, ...]:
    listed = document.get("status")
    rows = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
    return tuple(sorted({found for row in rows[: text.MOST_STATUSES] for found in text.statuses(row)}))


def _nameservers(document: Mapping[str, Any]) -> tuple[str, ...]:
    found = {
        name
        for row in _items(document, "nameservers", text.MOST_NAMESERVERS)
        if (name := text.host_name(row.get("ldhName")) or text.host_name(row.get("unicodeName"))) is not None
    }
    return tuple(sorted(found))


def _jcard(entity: Mapping[str, Any] | None) -> _JCard:
    """Return the properties of a jCard (RFC 7095) by name; rows that are no properties are left out."""
    card = entity.get("vcardArray") if entity is not None else None
    rows = card[1] if isinstance(card, list) and len(card) > 1 and isinstance(card[1], list) else []
    properties: dict[str, list[list[Any]]] = {}
    for row in rows[:_MOST_PROPERTIES]:
        if isinstance(row, list) and len(row) > 3 and isinstance(row[0], str):  # noqa: PLR2004 (RFC 7095 3.3)
            properties.setdefault(row[0].lower(), []).append(row)
    return properties


def _first(card: _JCard, name: str) -> str | None:
    """Return the first disclosed text of property `name`; structured values give their first part."""
    for row in card.get(name, ()):
        value = row[3]
        while isinstance(value, list) and value:
            value = value[0]
        found = text.disclosed(value)
        if found is not None:
            return found
    return None


def _registrar_name(registrar: Mapping[str, Any] | None) -> str | None:
    card = _jcard(registrar)
    name = _first(card, "fn") or _first(card, "org")
    if name is None and registrar is not None and not card:
        name = text.disclosed(registrar.get("handle"))
    return name


def _iana_id(registrar: Mapping[str, Any] | None) -> str | None:
    for row in _items(registrar, "publicIds", 8):
        kind, identifier = row.get("type"), row.get("identifier")
        if isinstance(kind, str) and "iana" in kind.lower():
            digits = text.clean(str(identifier), 10) if isinstance(identifier, str | int) else None
            if digits is not None and digits.isascii() and digits.isdigit():
                return digits
    return None


def _organisation(registrant: Mapping[str, Any] | None) -> str | None:
    """Return the organisation alone. `fn` may be a person, so it counts only where the card says that it is not."""
    card = _jcard(registrant)
    fn = _first(card, "fn")
    if (_first(card, "kind") or "").lower() in {"org", "organization"}:
        return _first(card, "org") or fn
    return text.organisation(_first(card, "org"), () if fn is None else (fn,))


def _country(registrant: Mapping[str, Any] | None) -> str | None:
    for row in _jcard(registrant).get("adr", ()):
        parameters, address = row[1], row[3]
        code = parameters.get("cc") if isinstance(parameters, Mapping) else None
        found = text.country(code)
        if found is None and isinstance(address, list) and len(address) > 6:  # noqa: PLR2004 (RFC 6350 6.3.1)
            found = text.country(address[6])
        if found is not None:
            return found
    return None


def _abuse(registrar: Mapping[str, Any] | None, entities: list[Mapping[str, Any]], name: str) -> str | None:
    """Return the abuse contact: below the registrar by RFC 9083, beside it in some registries."""
    nested = list(_entities(registrar)) if registrar is not None else []
    read = text.mail_address if name == "email" else text.phone
    for entity in (*nested, *entities):
        if "abuse" in _roles(entity):
            for row in _jcard(entity).get(name, ()):
                found = read(row[3])
                if found is not None:
                    return found
    return None


def _withheld(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the names of what the registry says it redacted by emptying or replacing (RFC 9537)."""
    found: set[str] = set()
    for row in _items(document, "redacted", 64):
        name = row.get("name")
        label = text.clean(name.get("type") or name.get("description")) if isinstance(name, Mapping) else None
        if label is not None and row.get("method") != "partialValue":
            found.add(label.lower())
    return frozenset(found)
