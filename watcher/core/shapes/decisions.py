"""The JSON of a decision about an event: one line of the event record."""

from datetime import datetime

from watcher.core.events import Event
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import JSON, time_json
from watcher.core.states.steadiness import Mark


def decision_json(
    event: Event, decision: str, reason: str, at: datetime, alert_id: str | None, *, grouped: bool = False
) -> JSON:
    """Return what was decided about the event, why, when, in which alert, and the event itself.

    `grouped`: its alert tells of other events too.
    """
    return {
        "at": time_json(at),
        "decision": decision,
        "fate": _fate(event, decision, reason, grouped=grouped),
        "reason": reason,
        "alert": alert_id,
        "event": event_json(event),
    }


def _fate(event: Event, decision: str, reason: str, *, grouped: bool) -> str:
    """Return the decision in one word of a closed set: alerted, grouped, held, silenced, damped, none."""
    if decision == "page":
        return "grouped" if grouped or event.after.get(Mark.JOINED) else "alerted"
    if reason.startswith("silenced"):
        return "silenced"
    if event.after.get(Mark.DAMPED) or event.after.get(Mark.JOINED):
        return "damped"
    return "held" if decision == "digest" else "none"
