"""Growth of a group after its first message: that message can be brought up to date instead of standing there wrong."""

from dataclasses import replace

from watcher.core.events import EventKind
from watcher.core.states.steadiness import Mark
from watcher.core.telling.alerts import SHOWN_EVENTS, Alert, AlertKind, worst_first


def grows(first: Alert, later: Alert) -> bool:
    """Return whether `later` brings more of the kind that `first` told of; a loss, a return or an end does not."""
    kinds = {event.kind for event in (*first.events, *later.events)}
    if first.kind is not AlertKind.PAGE or later.kind is not AlertKind.PAGE or kinds != {EventKind.MAIL_BECAME_ABLE}:
        return False
    known = {event.name for event in first.events}
    return not any(event.name in known or event.after.get(Mark.RETURNED) for event in later.events)


def grown(first: Alert, later: Alert) -> Alert:
    """Return the first alert with the later one's events added; the same however often it is done."""
    known = {event.id for event in first.events}
    new = [event for event in later.events if event.id not in known]
    events = worst_first([*first.events, *new])
    return replace(
        first,
        severity=events[0].severity,
        events=events[:SHOWN_EVENTS],
        total=first.total + (later.total if new else 0),
    )


def kept(alert: Alert) -> Alert:
    """Return the alert as it is remembered: without evidence, which only a message of its own shows."""
    return replace(alert, events=tuple(replace(event, evidence=()) for event in alert.events))
