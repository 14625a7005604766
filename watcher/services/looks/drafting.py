"""Events to be: whom they concern, how bad they are, how late they were seen. Who records them gives them an id."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Rating, Severity
from watcher.core.mail.verdict import Flag, Verdict
from watcher.core.registration.facts import RegistrationFacts
from watcher.core.shapes.mail import answer_json, mail_brief_json, mail_side_json
from watcher.core.shapes.registration import registration_json
from watcher.core.shapes.times import time_json
from watcher.core.states.lookalike import PROTECTED
from watcher.core.states.mail_state import Draft
from watcher.core.states.subject import NameDraft, RegistrationDraft, RiskDraft, Subject
from watcher.core.states.watch_draft import WatchDraft

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
_FIRST = frozenset({EventKind.LOOKALIKE_FOUND, EventKind.MAIL_FOUND_ABLE, EventKind.MAIL_BECAME_ABLE})
"""Kinds that owe to whoever brought the name; later changes were seen in the DNS."""
MOST_EVIDENCE = 300
"""Answers shown in one event; three looks at a name with twenty exchanges are about 250."""


def name_event(draft: NameDraft) -> Event:
    """The event of a draft about a name."""
    change, subject, at = draft.change, draft.subject, draft.at
    match change:
        case Draft():
            return mail_event(change, subject, at)
        case RegistrationDraft():
            return registration_event(
                change.kind, subject, change.verdict, at=at, before=change.before, after=change.after
            )
        case RiskDraft():
            before = {} if change.before is None else mail_brief_json(change.before)
            after = mail_brief_json(change.after)
            return plain_event(change.kind, subject, change.after, at=at, before=before, after=after)


def watch_event(draft: WatchDraft, now: datetime) -> Event:
    """The event of a draft about the watch itself."""
    since = {} if draft.since is None else {"since": time_json(draft.since)}
    reason = "lookalikes are not seen" if draft.blind else "the watch itself is affected"
    return Event(
        id="",
        kind=draft.kind,
        severity=Severity.HIGH if draft.blind else draft.severity,
        severity_reasons=(reason,),
        name="",
        registrable_domain=None,
        protected=(),
        at=now,
        source="watch",
        after={**since, **draft.after},
    )


def mail_event(draft: Draft, subject: Subject, at: datetime) -> Event:
    """The event of a draft, of the worse severity of what stood and what stands."""
    after = mail_side_json(draft.after)
    if draft.since is None:
        after["baseline"] = True
    after |= {mark.value: True for mark in sorted(draft.marks)}
    if draft.unsettled is not None:
        after |= {"unsettled_since": time_json(draft.unsettled.since), "unsettled_outcome": draft.unsettled.outcome}
    ratings = [subject.rating(verdict) for verdict in (draft.after, draft.before) if verdict is not None]
    return _event(
        draft.kind,
        subject,
        at,
        max(ratings, key=lambda rating: list(Severity).index(rating.severity)),
        before={} if draft.before is None else mail_brief_json(draft.before),
        after=after,
        evidence=tuple(answer_json(answer) for answer in draft.evidence[:MOST_EVIDENCE]),
        source=subject.source if draft.kind in _FIRST else "dns",
        since=draft.since,
    )


def registration_event(
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
        kind,
        subject,
        at,
        rating if severity is None else Rating(severity, rating.reasons),
        before=before,
        after=after,
        evidence=tuple(answer_json(answer) for answer in verdict.evidence[:MOST_EVIDENCE]),
    )


def _event(
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
        id="",
        kind=kind,
        severity=rating.severity,
        severity_reasons=rating.reasons,
        name=subject.name,
        registrable_domain=subject.registrable_domain,
        protected=tuple(resemble.protected for resemble in subject.resembles)
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
