"""Events: what happened to a name or to the watch itself, as recorded, told and sent to hooks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from watcher.core.mail.risk import Severity


class EventKind(StrEnum):
    """Everything that can be told. Readers must tolerate kinds they do not know."""

    LOOKALIKE_FOUND = "lookalike_found"
    MAIL_FOUND_ABLE = "mail_found_able"
    MAIL_BECAME_ABLE = "mail_became_able"
    MAIL_BECAME_UNABLE = "mail_became_unable"
    EXCHANGES_CHANGED = "exchanges_changed"
    REGISTERED = "registered"
    LAPSED = "lapsed"
    EXPIRING = "expiring"
    REGISTRATION_CHANGED = "registration_changed"
    NAMESERVERS_CHANGED = "nameservers_changed"
    SUFFIX_WILDCARD_CHANGED = "suffix_wildcard_changed"
    OWN_MAIL_AT_RISK = "own_mail_at_risk"
    WATCH_STALE = "watch_stale"
    WATCH_RECOVERED = "watch_recovered"
    CHANNEL_FAILING = "channel_failing"
    CHANNEL_RECOVERED = "channel_recovered"
    RESOLVER_REFUSED = "resolver_refused"
    DATA_AGED = "data_aged"
    """Lists that watcher came with have grown old: nobody is blind by it, and nobody is woken."""
    MAIL_REFUSED = "mail_refused"
    """Mail to a lookalike was stopped at the mail server; counted by the hour."""


ENDED_BY = {
    EventKind.MAIL_BECAME_UNABLE: EventKind.MAIL_BECAME_ABLE,
    EventKind.WATCH_RECOVERED: EventKind.WATCH_STALE,
    EventKind.CHANNEL_RECOVERED: EventKind.CHANNEL_FAILING,
}
"""The kind of event that each kind ends: recipients of the beginning are notified of the end."""


class Grade(StrEnum):
    """The use of a resemblance to a defender, strongest first; compare with `at_least`."""

    BLOCK = "block"
    """Mail to such a name can be blocked unseen."""
    WARN = "warn"
    """The sender should be asked."""
    NOTE = "note"
    """Kept, and hidden by default: most such names are innocent."""

    def at_least(self, other: "Grade") -> bool:
        """Return whether this grade is `other` or stronger."""
        order = list(Grade)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True)
class Resemblance:
    """The resemblance of a lookalike to a protected name: techniques, likelihood, and the place of the slip.

    A resemblance that nobody graded is worth a warning: it is neither hidden nor blocked. `grade_reason` is for people.
    """

    protected: str
    techniques: tuple[str, ...]
    likelihood: float
    explanation: str
    rank: int | None = None
    grade: Grade = Grade.WARN
    grade_reason: str = ""


def best_grade(resemblances: Iterable[Resemblance]) -> Grade | None:
    """Return the strongest grade among `resemblances`; None where there are none."""
    return min((resemblance.grade for resemblance in resemblances), key=list(Grade).index, default=None)


def only_noted(resemblances: Iterable[Resemblance]) -> bool:
    """Return whether there are resemblances and `note` is the best grade among them."""
    return best_grade(resemblances) is Grade.NOTE


@dataclass(frozen=True, slots=True)
class Ownership:
    """The owner and the tags that people gave to a protected name."""

    protected: str
    owner: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """One event. `before` and `after` are the `from` and `to` of the JSON shape; `evidence` is in the JSON shape too.

    `id` is time-ordered text made by the store once, and never changes. `name` is empty for events of the watch itself.
    `ownership` of its protected names is added when it is decided who is notified; before that there is none.
    """

    id: str
    kind: EventKind
    severity: Severity
    severity_reasons: tuple[str, ...]
    name: str
    registrable_domain: str | None
    protected: tuple[str, ...]
    at: datetime
    source: str = "dns"
    detected_after_seconds: float | None = None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    evidence: tuple[Mapping[str, Any], ...] = ()
    resembles: tuple[Resemblance, ...] = ()
    ownership: tuple[Ownership, ...] = ()
