"""The JSON of a `MailState`, as the store keeps it; times and verdicts as in `watcher.core.shapes`."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.mail.risk import Severity
from watcher.core.shapes.mail import mail_brief_json, mail_json, verdict_from_json
from watcher.core.shapes.times import JSON, time_from_json, time_json
from watcher.core.states.mail_state import Losses, MailState, Pending, Sighting, Unsettled
from watcher.core.states.steadiness import Swings


def state_json(state: MailState) -> JSON:
    """Plain dicts, lists, strings and numbers; what is empty is left out."""
    row: JSON = {
        "standing": None if state.standing is None else mail_brief_json(state.standing),
        "seen": state.seen,
        "settled_at": time_json(state.settled_at),
        "attempted_at": time_json(state.attempted_at),
        "last_outcome": state.last_outcome,
        "failures": state.failures,
        "ttl": state.ttl,
        "plain_until": time_json(state.plain_until),
        "gained_at": time_json(state.gained_at),
        "swings": _swings_json(state.swings),
        "shifts": _swings_json(state.shifts),
        "unsettled": _unsettled_json(state.unsettled),
        "at_risk": state.at_risk,
        "was_ours": state.was_ours or None,
        "home": None if state.home is None else list(state.home),
        "absences": state.absences or None,
        "brought_by": state.brought_by,
        "baseline_since": time_json(state.baseline_since),
        "pending": _under_way_json(state.pending),
        "losses": _under_way_json(state.losses),
    }
    return {key: value for key, value in row.items() if value is not None}


def state_from_json(row: Mapping[str, Any]) -> MailState:
    """Return the inverse of `state_json`."""
    standing = row.get("standing")
    return MailState(
        standing=None if standing is None else verdict_from_json(standing),
        seen=row["seen"],
        settled_at=time_from_json(row.get("settled_at")),
        attempted_at=time_from_json(row.get("attempted_at")),
        last_outcome=row.get("last_outcome"),
        failures=row["failures"],
        ttl=row.get("ttl"),
        plain_until=time_from_json(row.get("plain_until")),
        gained_at=time_from_json(row.get("gained_at")),
        swings=_swings(row.get("swings")),
        shifts=_swings(row.get("shifts")),
        unsettled=_unsettled(row.get("unsettled")),
        at_risk=row["at_risk"],
        was_ours=row.get("was_ours", False),
        home=None if row.get("home") is None else tuple(row["home"]),
        absences=row.get("absences", 0),
        brought_by=row.get("brought_by"),
        baseline_since=time_from_json(row.get("baseline_since")),
        pending=None if row.get("pending") is None else Pending(*_under_way(row["pending"])),
        losses=None if row.get("losses") is None else Losses(*_under_way(row["losses"])),
    )


def _swings_json(swings: Swings) -> JSON | None:
    if swings == Swings():
        return None
    return {
        "changes": [time_json(change) for change in swings.changes],
        "lost_at": time_json(swings.lost_at),
        "flapping": swings.flapping,
        "operators": list(swings.operators),
        "worst": swings.worst.value,
    }


def _swings(row: Mapping[str, Any] | None) -> Swings:
    if row is None:
        return Swings()
    changes = tuple(datetime.fromisoformat(change) for change in row["changes"])
    lost_at = time_from_json(row["lost_at"])
    return Swings(changes, lost_at, row["flapping"], tuple(row["operators"]), Severity(row["worst"]))


def _unsettled_json(unsettled: Unsettled | None) -> JSON | None:
    if unsettled is None:
        return None
    return {"since": time_json(unsettled.since), "tries": unsettled.tries, "outcome": unsettled.outcome}


def _unsettled(row: Mapping[str, Any] | None) -> Unsettled | None:
    return None if row is None else Unsettled(datetime.fromisoformat(row["since"]), row["tries"], row["outcome"])


def _under_way_json(under_way: Pending | Losses | None) -> JSON | None:
    if under_way is None:
        return None
    return {
        "readings": [_sighting_json(reading) for reading in under_way.readings],
        "due_at": time_json(under_way.due_at),
        "since": time_json(under_way.since),
    }


def _under_way(row: Mapping[str, Any]) -> tuple[tuple[Sighting, ...], datetime, datetime | None]:
    readings = tuple(_sighting(reading) for reading in row["readings"])
    return readings, datetime.fromisoformat(row["due_at"]), time_from_json(row["since"])


def _sighting_json(sighting: Sighting) -> JSON:
    return {
        "verdict": mail_json(sighting.verdict, None),
        "at": time_json(sighting.at),
        "resolvers": sorted(sighting.resolvers),
        "ttl": sighting.ttl,
        "heard_at": time_json(sighting.heard_at),
    }


def _sighting(row: Mapping[str, Any]) -> Sighting:
    verdict = verdict_from_json(row["verdict"])
    at, heard_at = datetime.fromisoformat(row["at"]), time_from_json(row["heard_at"])
    return Sighting(verdict, at, frozenset(row["resolvers"]), row["ttl"], heard_at)
