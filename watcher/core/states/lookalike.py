"""The row of one name: its state, newest verdict and registration, next look, and triage."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Verdict
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.states.mail_state import MailState


class Relation(StrEnum):
    """The relation of a row's name to the owner."""

    LOOKALIKE = "lookalike"
    OWN = "own"
    PROTECTED = "protected"


LOOKALIKE, OWN, PROTECTED = Relation.LOOKALIKE, Relation.OWN, Relation.PROTECTED


class Triage(StrEnum):
    """The decision of a person about a lookalike."""

    NEW = "new"
    INVESTIGATING = "investigating"
    TAKEDOWN = "takedown"
    BLOCKED = "blocked"
    OWNED = "owned"
    """It is ours: on the own list while this is decided."""
    IGNORED = "ignored"
    """It is harmless: silenced by name, while this is decided or until the silence is removed."""


@dataclass(frozen=True, slots=True)
class Lookalike:
    """The row of one name.

    `verdict` is the last settled one with its evidence, or the newest while none has settled; None: never looked at.
    `first_seen_at` None: never seen to exist, kept only until it settles. `next_look_at` None: never by itself.
    """

    name: str
    registrable_domain: str | None
    public_suffix: str
    unicode: str
    relation: Relation = LOOKALIKE
    state: MailState = field(default_factory=MailState)
    verdict: Verdict | None = None
    severity: Severity = Severity.INFO
    severity_reasons: tuple[str, ...] = ()
    next_look_at: datetime | None = None
    first_seen_at: datetime | None = None
    registration: RegistrationFacts | None = None
    registration_next_at: datetime | None = None
    triage: Triage = Triage.NEW
    triage_note: str = ""
    triage_at: datetime | None = None
    triage_by: str | None = None
    claim_epoch: int = 0
    """The epoch of the claim that handed it out (`store.fences`)."""

    @property
    def settled_at(self) -> datetime | None:
        """The time of the last settled look; None while none has settled."""
        unsettled = self.verdict is None or self.verdict.ability is Ability.UNKNOWN
        return None if unsettled else self.state.settled_at
