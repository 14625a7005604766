"""The lookalikes as a block list needs them, and the names that make friends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from watcher.core.blocking.friends import ListedName
from watcher.core.blocking.selection import BlockCandidate, Rules
from watcher.core.blocking.selection import Select as Chosen
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Flag
from watcher.store import block_votes, resemblances
from watcher.store.database import Tx
from watcher.store.tables import block_votes as block_votes_table
from watcher.store.tables import events, lookalikes, own, protected

_BLOCKED = "blocked"
_ABLE = Ability.ABLE.value


@dataclass(frozen=True, slots=True)
class BlockInputs:
    """A mark of everything that decides what stands on a block list: equal marks, equal lists."""

    newest_event: str | None
    newest_triage: datetime | None
    decided: int
    votes: int
    own: tuple[int, datetime | None]
    protected: tuple[int, datetime | None]


async def find_inputs(tx: Tx) -> BlockInputs:
    """Return the mark. A change of ability writes an event in its own transaction, so the newest event tells of it."""
    event = (await tx.execute(select(func.max(events.c.id)))).scalar_one()
    triage = (
        await tx.execute(
            select(func.max(lookalikes.c.triage_at), func.count(lookalikes.c.triage_at)).where(
                lookalikes.c.triage_at.is_not(None)
            )
        )
    ).one()
    votes = (await tx.execute(select(func.count()).select_from(block_votes_table))).scalar_one()
    listed = []
    for table in (own, protected):
        row = (await tx.execute(select(func.count(), func.max(table.c.created_at)).select_from(table))).one()
        listed.append((int(row[0]), row[1]))
    return BlockInputs(event, triage[0], int(triage[1]), int(votes), listed[0], listed[1])


async def list_listed_names(tx: Tx) -> list[ListedName]:
    """Return the protected and the own names, each with when it was listed."""
    names = [ListedName(row.name, since=row.created_at) for row in await tx.execute(_named(protected))]
    names += [ListedName(row.name, own=True, since=row.created_at) for row in await tx.execute(_named(own))]
    return names


async def list_candidates(tx: Tx, rules: Rules, *, after: str = "", limit: int) -> list[BlockCandidate]:
    """Return the next rows that a person or `rules` could list, by name.

    Those are the names set to `blocked` and, where a setting lists what nobody decided about, those that are able now
    or were as confirmed last.
    """
    row = lookalikes.c
    wanted = row.triage == _BLOCKED
    if rules.select is Chosen.ABLE or rules.auto_block is not None:
        able = or_(row.ability == _ABLE, _standing() == _ABLE)
        if rules.select is not Chosen.ABLE and rules.auto_block is not None:
            worse = [severity.value for severity in Severity if severity.at_least(rules.auto_block)]
            able &= row.severity.in_(worse)
        wanted = or_(wanted, able)
    query = _query().where(wanted, lookalikes.c.first_seen_at.is_not(None), lookalikes.c.name > after)
    return await _candidates(tx, list(await tx.execute(query.order_by(lookalikes.c.name).limit(limit))))


async def find_candidate(tx: Tx, name: str) -> BlockCandidate | None:
    """Return the row of `name`, whatever it says; None where the name was never seen."""
    query = _query().where(lookalikes.c.name == name, lookalikes.c.first_seen_at.is_not(None))
    found = await _candidates(tx, list(await tx.execute(query)))
    return found[0] if found else None


def _standing() -> ColumnElement[Any]:
    """Return the ability that stands confirmed: a loss must be seen several times before it counts."""
    ability: ColumnElement[Any] = lookalikes.c.state["standing"]["ability"].as_string()
    return ability


def _named(table: Any) -> Select[Any]:
    return select(table.c.name, table.c.created_at)


def _query() -> Select[Any]:
    row = lookalikes.c
    return select(
        row.name,
        row.unicode,
        row.ability,
        row.basis,
        row.severity,
        row.triage,
        row.triage_note,
        row.triage_at,
        row.triage_by,
        row.first_seen_at,
        _standing().label("standing"),
        row.verdict["exchanges"].label("exchanges"),
        row.verdict["flags"].label("flags"),
    )


async def _candidates(tx: Tx, rows: Sequence[Row[Any]]) -> list[BlockCandidate]:
    resembling = await resemblances.find_all(tx, [row.name for row in rows])
    voters = await block_votes.list_voters(tx, [row.name for row in rows if row.triage == _BLOCKED])
    return [
        BlockCandidate(
            name=row.name,
            unicode=row.unicode,
            able=_ABLE in {row.ability, row.standing},
            severity=Severity(row.severity),
            triage=row.triage,
            basis=row.basis,
            defensive=Flag.DEFENSIVE.value in (row.flags or ()),
            triage_note=row.triage_note,
            triage_by=row.triage_by,
            triage_at=row.triage_at,
            first_seen_at=row.first_seen_at,
            exchanges=tuple(str(exchange["host"]) for exchange in row.exchanges or ()),
            resembles=resembling[row.name],
            voters=voters.get(row.name, frozenset()),
        )
        for row in rows
    ]
