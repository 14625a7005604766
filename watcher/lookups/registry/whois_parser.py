"""A WHOIS reply as facts: python-whois' rules for its registries, our own reading for what they leave open.

Its `org` and `country` are left alone: they may be another contact's, and `org` a person's name.

python-whois' expressions can be quadratic in the reply, so in the service this runs in a process that can be killed
(`whois_process`). Nothing here connects anywhere.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any

from watcher.lookups.registry import text as registry_text
from watcher.lookups.registry.whois_fields import WhoisFields, date, read_fields
from watcher.lookups.registry.whois_lines import bounded


def parse(domain: str, text: str) -> WhoisFields:
    """Return the fields of `text`, a reply that registers `domain` (A-labels); never raises for its content."""
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
    """Return the fields that python-whois finds in the text; empty when it has no rules or stumbles."""
    try:
        return dict(_loader()(domain, text[:MOST_FOR_RULES]))
    except Exception:  # noqa: BLE001 (its rules raise whatever a strange reply makes them raise)
        return {}


@cache
def _loader() -> Callable[[str, str], Mapping[str, Any]]:
    r"""python-whois' `load`, with its rules cut to the fields that are read here.

    Its rules for persons' data are not wanted, and many of them are quadratic: `[Registrant Contact \w\W]+Country: `
    (.hk has twenty such) tries every place of the text as the beginning of a match that may end anywhere. Without their
    greedy beginning the rules find the same values.
    """
    from whois import parser  # noqa: PLC0415 (slow to import, and wanted in the parser process alone)

    for rules in {id(rules): rules for kind in _kinds(parser.WhoisEntry) for rules in _rules(kind)}.values():
        for field in list(rules):
            if field not in _WANTED:
                del rules[field]
            elif isinstance(rules[field], str):
                rules[field] = _GREEDY.sub("", rules[field])
    loaded: Callable[[str, str], Mapping[str, Any]] = parser.WhoisEntry.load
    return loaded


_WANTED = frozenset({"registrar", "creation_date", "updated_date", "expiration_date", "status", "name_servers"})
_GREEDY = re.compile(r"\A\[[^\]]*\\w\\W\]\+")
MOST_FOR_RULES = 16 * 1024
"""Characters of a reply that python-whois' rules see; some look for their end from every place they begin at."""


def _kinds(kind: type) -> Iterator[type]:
    yield kind
    below: type
    for below in kind.__subclasses__():
        yield from _kinds(below)


def _rules(kind: type) -> Iterator[dict[str, str]]:
    yield from (rules for name in ("regex", "_regex") if isinstance(rules := vars(kind).get(name), dict))


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
