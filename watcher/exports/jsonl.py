"""One JSON object a line: for programs that want everything that is known of a listed name."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache

from watcher.core.blocking.selection import BlockEntry
from watcher.core.events import Resemblance
from watcher.exports.form import About, Format, Guide

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield one object a line, ASCII only. Fields may be added, never dropped."""
    often = lru_cache(maxsize=1024)(_encode)  # what many names have in common
    for entry in entries:
        name = _encode(entry.name)
        exchanges = ",".join([_encode(host) for host in entry.exchanges])
        resembles = ",".join([_resemblance(row, often) for row in entry.resembles])
        since = f'"{entry.since.isoformat().replace("+00:00", "Z")}"' if entry.since else "null"
        yield (
            f'{{"name":{name},"unicode":{name if entry.unicode == entry.name else _encode(entry.unicode)},'
            f'"cause":"{entry.cause.value}","able":{"true" if entry.able else "false"},"basis":{often(entry.basis)},'
            f'"severity":"{entry.severity.value}","exchanges":[{exchanges}],"resembles":[{resembles}],'
            f'"since":{since},"decided_by":{often(entry.decided_by)},"note":{_encode(entry.note)}}}\n'
        )


def _resemblance(row: Resemblance, often: Callable[[str | None], str]) -> str:
    """Return the object of one resemblance; a likelihood is written as JSON writes a number."""
    techniques = ",".join([often(technique) for technique in row.techniques])
    return (
        f'{{"protected":{often(row.protected)},"techniques":[{techniques}],"likelihood":{_encode(row.likelihood)},'
        f'"grade":"{row.grade.value}","explanation":{_encode(row.explanation)}}}'
    )


FORMAT = Format(
    name="jsonl",
    title="One JSON object a line, with everything known",
    media="application/jsonl",
    extension="jsonl",
    limit="none",
    guides=(
        Guide(
            consumer="a program of yours",
            place="its standard input, or GET /api/v1/exports/jsonl",
            load="watcher export jsonl | jq -r .name",
            test="watcher export jsonl | jq -s length",
            undo="nothing is loaded anywhere",
        ),
    ),
    render=render,
)
