"""The result of one question to one registry server: facts, and what the server wants of our pace."""

import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus


@dataclass(frozen=True, slots=True)
class RegistryReply:
    """`throttled`: the server asks us to slow down, `retry_after` by how long where it says so.

    `failed`: nothing was learnt about the domain that another server of the registry could not still tell.
    `registrar`: where the registrar's own RDAP has the domain, as the registry's links say.
    """

    facts: RegistrationFacts
    throttled: bool = False
    retry_after: timedelta | None = None
    failed: bool = False
    registrar: str | None = None


def unknown(source: RegistrationSource, at: datetime, reason: str) -> RegistrationFacts:
    """Facts that say only why nothing is known."""
    return RegistrationFacts(RegistrationStatus.UNKNOWN, source, at, reason=reason[:300])


def failed(source: RegistrationSource, at: datetime, reason: str) -> RegistryReply:
    """Return a reply that taught nothing, for `reason`."""
    return RegistryReply(unknown(source, at, reason), failed=True)


def throttled(
    source: RegistrationSource, at: datetime, reason: str, retry_after: timedelta | None = None
) -> RegistryReply:
    """Return a reply that asks for patience."""
    return RegistryReply(unknown(source, at, reason), throttled=True, retry_after=retry_after)


MOST_KEPT = 256 * 1024
"""Bytes of a reply that are kept."""
MOST_PACKED = 64 * 1024


def packed(body: bytes) -> bytes:
    """Return a reply as it came, cut and compressed: at most MOST_PACKED bytes."""
    for most in (MOST_KEPT, MOST_PACKED // 2):
        found = zlib.compress(body[:most])
        if len(found) <= MOST_PACKED:
            return found
    return b""  # deflate adds a few bytes to what it cannot compress, never half of it


def unpacked(kept: bytes) -> bytes:
    """Return the text that `packed` was given, as far as it was kept."""
    return zlib.decompressobj().decompress(kept, MOST_KEPT) if kept else b""
