"""Protected names: a domain, a host or a whole suffix, as an operator writes it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.core.errors import InvalidName
from watcher.core.names.names import Fqdn, parse, parse_existing
from watcher.core.names.suffixes import Suffixes


class Kind(StrEnum):
    """The kind of a protected name."""

    DOMAIN = "domain"
    """A registrable domain: `army.mil`."""
    HOST = "host"
    """A name below one: `us.army.mil`."""
    SUFFIX = "suffix"
    """A public suffix and everything under it: `mil`, `gov.uk`."""


@dataclass(frozen=True, slots=True)
class ProtectedName:
    """One protected name. It need not be the operator's own: a ministry protects the names it writes to."""

    name: Fqdn
    kind: Kind
    owner: str | None = None
    tags: tuple[str, ...] = ()
    created_at: datetime | None = None


def parse_protected(text: str, suffixes: Suffixes) -> tuple[Fqdn, Kind]:
    """Return the name in `text` and its kind: domain, host, IDN, mailbox, URL, or a suffix with or without leading dot.

    Raises InvalidName: when it is no name, when its top-level label is not in the root zone, and for a dot in front
    of anything but a public suffix.
    """
    name = parse_any(text, suffixes)
    _check_valid(text)  # what is protected is enumerated
    if not suffixes.is_delegated(name):
        top = name.rpartition(".")[2]
        raise InvalidName(text, f"there is no top-level domain {top!r}")
    if suffixes.is_suffix(name):
        return name, Kind.SUFFIX
    kind = Kind.DOMAIN if suffixes.registrable_domain(name) == name else Kind.HOST
    return name, kind


def _check_valid(text: str) -> None:
    try:
        parse(text.strip().removeprefix("."))
    except InvalidName as error:
        raise InvalidName(text, error.reason) from error


def parse_any(text: str, suffixes: Suffixes) -> Fqdn:
    """Return the name in `text`, protectable or not: any name, or a suffix with or without leading dot.

    Raises InvalidName: when it is no name, and for a dot in front of anything but a public suffix.
    """
    stripped = text.strip()
    dotted = stripped.startswith(".") and not stripped.startswith("..")
    try:
        name = parse_existing(stripped[1:] if dotted else stripped)
    except InvalidName as error:
        raise InvalidName(text, error.reason) from error
    if dotted and not suffixes.is_suffix(name):
        raise InvalidName(text, "a dot stands in front of a public suffix only")
    return name
