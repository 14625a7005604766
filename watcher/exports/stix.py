"""STIX 2.1: an indicator for every lookalike, based on its domain name, with ids that never change."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from uuid import UUID

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import NAMESPACE, About, Format, Guide, Tlp, moment, name_based

_OBSERVABLES = UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""The namespace of the ids of observables (STIX 2.1, section 2.9)."""
_TLP = {
    Tlp.CLEAR: "94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""The ids of the markings of TLP 2.0, which OASIS fixed."""
_TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
_BEGINNING = "2026-01-01T00:00:00.000Z"
IDENTITY = f"identity--{name_based(NAMESPACE, 'identity')}"
OBJECTS_OF_EACH = 3
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class StixSubject:
    """One lookalike as STIX tells of it; `revoked` when it left the block list."""

    name: str
    description: str
    created: datetime | None
    modified: datetime | None
    revoked: bool = False


@lru_cache(maxsize=8)
def common_objects(tlp: Tlp) -> tuple[str, str]:
    """Return the objects that all others refer to, as JSON: the marking and the identity of watcher."""
    marking = {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": _marking(tlp),
        "created": "2022-10-01T00:00:00.000Z",
        "name": f"TLP:{tlp.value.upper()}",
        "extensions": {_TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.value}},
    }
    identity = {
        "type": "identity",
        "spec_version": "2.1",
        "id": IDENTITY,
        "created": _BEGINNING,
        "modified": _BEGINNING,
        "name": "watcher",
        "identity_class": "system",
    }
    return _encode(marking), _encode(identity)


def objects_of(subject: StixSubject, tlp: Tlp) -> tuple[str, str, str]:
    """Return the domain name, the indicator and the relationship between them, as JSON."""
    name = subject.name
    value = _encode(name)
    canonical = '{"value":' + value + "}"
    domain = f"domain-name--{name_based(_OBSERVABLES, canonical)}"
    indicator = f"indicator--{name_based(NAMESPACE, 'indicator:' + name)}"
    relationship = f"relationship--{name_based(NAMESPACE, 'based-on:' + name)}"
    created, modified = moment(subject.created), moment(subject.modified)
    shared = (
        f'"created_by_ref":"{IDENTITY}","created":"{created}","modified":"{modified}",'
        f'"object_marking_refs":["{_marking(tlp)}"]'
    )
    if subject.revoked:
        shared += ',"revoked":true'
    pattern = _encode("[domain-name:value = '" + name.replace("\\", "\\\\").replace("'", "\\'") + "']")
    telling = f'"name":{_encode("Lookalike domain " + name)},"description":{_encode(subject.description)}'
    return (
        f'{{"type":"domain-name","spec_version":"2.1","id":"{domain}","value":{value}}}',
        (
            f'{{"type":"indicator","spec_version":"2.1","id":"{indicator}",{shared},{telling},'
            f'"indicator_types":["anomalous-activity"],"pattern":{pattern},"pattern_type":"stix","valid_from":"{created}"}}'
        ),
        (
            f'{{"type":"relationship","spec_version":"2.1","id":"{relationship}",{shared},'
            f'"relationship_type":"based-on","source_ref":"{indicator}","target_ref":"{domain}"}}'
        ),
    )


def described(entry: BlockEntry) -> str:
    """Return what an analyst reads of the entry."""
    best = entry.best
    text = f"{entry.name} is a lookalike domain"
    if best is not None:
        text = f"{entry.name} is a lookalike of {best.protected} ({', '.join(best.techniques)})"
    if entry.able:
        text += " that can receive mail"
    if entry.exchanges:
        text += f"; exchanges: {', '.join(entry.exchanges[:10])}"
    return f"{text}. {entry.note}".rstrip(". ") + "."


def render(entries: Iterable[BlockEntry], about: About) -> Iterator[str]:
    """Yield one bundle."""
    yield f'{{"type":"bundle","id":"bundle--{name_based(NAMESPACE, "bundle")}","objects":[\n'
    yield ",\n".join(common_objects(about.tlp))
    for entry in entries:
        subject = StixSubject(entry.name, described(entry), entry.since, entry.since)
        yield ",\n" + ",\n".join(objects_of(subject, about.tlp))
    yield "\n]}\n"


def _marking(tlp: Tlp) -> str:
    return f"marking-definition--{_TLP[tlp]}"


FORMAT = Format(
    name="stix",
    title="STIX 2.1 bundle",
    media="application/stix+json;version=2.1",
    extension="json",
    limit="none; platforms better fetch /taxii2/, which also tells them what was taken off the list",
    guides=(
        Guide(
            consumer="OpenCTI, MISP, Sentinel, Elastic, Splunk",
            place="an upload of the platform, or better its TAXII 2.1 client: https://HOST/taxii2/, user any, "
            "password TOKEN",
            load="watcher export stix --output lookalikes.json",
            test="stix2_validator lookalikes.json",
            undo="delete the indicators of the identity `watcher` in the platform",
        ),
    ),
    render=render,
)
