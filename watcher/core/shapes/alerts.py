"""The JSON of an alert, as the store keeps it."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from watcher.core.mail.risk import Severity
from watcher.core.shapes.events import event_from_json, event_json
from watcher.core.shapes.times import JSON, time_json
from watcher.core.telling.alerts import Alert, AlertKind, FirstSweep


def alert_json(alert: Alert) -> JSON:
    """Return the alert as the store keeps it."""
    return {
        "id": alert.id,
        "kind": alert.kind.value,
        "severity": alert.severity.value,
        "events": [event_json(event) for event in alert.events],
        "total": alert.total,
        "group": alert.group,
        "created_at": time_json(alert.created_at),
        "text": alert.text,
        "public_url": alert.public_url,
        "first_sweep": None if alert.first_sweep is None else asdict(alert.first_sweep),
    }


def alert_from_json(row: Mapping[str, Any]) -> Alert:
    """Return the alert from its kept form: the inverse of `alert_json`."""
    swept = row.get("first_sweep")
    return Alert(
        id=row["id"],
        kind=AlertKind(row["kind"]),
        severity=Severity(row["severity"]),
        events=tuple(event_from_json(event) for event in row["events"]),
        total=row["total"],
        group=row["group"],
        created_at=datetime.fromisoformat(row["created_at"]),
        text=row["text"],
        public_url=row["public_url"],
        first_sweep=None if swept is None else FirstSweep(swept["found"], swept["told"], tuple(swept["told_for"])),
    )
