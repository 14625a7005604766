"""Mail from here to a name: what logs told of, and what the policy service stopped. Counts and days, no addresses."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class WrittenTo:
    """The counts and days of the messages to one domain."""

    domain: str
    messages: int
    senders: int
    delivered: int
    bounced: int
    deferred: int
    refused: int
    first_day: date | None
    last_day: date | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """The number of times that the policy service stopped mail to a name; the first hour and the last."""

    count: int
    first_hour: datetime
    last_hour: datetime


@dataclass(frozen=True, slots=True)
class MailTo:
    """The mail to one name: as kept logs have it, and as it was stopped; None where there was none."""

    written: WrittenTo | None = None
    stopped: Stopped | None = None
