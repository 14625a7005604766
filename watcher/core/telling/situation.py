"""The situation that an alert is about: one key while trouble begins, changes and ends, for incident managers."""

import hashlib

from watcher.core.events import ENDED_BY
from watcher.core.telling.alerts import Alert


def situation_key(alert: Alert, limit: int) -> str:
    """Return the key, at most `limit` characters: the same for every alert about one situation."""
    key = f"watcher:{alert.group}"
    return key if len(key) <= limit else f"watcher:{hashlib.sha256(alert.group.encode()).hexdigest()}"[:limit]


def ends_trouble(alert: Alert) -> bool:
    """Return whether everything in the alert is the end of something."""
    return bool(alert.events) and all(event.kind in ENDED_BY for event in alert.events)
