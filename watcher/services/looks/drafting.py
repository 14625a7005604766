"""Events made from drafts: whom they concern, how bad they are, how late they were seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from watcher.core.events import Event, EventKind, Resemblance, only_noted
from watcher.core.mail.risk import Rating, Severity, rate
from watcher.core.mail.verdict import Flag, Verdict
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.shapes import answer_json, mail_brief_json, mail_side_json, registration_json
from watcher.core.states.mail_state import Draft
from watcher.store.lookalikes import PROTECTED

_CHANGES_OF_OURS = frozenset(
    {
        EventKind.MAIL_BECAME_UNABLE,
        EventKind.EXCHANGES_CHANGED,
        EventKind.NAMESERVERS_CHANGED,
        EventKind.REGISTRATION_CHANGED,
        EventKind.REGISTERED,
        EventKind.LAPSED,
        EventKind.EXPIRING,
        EventKind.OWN_MAIL_AT_RISK,
    }
)
MOST_EVIDENCE = 300
"""Answers shown in one event; three looks at a name with twenty exchanges are about 250."""


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
        return min((one.rank for one in self.resembles if one.rank is not None), default=None)

    def rating(self, verdict: Verdict) -> Rating:
        """Return how severe a verdict about it is."""
        return rate(verdict, rank=self.rank, only_noted=only_noted(self.resembles))


def mail_event(event_id: str, draft: Draft, subject: Subject, at: datetime) -> Event:
    """The event of a draft, of the worse severity of what stood and what stands."""
    after = mail_side_json(draft.after)
    if draft.since is None:
        after["baseline"] = True
    ratings = [subject.rating(verdict) for verdict in (draft.after, draft.before) if verdict is not None]
    return _event(
        event_id,
        draft.kind,
        subject,
        at,
        max(ratings, key=lambda rating: list(Severity).index(rating.severity)),
        before={} if draft.before is None else mail_brief_json(draft.before),
        after=after,
        evidence=tuple(answer_json(answer) for answer in draft.evidence[:MOST_EVIDENCE]),
        since=draft.since,
    )


def registration_event(
    event_id: str,
    kind: EventKind,
    subject: Subject,
    verdict: Verdict | None,
    *,
    at: datetime,
    before: RegistrationFacts | None,
    after: RegistrationFacts,
) -> Event:
    """A change of registration, as severe as what the name can do with mail."""
    return _event(
        event_id,
        kind,
        subject,
        at,
        Rating(Severity.INFO, ()) if verdict is None else subject.rating(verdict),
        before={} if before is None else registration_json(before),
        after=registration_json(after),
        source=after.source.value,
        since=None if before is None else before.fetched_at,
    )


def plain_event(
    event_id: str,
    kind: EventKind,
    subject: Subject,
    verdict: Verdict,
    *,
    at: datetime,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    severity: Severity | None = None,
) -> Event:
    """An event whose sides are not verdicts, shown by a verdict's evidence; as severe as it unless `severity` says."""
    rating = subject.rating(verdict)
    return _event(
        event_id,
        kind,
        subject,
        at,
        rating if severity is None else Rating(severity, rating.reasons),
        before=before,
        after=after,
        evidence=tuple(answer_json(answer) for answer in verdict.evidence[:MOST_EVIDENCE]),
    )


def _event(
    event_id: str,
    kind: EventKind,
    subject: Subject,
    at: datetime,
    rating: Rating,
    *,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    evidence: tuple[Mapping[str, Any], ...] = (),
    source: str = "dns",
    since: datetime | None = None,
) -> Event:
    itself = subject.ours == PROTECTED
    if subject.ours is not None:
        after = {"flags": [Flag.DEFENSIVE.value], **after, "relation": subject.ours}
        if kind in _CHANGES_OF_OURS:
            severity = rating.severity if rating.severity.at_least(Severity.HIGH) else Severity.HIGH
            rating = Rating(severity, ("it is one of ours", *rating.reasons))
    return Event(
        id=event_id,
        kind=kind,
        severity=rating.severity,
        severity_reasons=rating.reasons,
        name=subject.name,
        registrable_domain=subject.registrable_domain,
        protected=tuple(one.protected for one in subject.resembles)
        or subject.protected
        or ((subject.name,) if itself else ()),
        at=at,
        source=source,
        detected_after_seconds=None if since is None else max(0.0, (at - since).total_seconds()),
        before=before,
        after=after,
        evidence=evidence,
        resembles=subject.resembles,
    )
