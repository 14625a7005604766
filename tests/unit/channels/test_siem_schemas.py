"""Events in ECS and OCSF are what the schemas say: no field that there is not, each of its type, nothing required missing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.alert_samples import EVENTS
from tests.fakes.hostile import HOSTILE, hostile_event
from watcher.core.events import Event, EventKind
from watcher.core.shapes.siem import ecs_json, ocsf_json

SAMPLES = [*EVENTS.values(), *(hostile_event(EventKind.MAIL_BECAME_ABLE, value) for value in HOSTILE)]
SAID = {"title": "army[.]ml can receive mail now", "version": "0.2.0", "link": "https://watch.army.mil/names/army.ml"}

ECS: dict[str, Any] = {
    "@timestamp": str, "message": str, "ecs.version": str, "labels.severity": str, "related.hosts": [str],
    "event.kind": {"alert", "asset", "enrichment", "event", "metric", "state", "pipeline_error", "signal"},
    "event.category": [{"threat", "network", "configuration", "host", "intrusion_detection"}],
    "event.type": [{"indicator", "info", "change", "creation", "deletion", "start", "end"}],
    "event.action": str, "event.id": str, "event.severity": int, "event.reason": str, "event.module": str,
    "event.dataset": str, "event.url": str,
    "observer.vendor": str, "observer.product": str, "observer.version": str, "rule.name": str,
    "threat.indicator.type": {"domain-name"}, "threat.indicator.name": str, "threat.indicator.first_seen": str,
    "dns.question.name": str, "dns.question.registered_domain": str,
    "dns.answers.name": str, "dns.answers.type": str, "dns.answers.data": str,
}  # fmt: skip
"""The fields of ECS 8.17 that are used, with their types and allowed values, from its field reference."""


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each field with its value; the objects of a list have the list's own fields, as in Elasticsearch."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
        for item in value:
            yield from leaves(item, path)
    else:
        yield path, value


def fits(value: Any, kind: Any) -> bool:
    if isinstance(kind, list):
        return isinstance(value, list) and all(fits(item, kind[0]) for item in value)
    if isinstance(kind, set):
        return value in kind
    return isinstance(value, kind) and not isinstance(value, bool)


@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind.value)
def test_ecs_has_no_field_that_there_is_not(event: Event) -> None:
    made = ecs_json(event, **SAID)
    own = made.pop("watcher")
    assert own["id"] == event.id, "what ECS has no field for stands under our own name"
    for path, value in leaves(made):
        if value in ([], None):
            continue
        assert path in ECS, path
        assert fits(value, ECS[path]), (path, value)
    assert {"@timestamp", "ecs", "message", "event"} <= set(made)


class Ocsf:
    """The Detection Finding of the schema's source form: its class merged with those it extends, and the dictionary."""

    def __init__(self, folder: Path) -> None:
        def read(name: str) -> dict[str, Any]:
            return json.loads((folder / f"{name}.json").read_text())

        self.dictionary = read("dictionary")
        self.attributes: dict[str, Any] = {}
        for name in ("events_base_event", "events_findings_finding", "events_findings_detection_finding"):
            for key, row in read(name)["attributes"].items():
                if key != "$include":
                    known = self.attributes.get(key, {})
                    enum = {**known.get("enum", {}), **row.get("enum", {})}
                    self.attributes[key] = {**known, **row, **({"enum": enum} if enum else {})}
        # the compiler makes these of the class's number within its category; findings are category 2
        self.class_uid = 2000 + read("events_findings_detection_finding")["uid"]
        for key in ("category_uid", "class_uid"):
            del self.attributes[key]["enum"]
        self.query = read("objects_dns_query")["attributes"]

    def problems(self, made: dict[str, Any], attributes: dict[str, Any]) -> Iterator[str]:
        """Yield what is wrong with an object."""
        for key, row in attributes.items():
            if row.get("requirement") == "required" and key not in made:
                yield f"{key} is missing"
        for key, value in made.items():
            if key not in attributes:
                yield f"{key} is unknown"
                continue
            known = {**self.dictionary["attributes"].get(key, {}), **attributes[key]}
            enum = {**self.dictionary["attributes"].get(key, {}).get("enum", {}), **attributes[key].get("enum", {})}
            if enum and str(value) not in enum:
                yield f"{key} is {value}, not of {', '.join(enum)}"
            kind = known.get("type", "")
            if known.get("is_array"):
                if not isinstance(value, list):
                    yield f"{key} is no list"
            elif not fits(value, self.python_type(kind)):
                yield f"{key} is {value!r}, not {kind}"

    def python_type(self, kind: str) -> Any:
        """Return the type of a value of a data type of the dictionary; objects are dicts."""
        basic = self.dictionary["types"]["attributes"].get(kind)
        if basic is None:
            return dict
        root = basic.get("type", kind)
        return {"integer_t": int, "long_t": int, "string_t": str, "boolean_t": bool, "float_t": float}.get(root, object)


@pytest.mark.corpus
@pytest.mark.parametrize("event", SAMPLES, ids=lambda event: event.kind.value)
def test_ocsf_is_a_detection_finding(event: Event, corpus: Path) -> None:
    schema = Ocsf(corpus / "schemas" / "ocsf")
    made = ocsf_json(event, **SAID)
    assert list(schema.problems(made, schema.attributes)) == []
    assert made["class_uid"] == schema.class_uid
    assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
    assert (
        made["severity"] == schema.dictionary["attributes"]["severity_id"]["enum"][str(made["severity_id"])]["caption"]
    )
    assert made["status"] == schema.attributes["status_id"]["enum"][str(made["status_id"])]["caption"]
    for evidence in made["evidences"]:
        assert list(schema.problems(evidence["query"], schema.query)) == []
