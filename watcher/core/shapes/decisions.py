"""The JSON of a decision about an event: one line of the event record."""

from datetime import datetime

from watcher.core.events import Event
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import JSON, time_json


def decision_json(event: Event, decision: str, reason: str, at: datetime, alert_id: str | None) -> JSON:
    """Return what was decided about the event, why, when, in which alert, and the event itself."""
    return {
        "at": time_json(at),
        "decision": decision,
        "reason": reason,
        "alert": alert_id,
        "event": event_json(event),
    }
