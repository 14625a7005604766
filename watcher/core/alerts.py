"""Alerts: what is told to people, gathered from events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.core.events import Event
from watcher.core.risk import Severity


class AlertKind(StrEnum):
    """Which form a message takes."""

    PAGE = "page"
    """Told at once: one or a few events of one group, or a storm with its list."""
    DIGEST = "digest"
    """Everything below the page threshold since the last digest; baselines."""
    SUMMARY = "summary"
    """The daily or weekly proof that silence is quiet and not blindness."""
    TEST = "test"
    """Sent by `watcher channels test`, marked as such."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to people. `id` stays the same on every try and on every channel.

    `events` are the ones shown, worst first; `total` counts all of the group, shown or not. `group` is the key they
    were gathered by. `text` is an extra line for digests, summaries and tests. `public_url` leads to our page, or None.
    """

    id: str
    kind: AlertKind
    severity: Severity
    events: tuple[Event, ...]
    total: int
    group: str
    created_at: datetime
    text: str = ""
    public_url: str | None = None
