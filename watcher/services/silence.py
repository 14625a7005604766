"""Silences: what is recorded, but told to nobody, for a while or until removed."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from watcher.core import names
from watcher.core.alerts import SilenceScope
from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.protected import parse_protected
from watcher.core.shapes import JSON, time_json
from watcher.core.suffixes import Suffixes
from watcher.store import Store, silences
from watcher.store.silences import SilenceRow

_TECHNIQUE = re.compile(r"[a-z][a-z_]{0,63}\Z")


async def add(
    store: Store,
    scope: SilenceScope,
    value: str,
    *,
    suffixes: Suffixes,
    now: datetime,
    until: datetime | None = None,
    note: str = "",
) -> SilenceRow:
    """Add a silence, in force at once.

    Raises InvalidName for a value that its scope does not know, ConfigurationError for an end in the past.
    """
    _check_end(until, now)
    match scope:
        case SilenceScope.NAME:
            kept: str = names.parse(value)
        case SilenceScope.SUFFIX:
            kept = names.parse(value.strip().removeprefix("."))
        case SilenceScope.PROTECTED:
            kept = parse_protected(value, suffixes)[0]
        case SilenceScope.TECHNIQUE:
            kept = value.strip().lower().replace("-", "_")
            if not _TECHNIQUE.match(kept):
                raise InvalidName(value, "a technique is a word like suffix_edit")
    async with store.write() as tx:
        row = SilenceRow(store.ids(), scope.value, kept, now, until, note)
        await silences.add(tx, row)
    return row


async def change(store: Store, silence_id: str, fields: Mapping[str, Any], *, now: datetime) -> SilenceRow | None:
    """Set `until` or `note`; the row as it is then, None when there is none. Raises ConfigurationError as `add`."""
    _check_end(fields.get("until"), now)
    async with store.write() as tx:
        row = await silences.found(tx, silence_id)
        if row is None:
            return None
        changed = replace(row, **fields)
        await silences.remove(tx, silence_id)
        await silences.add(tx, changed)
    return changed


def _check_end(until: datetime | None, now: datetime) -> None:
    if until is not None and until <= now:
        raise ConfigurationError("until", "it is in the past")


def silence_json(row: SilenceRow) -> JSON:
    """The silence shape."""
    return {
        "id": row.id,
        "scope": row.scope,
        "value": row.value,
        "until": time_json(row.until),
        "note": row.note,
        "created_at": time_json(row.created_at),
    }
