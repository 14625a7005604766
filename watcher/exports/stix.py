"""STIX 2.1: an indicator for every lookalike, based on its domain name, with ids that never change."""

import json
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import islice
from uuid import UUID

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import NAMESPACE, About, Format, Guide, Tlp, is_host, moment, name_based

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
MOST_EXCHANGES = 10
"""Exchanges of one name that are told."""
MOST_OBJECTS = 3 + 2 * MOST_EXCHANGES
"""Objects of one name: itself, its indicator, what joins the two, and what joins it to exchanges, left ones too."""
_REMEMBERED = 4_096
"""So many domain names are remembered within a bundle, so that a shared exchange stands there once."""
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class StixSubject:
    """One lookalike as STIX tells of it; `revoked` when it left the block list.

    `exchanges` are the hosts that take its mail, `left` those that did and do so no more.
    """

    name: str
    description: str
    created: datetime | None
    modified: datetime | None
    revoked: bool = False
    exchanges: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


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


def objects_of(subject: StixSubject, tlp: Tlp) -> tuple[str, ...]:
    """Return the domain name, the indicator, and the relationships between them and to the exchanges, as JSON."""
    name = subject.name
    domain = domain_id(name)
    indicator = f"indicator--{name_based(NAMESPACE, 'indicator:' + name)}"
    relationship = f"relationship--{name_based(NAMESPACE, 'based-on:' + name)}"
    created = moment(subject.created)
    modified = created if subject.modified == subject.created else moment(subject.modified)
    standing = (
        f'"created_by_ref":"{IDENTITY}","created":"{created}","modified":"{modified}",'
        f'"object_marking_refs":["{_marking(tlp)}"]'
    )
    shared = standing + ',"revoked":true' if subject.revoked else standing
    pattern = _encode("[domain-name:value = '" + name.replace("\\", "\\\\").replace("'", "\\'") + "']")
    telling = f'"name":{_encode("Lookalike domain " + name)},"description":{_encode(subject.description)}'
    return (
        domain_object(name),
        (
            f'{{"type":"indicator","spec_version":"2.1","id":"{indicator}",{shared},{telling},'
            f'"indicator_types":["anomalous-activity"],"pattern":{pattern},"pattern_type":"stix","valid_from":"{created}"}}'
        ),
        (
            f'{{"type":"relationship","spec_version":"2.1","id":"{relationship}",{shared},'
            f'"relationship_type":"based-on","source_ref":"{indicator}","target_ref":"{domain}"}}'
        ),
        *(_resolving(name, host, domain, shared) for host in subject.exchanges),
        *(_resolving(name, host, domain, standing + ',"revoked":true') for host in subject.left),
    )


def told_exchanges(name: str, hosts: Iterable[str]) -> tuple[str, ...]:
    """Return the exchanges of `name` that are told: other host names, each once, the first of them."""
    return tuple(islice((host for host in dict.fromkeys(hosts) if host != name and is_host(host)), MOST_EXCHANGES))


@lru_cache(maxsize=_REMEMBERED)
def domain_id(name: str) -> str:
    """Return the id of the domain name, which everybody else gives it too (STIX 2.1, section 2.9)."""
    canonical = '{"value":' + _encode(name) + "}"
    return f"domain-name--{name_based(_OBSERVABLES, canonical)}"


def domain_object(name: str) -> str:
    """Return the domain name as JSON."""
    return f'{{"type":"domain-name","spec_version":"2.1","id":"{domain_id(name)}","value":{_encode(name)}}}'


def _resolving(name: str, host: str, domain: str, shared: str) -> str:
    """Return what says that a host takes the mail of the name."""
    return (
        f'{{"type":"relationship","spec_version":"2.1",'
        f'"id":"relationship--{name_based(NAMESPACE, f"exchange:{name}:{host}")}",{shared},'
        f'"relationship_type":"resolves-to","description":"mail exchange (MX)","source_ref":"{domain}",'
        f'"target_ref":"{domain_id(host)}"}}'
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
        text += f"; exchanges: {', '.join(entry.exchanges[:MOST_EXCHANGES])}"
    return f"{text}. {entry.note}".rstrip(". ") + "."


def render(entries: Iterable[BlockEntry], about: About) -> Iterator[str]:
    """Yield one bundle."""
    yield f'{{"type":"bundle","id":"bundle--{name_based(NAMESPACE, "bundle")}","objects":[\n'
    yield ",\n".join(common_objects(about.tlp))
    told: OrderedDict[str, None] = OrderedDict()
    for entry in entries:
        exchanges = told_exchanges(entry.name, entry.exchanges)
        subject = StixSubject(entry.name, described(entry), entry.since, entry.since, exchanges=exchanges)
        hosts = [domain_object(host) for host in exchanges if _is_first(host, told)]
        domain, *others = objects_of(subject, about.tlp)
        yield ",\n" + ",\n".join((*hosts, *((domain,) if _is_first(entry.name, told) else ()), *others))
    yield "\n]}\n"


def _is_first(name: str, told: OrderedDict[str, None]) -> bool:
    """Return whether the name was not told lately, and remember it."""
    if name in told:
        told.move_to_end(name)
        return False
    told[name] = None
    if len(told) > _REMEMBERED:
        told.popitem(last=False)
    return True


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
