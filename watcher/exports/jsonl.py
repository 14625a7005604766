"""One JSON object a line: for programs that want everything that is known of a listed name."""

import json
from collections.abc import Iterable, Iterator

from watcher.core.blocking.selection import BlockEntry
from watcher.exports.form import About, Format, Guide

_encode = json.JSONEncoder(ensure_ascii=True, separators=(",", ":")).encode


def render(entries: Iterable[BlockEntry], _about: About) -> Iterator[str]:
    """Yield one object a line, ASCII only. Fields may be added, never dropped."""
    for entry in entries:
        yield (
            _encode(
                {
                    "name": entry.name,
                    "unicode": entry.unicode,
                    "cause": entry.cause.value,
                    "able": entry.able,
                    "basis": entry.basis,
                    "severity": entry.severity.value,
                    "exchanges": entry.exchanges,
                    "resembles": [
                        {
                            "protected": resemblance.protected,
                            "techniques": resemblance.techniques,
                            "likelihood": resemblance.likelihood,
                            "grade": resemblance.grade.value,
                            "explanation": resemblance.explanation,
                        }
                        for resemblance in entry.resembles
                    ],
                    "since": entry.since.isoformat().replace("+00:00", "Z") if entry.since else None,
                    "decided_by": entry.decided_by,
                    "note": entry.note,
                }
            )
            + "\n"
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
