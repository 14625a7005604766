"""What one question to one registry server gave: facts, and what the server wants of our pace."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.core.registration import RegistrationFacts, RegistrationSource, RegistrationStatus


@dataclass(frozen=True, slots=True)
class Reply:
    """`throttled`: the server asks us to slow down, `retry_after` by how long where it says so.

    `failed`: nothing was learnt about the domain that another server of the registry could not still tell.
    """

    facts: RegistrationFacts
    throttled: bool = False
    retry_after: timedelta | None = None
    failed: bool = False


def unknown(source: RegistrationSource, at: datetime, reason: str) -> RegistrationFacts:
    """Facts that say only why nothing is known."""
    return RegistrationFacts(RegistrationStatus.UNKNOWN, source, at, reason=reason[:300])


def failed(source: RegistrationSource, at: datetime, reason: str) -> Reply:
    """A reply that taught nothing, for `reason`."""
    return Reply(unknown(source, at, reason), failed=True)


def throttled(source: RegistrationSource, at: datetime, reason: str, retry_after: timedelta | None = None) -> Reply:
    """A reply that asks for patience."""
    return Reply(unknown(source, at, reason), throttled=True, retry_after=retry_after)
