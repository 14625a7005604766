"""The protected and the own names: added and removed all or nothing; twice is no error."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.core.names.lists import ListEntry
from watcher.core.names.protected import parse_protected
from watcher.core.names.suffixes import Suffixes
from watcher.core.shapes.times import JSON, time_json
from watcher.store import Store, own_names, protected_names
from watcher.store.own_names import OwnRow
from watcher.store.protected_names import ProtectedRow
from watcher.store.shards import Baseline

MOST_NAMES = 1_000_000
"""In one import."""


@dataclass(frozen=True, slots=True)
class Added:
    """The names as they are kept now, in the order given, each once; `new` of them were not there before."""

    names: tuple[str, ...]
    new: int


async def protect(
    store: Store,
    texts: Iterable[str],
    *,
    suffixes: Suffixes,
    now: datetime,
    owner: str | None = None,
    tags: Sequence[str] = (),
) -> Added:
    """Protect what `texts` name. Raises InvalidName for the first wrong one, and then nothing was added.

    A name that is protected already stays as it is, with its owner and tags.
    """
    parsed = dict(parse_protected(text, suffixes) for text in texts)
    rows = [ProtectedRow(name, kind.value, now, owner, tuple(tags)) for name, kind in parsed.items()]
    async with store.write() as tx:
        new = await protected_names.add(tx, rows)
    return Added(tuple(row.name for row in rows), new)


async def protect_entries(
    store: Store,
    entries: Sequence[ListEntry],
    *,
    suffixes: Suffixes,
    now: datetime,
    owner: str | None = None,
    tags: Sequence[str] = (),
) -> Added:
    """Protect what a list names, each with the owner and tags of its line, else with the given ones. As `protect`."""
    rows: dict[str, ProtectedRow] = {}
    for entry in entries:
        name, kind = parse_protected(entry.text, suffixes)
        said = tuple(dict.fromkeys([*entry.tags, *tags]))
        rows.setdefault(name, ProtectedRow(name, kind.value, now, entry.owner or owner, said))
    async with store.write() as tx:
        new = await protected_names.add(tx, list(rows.values()))
    return Added(tuple(rows), new)


async def unprotect(store: Store, texts: Iterable[str], *, suffixes: Suffixes) -> tuple[str, ...]:
    """Stop protecting; the names that were not protected. If there are any, nothing was removed.

    Raises InvalidName.
    """
    wanted = _parsed(texts, suffixes)
    async with store.write() as tx:
        known = await protected_names.find_known(tx, wanted)
        unknown = tuple(name for name in wanted if name not in known)
        if not unknown:
            await protected_names.remove(tx, wanted)
    return unknown


async def add_own(store: Store, texts: Iterable[str], *, suffixes: Suffixes, now: datetime, note: str = "") -> Added:
    """Put names on the own list. Raises InvalidName for the first wrong one, and then nothing was added."""
    rows = [OwnRow(name, now, note) for name in _parsed(texts, suffixes)]
    async with store.write() as tx:
        new = await own_names.add(tx, rows)
    return Added(tuple(row.name for row in rows), new)


async def remove_own(store: Store, texts: Iterable[str], *, suffixes: Suffixes) -> tuple[str, ...]:
    """Take names off the own list; those that were not on it. If there are any, nothing was removed."""
    wanted = _parsed(texts, suffixes)
    async with store.write() as tx:
        known = await own_names.find_known(tx, wanted)
        unknown = tuple(name for name in wanted if name not in known)
        if not unknown:
            await own_names.remove(tx, wanted)
    return unknown


def protected_json(row: ProtectedRow, baseline: Baseline) -> JSON:
    """The protected shape."""
    return {
        "name": row.name,
        "kind": row.kind,
        "owner": row.owner,
        "tags": list(row.tags),
        "created_at": time_json(row.created_at),
        "baseline": {"done": baseline.done, "settled": baseline.settled, "total": baseline.total},
    }


def own_json(row: OwnRow) -> JSON:
    """The own shape."""
    return {"name": row.name, "note": row.note, "created_at": time_json(row.created_at)}


def _parsed(texts: Iterable[str], suffixes: Suffixes) -> tuple[str, ...]:
    return tuple(dict.fromkeys(parse_protected(text, suffixes)[0] for text in texts))
