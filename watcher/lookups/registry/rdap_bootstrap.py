"""The RDAP server of each suffix: IANA's bootstrap (RFC 9224), and a few servers it does not list."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from watcher.core.errors import LookupFailed
from watcher.lookups.registry import text as registry_text

MOST_BYTES = 4 * 1024 * 1024
"""A bootstrap longer than this is refused; the real one has about 110,000 bytes."""

_MOST_SUFFIXES = 20_000

UNLISTED: Mapping[str, str] = {
    # Registries that run RDAP without being in the bootstrap (as seen by RDAP clients' own lists, January 2026).
    "ac": "https://rdap.identitydigital.services/rdap/",
    "ag": "https://rdap.identitydigital.services/rdap/",
    "bz": "https://rdap.identitydigital.services/rdap/",
    "ch": "https://rdap.nic.ch/",
    "co": "https://rdap.registry.co/co/",
    "de": "https://rdap.denic.de/",
    "gl": "https://rdap.centralnic.com/gl/",
    "io": "https://rdap.identitydigital.services/rdap/",
    "lc": "https://rdap.identitydigital.services/rdap/",
    "li": "https://rdap.nic.li/",
    "me": "https://rdap.identitydigital.services/rdap/",
    "mn": "https://rdap.identitydigital.services/rdap/",
    "pr": "https://rdap.identitydigital.services/rdap/",
    "sc": "https://rdap.identitydigital.services/rdap/",
    "sh": "https://rdap.identitydigital.services/rdap/",
    "us": "https://rdap.nic.us/",
    "vc": "https://rdap.identitydigital.services/rdap/",
}


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """`servers`: suffix (A-labels, lower case) to base URL, which is https and ends with a slash."""

    servers: Mapping[str, str]
    publication: datetime | None = None


def read_bootstrap(raw: bytes) -> Bootstrap:
    """Return the usable part of a bootstrap file: invalid entries, and URLs that are not https, are left out.

    Raises LookupFailed when nothing usable is in it, so that the one in use stays.
    """
    if len(raw) > MOST_BYTES:
        raise LookupFailed("RDAP bootstrap", "it is longer than 4 MiB")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise LookupFailed("RDAP bootstrap", "it is not JSON") from error
    services = document.get("services") if isinstance(document, dict) else None
    if not isinstance(services, list):
        raise LookupFailed("RDAP bootstrap", "it has no services")
    servers: dict[str, str] = {}
    for suffix, url in _entries(services):
        if len(servers) >= _MOST_SUFFIXES:
            break
        servers.setdefault(suffix, url)
    if not servers:
        raise LookupFailed("RDAP bootstrap", "no entry in it can be used")
    return Bootstrap(servers, registry_text.time(document.get("publication")))


def _entries(services: list[object]) -> Iterator[tuple[str, str]]:
    for service in services:
        match service:
            case [list() as suffixes, list() as urls, *_]:
                url = next((usable for candidate in urls if (usable := base_url(candidate)) is not None), None)
                if url is not None:
                    yield from ((suffix, url) for text in suffixes if (suffix := _suffix(text)) is not None)
            case _:
                continue


def _suffix(text: object) -> str | None:
    if not isinstance(text, str) or not text:
        return None
    # Joined to a label, a top-level label is a name like any other: one rule for what a label may be.
    name = registry_text.host_name("x." + text.strip("."))
    return None if name is None else name.removeprefix("x.")


def base_url(url: object, *, plain_http: bool = False) -> str | None:
    """`url` with its final slash, or None when it is not https (or http, where `plain_http`) with a host alone."""
    if not isinstance(url, str) or len(url) > 500 or not url.isascii() or not url.isprintable():  # noqa: PLR2004
        return None
    try:
        parts = urlsplit(url)
        port_readable = parts.port is None or parts.port > 0
    except ValueError:
        return None
    schemes = ("https", "http") if plain_http else ("https",)
    if parts.scheme not in schemes or not parts.hostname or not port_readable or "%" in url or " " in url:
        return None
    if parts.query or parts.fragment or parts.username is not None:
        return None
    return url if url.endswith("/") else url + "/"


def suffixes_of(domain: str) -> Iterator[str]:
    """Yield the suffixes of `domain`, longest first, the domain itself left out: `b.co.uk` gives `co.uk`, `uk`."""
    _, dot, rest = domain.partition(".")
    while dot:
        yield rest
        _, dot, rest = rest.partition(".")
