"""Silences: what is recorded, but told to nobody, for a while or until removed."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.names import names
from watcher.core.names.protected import parse_any, parse_protected
from watcher.core.names.suffixes import Suffixes
from watcher.core.shapes.times import JSON, time_json
from watcher.core.telling.alerts import SilenceScope
from watcher.store import Store, silences
from watcher.store.silences import SilenceRow
from watcher.techniques import known_technique


def kept(scope: SilenceScope, value: str, suffixes: Suffixes) -> str:
    """`value` as a silence holds it. Raises InvalidName, and ConfigurationError for a technique that is none."""
    match scope:
        case SilenceScope.NAME:
            return parse_any(value, suffixes)
        case SilenceScope.SUFFIX:
            return names.parse(value.strip().removeprefix("."))
        case SilenceScope.PROTECTED:
            return parse_protected(value, suffixes)[0]
        case SilenceScope.TECHNIQUE:
            return known_technique(value)


async def add(
    store: Store,
    scope: SilenceScope,
    value: str,
    *,
    suffixes: Suffixes,
    now: datetime,
    until: datetime | None = None,
    note: str = "",
    by: str | None = None,
) -> SilenceRow:
    """Add a silence, in force at once. Raises as `kept`, and ConfigurationError for an end in the past.

    `by`: who adds it, a token's name or a user of this machine; None where nobody had to say.
    """
    _check_end(until, now)
    row = SilenceRow(store.ids(), scope.value, kept(scope, value, suffixes), now, until, note, created_by=by)
    async with store.write() as tx:
        await silences.add(tx, row)
    return row


async def change(store: Store, silence_id: str, fields: Mapping[str, Any], *, now: datetime) -> SilenceRow | None:
    """Set `until` or `note`; the row as it is then, None when there is none. Raises ConfigurationError as `add`."""
    _check_end(fields.get("until"), now)
    async with store.write() as tx:
        row = await silences.find(tx, silence_id)
        if row is None:
            return None
        changed = replace(row, **fields)
        await silences.remove(tx, silence_id)
        await silences.add(tx, changed)
    return changed


async def remove(store: Store, which: str, *, suffixes: Suffixes) -> int:
    """Remove the silence of this id, or every silence of this value as one may write it; how many there were."""
    async with store.write() as tx:
        rows = [row for row in await silences.list_all(tx) if row.id == which or _means(which, row, suffixes)]
        for row in rows:
            await silences.remove(tx, row.id)
    return len(rows)


def _means(text: str, row: SilenceRow, suffixes: Suffixes) -> bool:
    try:
        return kept(SilenceScope(row.scope), text, suffixes) == row.value
    except (InvalidName, ConfigurationError):
        return text == row.value


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
        "created_by": row.created_by,
        "by_triage": row.by_triage,
    }
