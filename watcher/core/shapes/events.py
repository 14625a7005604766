"""The JSON of events and of resemblances."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.events import Event, EventKind, Grade, Ownership, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.shapes.times import JSON, time_json


def resemblance_json(resemblance: Resemblance) -> JSON:
    """One row of `resembles`."""
    return {
        "protected": resemblance.protected,
        "techniques": list(resemblance.techniques),
        "likelihood": resemblance.likelihood,
        "explanation": resemblance.explanation,
        "rank": resemblance.rank,
        "grade": resemblance.grade.value,
        "grade_reason": resemblance.grade_reason,
    }


def resemblance_from_json(row: Mapping[str, Any]) -> Resemblance:
    """Return the inverse of `resemblance_json`; rows from before there were grades have the default one."""
    return Resemblance(
        row["protected"],
        tuple(row["techniques"]),
        row["likelihood"],
        row["explanation"],
        row.get("rank"),
        Grade(row.get("grade", Grade.WARN)),
        row.get("grade_reason", ""),
    )


def event_json(event: Event) -> JSON:
    """Return the event shape; `ownership` is in it where an owner or tags are known."""
    ownership = [{"protected": row.protected, "owner": row.owner, "tags": list(row.tags)} for row in event.ownership]
    return {
        "id": event.id,
        "kind": event.kind.value,
        "severity": event.severity.value,
        "severity_reasons": list(event.severity_reasons),
        "name": event.name,
        "registrable_domain": event.registrable_domain,
        "protected": list(event.protected),
        "at": time_json(event.at),
        "detected_after_seconds": event.detected_after_seconds,
        "source": event.source,
        "from": dict(event.before),
        "to": dict(event.after),
        "evidence": [dict(row) for row in event.evidence],
        "resembles": [resemblance_json(resemblance) for resemblance in event.resembles],
        **({"ownership": ownership} if ownership else {}),
    }


def event_from_json(row: Mapping[str, Any]) -> Event:
    """Return the inverse of `event_json`."""
    return Event(
        id=row["id"],
        kind=EventKind(row["kind"]),
        severity=Severity(row["severity"]),
        severity_reasons=tuple(row["severity_reasons"]),
        name=row["name"],
        registrable_domain=row["registrable_domain"],
        protected=tuple(row["protected"]),
        at=datetime.fromisoformat(row["at"]),
        source=row["source"],
        detected_after_seconds=row["detected_after_seconds"],
        before=row["from"],
        after=row["to"],
        evidence=tuple(row["evidence"]),
        resembles=tuple(resemblance_from_json(resemblance) for resemblance in row["resembles"]),
        ownership=tuple(
            Ownership(item["protected"], item["owner"], tuple(item["tags"])) for item in row.get("ownership", ())
        ),
    )
