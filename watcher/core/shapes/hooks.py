"""Messages for programs: one JSON object for each event, to a webhook or on a command's standard input.

`{"type": kind, "timestamp": at, "data": event}`, as pure ASCII: no control character, direction mark or line break of
anybody's reaches a terminal or a log by way of it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from watcher.core.mail.vocabulary import Vocabulary
from watcher.core.shapes.events import event_json
from watcher.core.shapes.times import time_json
from watcher.core.telling.alerts import Alert
from watcher.core.telling.wording import word


@dataclass(frozen=True, slots=True)
class HookMessage:
    """One message. `id` is the event's, and the same on every try; `kind` its type; `body` one line of ASCII JSON."""

    id: str
    kind: str
    body: bytes


def hook_messages(alert: Alert, vocabulary: Vocabulary) -> Iterator[HookMessage]:
    """One message for each event, oldest first; one for the alert itself where it has none (a test)."""
    for event in sorted(alert.events, key=lambda event: event.id):
        yield _message(event.id, event.kind.value, time_json(event.at), event_json(event))
    if not alert.events:
        words = word(alert, vocabulary)
        data = {
            "id": alert.id,
            "kind": alert.kind.value,
            "severity": alert.severity.value,
            "text": f"{words.subject}. {words.lead}".strip(),
        }
        yield _message(alert.id, alert.kind.value, time_json(alert.created_at), data)


def _message(message_id: str, kind: str, at: str | None, data: Mapping[str, Any]) -> HookMessage:
    body = json.dumps({"type": kind, "timestamp": at, "data": data}, ensure_ascii=True, separators=(",", ":"))
    return HookMessage(message_id, kind, body.encode("ascii"))
