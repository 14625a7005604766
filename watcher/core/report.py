"""A report on a name: what is known, the timeline of it, and the requests that it makes, as texts to send."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from watcher.core.known import Known


class Purpose(StrEnum):
    """The request that a report makes; it decides the recipient."""

    TAKEDOWN = "takedown"
    """Of the registrar or the registry: take the name out of service."""
    BLOCK = "block"
    """Of those who run mail systems: take no mail to it, and none from it."""


@dataclass(frozen=True, slots=True)
class KeptReply:
    """One reply of a registry that is kept as it came: `size` in bytes, and the hash that proves it."""

    source: str
    fetched_at: datetime
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """One line of the timeline. `event`: the id of the event that it tells; empty for a registry's date."""

    at: datetime
    what: str
    source: str
    event: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The report on a name that was looked at. `summary`: the verdict as one sentence; None where there is none.

    `timeline`: everything that happened, oldest first. `texts`: each request as plain text, to be completed with the
    sender.
    """

    known: Known
    summary: str | None
    timeline: tuple[Milestone, ...]
    texts: Mapping[Purpose, str]
    replies: tuple[KeptReply, ...] = ()
