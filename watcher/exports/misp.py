"""MISP: one event for each protected name, as a feed folder or as one importable document."""

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import md5
from itertools import groupby
from typing import Any

from watcher.core.blocking.selection import BlockEntry, Cause
from watcher.exports.form import NAMESPACE, About, ExportOrder, Format, Guide, name_based, protected_of

_FINDER = "3414fbe7-6f8c-4ed5-bc51-9a11a3a29822"
_RESULT = "22151d90-b39b-498c-86c7-126ddd2e1a55"
"""The templates of MISP's objects `typosquatting-finder` and `typosquatting-finder-result`, both version 1."""
_ORGANISATION = {"name": "watcher", "uuid": name_based(NAMESPACE, "organisation")}
_MOST_EXCHANGES = 20
HASHES = "hashes.csv"
_EXPLAINED = "watcher: lookalikes of {}"
_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode

Json = dict[str, Any]


def render(entries: Iterable[BlockEntry], about: About) -> Iterator[str]:
    """Yield one document with all events, which MISP imports. `entries` come by protected name."""
    yield '{"response":['
    first = True
    for protected, group in groupby(entries, key=protected_of):
        yield "" if first else ",\n"
        first = False
        yield from _event(protected, list(group), about)
    yield "]}\n"


def feed(entries: Iterable[BlockEntry], about: About) -> Iterator[tuple[str, str]]:
    """Yield the files of a feed folder as (name, text), the manifest last. `entries` come by protected name.

    `hashes.csv` has the MD5 of each value with its event: by it MISP finds values of feeds that it has not fetched.
    """
    manifest: Json = {}
    hashes: list[str] = []
    for protected, group in groupby(entries, key=protected_of):
        held = list(group)
        head = _head(protected, held, about)
        yield f"{head['uuid']}.json", "".join(_event(protected, held, about))
        hashes += [f"{_md5(value)},{head['uuid']}\n" for value in _values(held)]
        manifest[head["uuid"]] = {
            "Orgc": _ORGANISATION,
            "Tag": head["Tag"],
            "info": head["info"],
            "date": head["date"],
            "analysis": head["analysis"],
            "threat_level_id": head["threat_level_id"],
            "timestamp": head["timestamp"],
        }
    yield HASHES, "".join(hashes)
    yield "manifest.json", _encode(manifest)


def _values(entries: list[BlockEntry]) -> dict[str, None]:
    """Return the values that MISP compares, each once: names and their exchanges."""
    return dict.fromkeys(value for entry in entries for value in (entry.name, *entry.exchanges[:_MOST_EXCHANGES]))


def _md5(value: str) -> str:
    """Return the hash by which MISP compares, which is no secret."""
    return md5(value.encode("utf-8", "surrogatepass"), usedforsecurity=False).hexdigest()


def _event(protected: str, entries: list[BlockEntry], about: About) -> Iterator[str]:
    head = _encode(_head(protected, entries, about))
    yield f'{{"Event":{head[:-1]},"Object":['
    if protected:
        yield _encode(_finder(protected, entries))
    for place, entry in enumerate(entries):
        yield (",\n" if place or protected else "") + _result(entry, protected)
    yield "]}}"


def _head(protected: str, entries: list[BlockEntry], about: About) -> Json:
    moments = [entry.since for entry in entries if entry.since is not None]
    newest = max(moments, default=None)
    return {
        "uuid": name_based(NAMESPACE, f"misp-event:{protected}"),
        "info": _EXPLAINED.format(protected or "no name that is protected now"),
        "date": newest.date().isoformat() if newest else "1970-01-01",
        "timestamp": _seconds(newest),
        "publish_timestamp": _seconds(newest),
        "published": True,
        "analysis": "2",
        "threat_level_id": "2",
        "distribution": "0",
        "Orgc": _ORGANISATION,
        "Tag": [{"name": f"tlp:{about.tlp.value}"}],
    }


def _finder(protected: str, entries: list[BlockEntry]) -> Json:
    newest = max((entry.since for entry in entries if entry.since is not None), default=None)
    key = f"misp-finder:{protected}"
    return {
        "uuid": name_based(NAMESPACE, key),
        "name": "typosquatting-finder",
        "meta-category": "network",
        "description": "Typosquatting info",
        "template_uuid": _FINDER,
        "template_version": "1",
        "timestamp": _seconds(newest),
        "distribution": "5",
        "Attribute": [
            _attribute(key, "research-domain", "domain", protected, newest),
            _attribute(key, "variations-found-number", "text", str(len(entries)), newest),
        ],
    }


def _result(entry: BlockEntry, protected: str) -> str:
    """Return the object of one lookalike. Only a name that a person set to `blocked` is marked for detection."""
    key = f"misp-result:{protected}:{entry.name}"
    at = _seconds(entry.since)
    attributes = [
        _domain(key, "queried-domain", entry.name, at, to_ids=entry.cause is Cause.BLOCKED, comment=entry.note)
    ]
    attributes += [_domain(key, "mx-record", host, at) for host in entry.exchanges[:_MOST_EXCHANGES]]
    return (
        f'{{"uuid":"{name_based(NAMESPACE, key)}",{_RESULT_HEAD},"timestamp":"{at}","distribution":"5",'
        f'"Attribute":[{",".join(attributes)}]}}'
    )


_RESULT_HEAD = (
    '"name":"typosquatting-finder-result","meta-category":"network","description":"Typosquatting result",'
    f'"template_uuid":"{_RESULT}","template_version":"1"'
)


def _domain(key: str, relation: str, value: str, at: str, *, to_ids: bool = False, comment: str = "") -> str:
    """Return one attribute of the type `domain`."""
    return (
        f'{{"uuid":"{name_based(NAMESPACE, f"{key}:{relation}:{value}")}","object_relation":"{relation}",'
        f'"type":"domain","category":"Network activity","to_ids":{"true" if to_ids else "false"},'
        f'"value":{_encode(value)},"comment":{_encode(comment)},"timestamp":"{at}","distribution":"5",'
        '"disable_correlation":false}'
    )


def _attribute(key: str, relation: str, kind: str, value: str, at: datetime | None) -> Json:
    return {
        "uuid": name_based(NAMESPACE, f"{key}:{relation}:{value}"),
        "object_relation": relation,
        "type": kind,
        "category": "Other" if kind == "text" else "Network activity",
        "to_ids": False,
        "value": value,
        "comment": "",
        "timestamp": _seconds(at),
        "distribution": "5",
        "disable_correlation": kind == "text",
    }


def _seconds(at: datetime | None) -> str:
    return "0" if at is None else str(int(at.timestamp()))


FORMAT = Format(
    name="misp",
    title="MISP events, also as a feed folder",
    media="application/json",
    extension="json",
    limit="none; one event for each protected name; to_ids only for what a person set to `blocked`",
    guides=(
        Guide(
            consumer="MISP",
            place="a folder that a web server shows; or the feed https://HOST/api/v1/exports/misp/, source format "
            "MISP Feed, with the header `Authorization: Bearer TOKEN`",
            load="watcher export misp --output FOLDER/ (a folder: ends with a slash), then fetch the feed in MISP",
            test="MISP: Sync Actions, Feeds, the magnifier of the feed shows the events",
            undo="disable the feed, and delete its events",
        ),
    ),
    render=render,
    order=ExportOrder.PROTECTED,
)
