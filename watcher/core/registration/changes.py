"""Changes between two sets of registration facts: registered, lapsed, other holder or servers, near expiry."""

from dataclasses import replace
from datetime import datetime, timedelta

from watcher.core.events import EventKind
from watcher.core.registration.facts import (
    RegistrationFacts,
    RegistrationSource,
    RegistrationStatus,
    contradicted,
    said_by,
)

EXPIRY_NEAR = timedelta(days=30)

_TELLING = frozenset(
    status.lower().replace(" ", "")
    for status in ("server hold", "client hold", "pending delete", "redemption period", "inactive", "pending transfer")
)
"""EPP statuses whose coming or going is worth an event; locks and renewals come and go by themselves."""


def changes(before: RegistrationFacts | None, after: RegistrationFacts) -> tuple[EventKind, ...]:
    """Return the kinds of events that `after` raises where `before` was known; an unknown status raises none.

    What was never known before is a baseline: only nearness of expiry is told of it, once for each expiry date.
    """
    if after.status is RegistrationStatus.UNKNOWN:
        return ()
    kinds: list[EventKind] = []
    known = before is not None and before.status is not RegistrationStatus.UNKNOWN
    if before is not None and before.domain is not None and after.domain is not None and before.domain != after.domain:
        known = False  # of another name: nothing that changed
    if before is not None and known and before.status is not after.status:
        if after.status is RegistrationStatus.REGISTERED:
            kinds.append(EventKind.REGISTERED)
        elif before.status is RegistrationStatus.REGISTERED:
            kinds.append(EventKind.LAPSED)
    elif before is not None and known and after.status is RegistrationStatus.REGISTERED:
        if _holder_changed(before, after):
            kinds.append(EventKind.REGISTRATION_CHANGED)
        if _comparable(before, after) and before.nameservers != after.nameservers:
            kinds.append(EventKind.NAMESERVERS_CHANGED)
    if _near_expiry(after, after.expires_at) and not (
        before is not None and before.expires_at == after.expires_at and _near_expiry(before, after.expires_at)
    ):
        kinds.append(EventKind.EXPIRING)
    return tuple(kinds)


def doubted(before: RegistrationFacts | None, after: RegistrationFacts) -> RegistrationFacts | None:
    """Return the facts to keep in place of `after` if it is not believed: `before` with the reason; else None.

    A registry that calls a registered name free while the DNS shows it delegated (`compared_with_dns`) is broken,
    and is so for all its names then. No name that is delegated has lapsed on one source's word, however often that says
    so.
    """
    if before is None or before.status is not RegistrationStatus.REGISTERED:
        return None
    if after.status is not RegistrationStatus.UNREGISTERED or not contradicted(after):
        return None
    if contradicted(before) and not said_by(before, after.source):
        return None  # another source says so too
    return replace(before, reason=after.reason, fetched_at=after.fetched_at)


def merged(before: RegistrationFacts | None, after: RegistrationFacts) -> RegistrationFacts:
    """Return the facts to remember: known ones give way neither to "we could not ask" nor to a parent's."""
    if before is None or before.status is RegistrationStatus.UNKNOWN:
        return after
    less = after.status is RegistrationStatus.UNKNOWN or (_below(before.domain, after.domain))
    return before if less else after


def _below(name: str | None, parent: str | None) -> bool:
    """Return whether facts about `name` say more than those about `parent`, above it."""
    return name is not None and parent is not None and name.endswith("." + parent)


def _comparable(before: RegistrationFacts, after: RegistrationFacts) -> bool:
    """Return whether the facts can be compared: sources differ in spelling, the DNS shows only a delegation."""
    return before.source is after.source and after.source is not RegistrationSource.DNS


def _holder_changed(before: RegistrationFacts, after: RegistrationFacts) -> bool:
    created = before.created_at, after.created_at
    if created[0] is not None and created[1] is not None and created[1] - created[0] > timedelta(days=1):
        return True  # registered anew between two looks
    if not _comparable(before, after):
        return False
    pairs = (
        (before.registrar_iana_id, after.registrar_iana_id),
        (before.registrant_organisation, after.registrant_organisation),
        (before.registrant_country, after.registrant_country),
    )
    if any(old is not None and new is not None and old != new for old, new in pairs):
        return True
    unnumbered = before.registrar_iana_id is None or after.registrar_iana_id is None
    if unnumbered and before.registrar and after.registrar and before.registrar != after.registrar:
        return True
    return _telling(before) != _telling(after)


def _telling(facts: RegistrationFacts) -> set[str]:
    return {status.lower().replace(" ", "") for status in facts.statuses} & _TELLING


def _near_expiry(facts: RegistrationFacts, expires_at: datetime | None) -> bool:
    """Return whether the facts were fetched less than EXPIRY_NEAR before `expires_at`."""
    registered = facts.status is RegistrationStatus.REGISTERED
    return registered and expires_at is not None and facts.fetched_at >= expires_at - EXPIRY_NEAR
