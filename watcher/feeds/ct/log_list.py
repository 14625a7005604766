"""Lists of logs in the form of Chrome and Apple (log list v3): which logs there are, and which of them to read."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from watcher.core.errors import FeedFailed
from watcher.feeds.ct.heads import LogKey, read_key

MOST_LIST_BYTES = 8 << 20
_READ = frozenset({"usable", "qualified", "readonly"})
_MOST_LOGS = 500


@dataclass(frozen=True, slots=True)
class KnownLog:
    """A log of a list. `url` ends with a slash; `tiled` logs are static ones, and `url` is where their tiles are."""

    name: str
    url: str
    tiled: bool
    key: LogKey


def read_log_list(raw: bytes, now: datetime) -> list[KnownLog]:
    """Return the logs that are worth reading: in use, or closed lately, and for certificates that are valid still.

    An entry that cannot be read is left out. Raises FeedFailed where nothing is left.
    """
    try:
        operators = json.loads(raw)["operators"]
        found = [log for operator in operators for log in _of_operator(operator, now)][:_MOST_LOGS]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise FeedFailed("the list of logs cannot be read") from error
    if not found:
        raise FeedFailed("the list of logs names none that is in use")
    return list({log.url: log for log in found}.values())


def _of_operator(operator: dict[str, Any], now: datetime) -> Iterator[KnownLog]:
    for member, address in (("logs", "url"), ("tiled_logs", "monitoring_url")):
        for entry in operator.get(member) or []:
            try:
                if _READ.isdisjoint(entry.get("state") or {}) or not _is_open(entry, now):
                    continue
                key = read_key(entry["key"])
                url = str(entry[address]).rstrip("/") + "/"
                if base64.b64decode(entry["log_id"], validate=True) != key.log_id or not urlsplit(url).hostname:
                    continue
            except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
                continue
            name = str(entry.get("description") or urlsplit(url).hostname).strip("' ")[:100]
            yield KnownLog(name, url, member == "tiled_logs", key)


def _is_open(entry: dict[str, Any], now: datetime) -> bool:
    """Return whether certificates that are valid still go to the log: each takes those that end in its interval."""
    interval = entry.get("temporal_interval")
    return interval is None or datetime.fromisoformat(interval["end_exclusive"]) > now
