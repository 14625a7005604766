"""The forms in which SIEM systems take an event: CEF, ECS (Elastic) and OCSF (Detection Finding). One line each."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.events import ENDED_BY, Event
from watcher.core.mail.risk import Severity
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import JSON, time_json

_CEF_SEVERITY = {Severity.CRITICAL: 10, Severity.HIGH: 8, Severity.MEDIUM: 5, Severity.LOW: 3, Severity.INFO: 1}
_OCSF_SEVERITY = {Severity.CRITICAL: 5, Severity.HIGH: 4, Severity.MEDIUM: 3, Severity.LOW: 2, Severity.INFO: 1}
_OCSF_CLASS = 2004
_OCSF_CREATE, _OCSF_CLOSE = 1, 3
_HOSTNAME_OBSERVABLE = 1


def cef_line(event: Event, *, title: str, version: str, link: str | None = None) -> str:
    """Return the event in ArcSight's Common Event Format, ASCII; `title` is its headline."""
    name = event.name or "watcher"
    header = ["CEF:0", "watcher", "watcher", version, event.kind.value, f"{title or event.kind.value} ({name})"]
    extension = {
        "rt": str(int(event.at.timestamp() * 1000)),
        "externalId": event.id,
        "dhost": event.name,
        "cs1Label": "protected",
        "cs1": ", ".join(event.protected),
        "cs2Label": "ability",
        "cs2": str(event.after.get("ability") or ""),
        "cs3Label": "basis",
        "cs3": str(event.after.get("basis") or ""),
        "cs4Label": "exchanges",
        "cs4": ", ".join(_exchanges(event)),
        "reason": "; ".join(event.severity_reasons),
        "request": link or "",
        "msg": title,
    }
    left = "|".join(_cef_header(part) for part in header[1:])
    right = " ".join(f"{key}={_cef_value(value)}" for key, value in extension.items() if value)
    return f"CEF:0|{left}|{_CEF_SEVERITY[event.severity]}|{right}"


def ecs_json(event: Event, *, title: str, version: str, link: str | None = None) -> JSON:
    """Return the event in the Elastic Common Schema; what ECS has no field for stands under `watcher`."""
    made: JSON = {
        "@timestamp": time_json(event.at),
        "ecs": {"version": "8.17.0"},
        "message": title,
        "event": {
            "kind": "alert",
            "category": ["threat"],
            "type": ["indicator"],
            "action": event.kind.value,
            "id": event.id,
            "severity": _CEF_SEVERITY[event.severity],
            "reason": "; ".join(event.severity_reasons),
            "module": "watcher",
            "dataset": "watcher.events",
            **({"url": link} if link else {}),
        },
        "observer": {"vendor": "watcher", "product": "watcher", "version": version},
        "rule": {"name": event.kind.value},
        "labels": {"severity": event.severity.value},
        "watcher": event_json(event),
    }
    if event.name:
        made["threat"] = {
            "indicator": {"type": "domain-name", "name": event.name, "first_seen": time_json(event.at)},
        }
        made["related"] = {"hosts": sorted({event.name, *event.protected, *_exchanges(event)})}
        made["dns"] = {
            "question": {"name": event.name, "registered_domain": event.registrable_domain or event.name},
            "answers": [_dns_answer(row, record) for row in event.evidence for record in _records(row)],
        }
    return made


def ocsf_json(event: Event, *, title: str, version: str, link: str | None = None) -> JSON:
    """Return the event as an OCSF Detection Finding (class 2004), by schema version 1.4.0."""
    ends = event.kind in ENDED_BY
    activity = _OCSF_CLOSE if ends else _OCSF_CREATE
    return {
        "activity_id": activity,
        "activity_name": "Close" if ends else "Create",
        "category_uid": 2,
        "category_name": "Findings",
        "class_uid": _OCSF_CLASS,
        "class_name": "Detection Finding",
        "type_uid": _OCSF_CLASS * 100 + activity,
        "time": _milliseconds(event.at),
        "severity_id": _OCSF_SEVERITY[event.severity],
        "severity": "Informational" if event.severity is Severity.INFO else event.severity.value.capitalize(),
        "status_id": 4 if ends else 1,
        "status": "Resolved" if ends else "New",
        "message": title,
        "finding_info": {
            "uid": event.id,
            "title": title,
            "types": [event.kind.value],
            "created_time": _milliseconds(event.at),
            "first_seen_time": _milliseconds(event.at),
            **({"src_url": link} if link else {}),
        },
        "metadata": {
            "version": "1.4.0",
            "product": {"name": "watcher", "vendor_name": "watcher", "version": version},
            "uid": event.id,
        },
        "observables": [
            {"name": "finding_info.title", "type_id": _HOSTNAME_OBSERVABLE, "type": "Hostname", "value": name}
            for name in filter(None, (event.name, *_exchanges(event)))
        ],
        "evidences": [_ocsf_evidence(row) for row in event.evidence],
        "unmapped": {"protected": list(event.protected), "from": dict(event.before), "to": dict(event.after)},
    }


def _ocsf_evidence(row: Mapping[str, Any]) -> JSON:
    question = {"hostname": str(row.get("question", "")), "type": str(row.get("type", ""))}
    return {"query": question, "data": {"outcome": row.get("outcome"), "records": list(_records(row))}}


def compact(made: JSON) -> str:
    """Return the JSON on one line of pure ASCII."""
    return json.dumps(made, ensure_ascii=True, separators=(",", ":"))


def _exchanges(event: Event) -> list[str]:
    return [str(row["host"]) for row in event.after.get("exchanges") or () if row.get("host")]


def _records(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(record) for record in row.get("records") or ())


def _dns_answer(row: Mapping[str, Any], record: str) -> JSON:
    return {"name": str(row.get("question", "")), "type": str(row.get("type", "")), "data": record}


def _milliseconds(at: datetime) -> int:
    return int(at.timestamp() * 1000)


def _cef_header(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("|", "\\|")


def _cef_value(text: str) -> str:
    return _one_line(text).replace("\\", "\\\\").replace("=", "\\=")


def _one_line(text: str) -> str:
    """Return `text` as printable ASCII on one line: a SIEM's parser must meet nothing else."""
    return " ".join(text.split()).encode("ascii", "backslashreplace").decode()
