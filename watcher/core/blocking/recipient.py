"""The domains that a recipient's address leads to, whatever its form: RFC 5321, and % and ! of old relays."""

import re
from typing import NamedTuple

from watcher.core.errors import InvalidName
from watcher.core.names.names import Fqdn, parse

_LONGEST = 4096
_MOST_HOPS = 4
_PLAIN = re.compile(r"([A-Za-z0-9._+=-]+)@([A-Za-z0-9.-]+\.[A-Za-z0-9.-]+)\Z")
"""An address that has only one meaning: nearly all have."""


class Recipient(NamedTuple):
    """A mailbox: its local part, and its domain as A-labels."""

    local: str
    domain: Fqdn


def recipients(text: str) -> tuple[Recipient, ...]:
    """Return the mailboxes that mail to `text` may reach, the outer one first.

    `user%inner@outer` and `inner!user@outer` give both. An address literal, a local name and what is no address give
    none.
    """
    plain = _PLAIN.match(text)
    if plain is None:
        return _unusual(text)
    found: list[Recipient] = []
    _add(found, plain[1], plain[2])
    return tuple(found)


def _unusual(text: str) -> tuple[Recipient, ...]:
    if len(text) > _LONGEST:
        return ()
    address = text.strip().removeprefix("<").removesuffix(">")
    if address.startswith("@"):  # a source route: @relay,@relay:user@domain
        address = address.partition(":")[2]
    found: list[Recipient] = []
    local, at, domain = address.rpartition("@")
    if at:
        _add(found, local, domain)
    else:
        local = domain
    for _ in range(_MOST_HOPS):
        if local.startswith('"'):
            break
        left, percent, right = local.rpartition("%")
        if not percent:
            right, bang, left = local.partition("!")
            if not bang:
                break
        local = left
        if not local:
            break
        _add(found, local, right)
    return tuple(found)


def _add(found: list[Recipient], local: str, domain: str) -> None:
    if not domain or any(character in domain for character in "[]/:@ "):
        return
    try:
        name = parse(domain)
    except InvalidName:
        return
    if "." in name:
        found.append(Recipient(local, name))
