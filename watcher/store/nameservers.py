"""The remembered state of nameservers, by name, kept among the small facts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from watcher.core.mail.nameservers import Nameservers
from watcher.core.shapes.mail import answer_from_json, answer_json
from watcher.core.shapes.times import time_from_json, time_json
from watcher.store import facts, tables
from watcher.store.database import Tx

_KEY = "nameservers:"


@dataclass(frozen=True, slots=True)
class Looked:
    """The state of the nameservers of a name, and the time of the next look."""

    state: Nameservers = field(default_factory=Nameservers)
    next_at: datetime | None = None


async def find(tx: Tx, name: str) -> Looked:
    """Return the known state of the nameservers of `name`; an empty one when nothing is kept."""
    row = await facts.find(tx, _KEY + name)
    if row is None:
        return Looked()
    other = None if row["other"] is None else tuple(row["other"])
    names = None if row["names"] is None else tuple(row["names"])
    shown = tuple(map(answer_from_json, row["shown"]))
    state = Nameservers(names, row["troubled"], other, row["times"], row["trouble"], row["trouble_times"], shown)
    return Looked(state, time_from_json(row["next_at"]))


async def save(tx: Tx, name: str, state: Nameservers, *, now: datetime, wait: timedelta) -> None:
    """Remember it; look again after `wait`."""
    value = {
        "names": None if state.names is None else list(state.names),
        "troubled": None if state.troubled is None else dict(state.troubled),
        "other": None if state.other is None else list(state.other),
        "times": state.times,
        "trouble": None if state.trouble is None else dict(state.trouble),
        "trouble_times": state.trouble_times,
        "shown": [answer_json(answer) for answer in state.shown],
        "next_at": time_json(now + wait),
    }
    await facts.save(tx, _KEY + name, value, now=now)


async def list_due(tx: Tx, names: Sequence[str], *, now: datetime, limit: int, most: timedelta) -> list[str]:
    """Return at most `limit` of `names` that are to be looked at now; one that waits for longer than `most` is too."""
    query = select(tables.facts.c.key, tables.facts.c.value).where(tables.facts.c.key.startswith(_KEY, autoescape=True))
    waits: dict[str, Any] = {key[len(_KEY) :]: value["next_at"] for key, value in await tx.execute(query)}
    found = []
    for name in names:
        at = time_from_json(waits.get(name))
        if at is None or at <= now or at > now + most:  # the clock was set back
            found.append(name)
    return found[:limit]


async def keep_only(tx: Tx, keep: Sequence[str]) -> None:
    """Drop what is remembered of all other names."""
    query = select(tables.facts.c.key).where(tables.facts.c.key.startswith(_KEY, autoescape=True))
    kept = set(keep)
    for key in list((await tx.execute(query)).scalars()):
        if key[len(_KEY) :] not in kept:
            await facts.remove(tx, key)
