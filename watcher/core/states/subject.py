"""The subject of a change, and the drafts of events about it: the mail, the registration, or a risk."""

from dataclasses import dataclass, field
from datetime import datetime

from watcher.core.events import EventKind, Resemblance, only_noted
from watcher.core.mail.risk import Rating, rate
from watcher.core.mail.verdict import Verdict
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.states.mail_state import Draft


@dataclass(frozen=True, slots=True)
class Subject:
    """The name that an event concerns. `ours`: own, protected, defensive (M35), or None for a name of somebody else's.

    `protected`: the protected names where no one resemblance is what matters. `source`: where its events come from.
    """

    name: str
    registrable_domain: str | None
    resembles: tuple[Resemblance, ...] = field(default=())
    ours: str | None = None
    protected: tuple[str, ...] = ()
    source: str = "dns"

    @property
    def rank(self) -> int | None:
        """Its best place among the candidates of a protected name."""
        return min((resemble.rank for resemble in self.resembles if resemble.rank is not None), default=None)

    def rating(self, verdict: Verdict) -> Rating:
        """Return the severity of a verdict about it, with the reasons."""
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
    """The draft of `own_mail_at_risk`: the verdict that stood, and the one that was seen."""

    before: Verdict | None
    after: Verdict
    kind: EventKind = EventKind.OWN_MAIL_AT_RISK


@dataclass(frozen=True, slots=True)
class NameDraft:
    """The draft of an event about a name: its subject, the time it was seen, and the change."""

    subject: Subject
    at: datetime
    change: Draft | RegistrationDraft | RiskDraft

    @property
    def kind(self) -> EventKind:
        """The kind of the event."""
        return self.change.kind
