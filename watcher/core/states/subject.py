"""Whom a change concerns, and the drafts of what is to be recorded about it: the mail, the registration, or a risk."""

from dataclasses import dataclass, field
from datetime import datetime

from watcher.core.events import EventKind, Resemblance, only_noted
from watcher.core.mail.risk import Rating, rate
from watcher.core.mail.verdict import Verdict
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.states.mail_state import Draft


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event concerns. `ours`: own, protected, defensive (M35), or None for a name of somebody else's.

    `protected`: the protected names where no one resemblance is what matters.
    """

    name: str
    registrable_domain: str | None
    resembles: tuple[Resemblance, ...] = field(default=())
    ours: str | None = None
    protected: tuple[str, ...] = ()

    @property
    def rank(self) -> int | None:
        """Its best place among the candidates of a protected name."""
        return min((resemble.rank for resemble in self.resembles if resemble.rank is not None), default=None)

    def rating(self, verdict: Verdict) -> Rating:
        """Return how severe a verdict about it is."""
        return rate(verdict, rank=self.rank, only_noted=only_noted(self.resembles))


@dataclass(frozen=True, slots=True)
class RegistrationDraft:
    """A change of registration, as severe as what the name can do with mail by `verdict`."""

    kind: EventKind
    verdict: Verdict | None
    before: RegistrationFacts | None
    after: RegistrationFacts


@dataclass(frozen=True, slots=True)
class RiskDraft:
    """`own_mail_at_risk`: what stood, and what was seen."""

    before: Verdict | None
    after: Verdict
    kind: EventKind = EventKind.OWN_MAIL_AT_RISK


@dataclass(frozen=True, slots=True)
class NameDraft:
    """An event about a name, to be: whom it concerns, when it was seen, and what changed."""

    subject: Subject
    at: datetime
    change: Draft | RegistrationDraft | RiskDraft

    @property
    def kind(self) -> EventKind:
        """The kind of the event."""
        return self.change.kind
