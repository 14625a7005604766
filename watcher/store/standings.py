"""Rows as the policy service holds them in memory: able or triaged lookalikes, and what changed since it read them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func, or_, select

from watcher.core.events import Grade
from watcher.core.mail.verdict import Ability
from watcher.core.states.lookalike import LOOKALIKE
from watcher.store.database import Tx
from watcher.store.tables import events, lookalikes, own, protected, resemblances, silences
from watcher.store.upsert import chunks


class HeldRow(NamedTuple):
    """One lookalike with its strongest resemblance."""

    name: str
    triage: str
    able: bool
    protected: str
    techniques: tuple[str, ...]
    grade: Grade
    explanation: str


class Changed(NamedTuple):
    """The names that may be held differently, and where to go on."""

    names: frozenset[str]
    event_id: str
    triaged_at: datetime | None


async def list_held(tx: Tx, *, after: str, limit: int) -> list[HeldRow]:
    """Return rows in the order of their names, later than `after`; at most `limit` names."""
    held = or_(lookalikes.c.ability == Ability.ABLE.value, lookalikes.c.triage != "new")
    names = (
        select(lookalikes.c.name)
        .where(lookalikes.c.name > after, lookalikes.c.relation == LOOKALIKE, held)
        .order_by(lookalikes.c.name)
        .limit(limit)
    )
    found = (await tx.execute(names)).scalars().all()
    return [] if not found else await list_named(tx, found)


async def list_named(tx: Tx, names: Sequence[str]) -> list[HeldRow]:
    """Return the rows of those of `names` that are lookalikes, held or not, in the order of their names."""
    strongest: dict[str, HeldRow] = {}
    for some in chunks(names):
        for row in await tx.execute(_rows().where(lookalikes.c.name.in_(some))):
            grade = Grade(row.grade or Grade.WARN)
            known = strongest.get(row.name)
            if known is None or (grade.at_least(known.grade) and grade is not known.grade):
                strongest[row.name] = HeldRow(
                    row.name,
                    row.triage,
                    row.ability == Ability.ABLE.value,
                    row.protected or "",
                    tuple(row.techniques or ()),
                    grade,
                    row.explanation or "",
                )
    return list(strongest.values())


async def find_changed(tx: Tx, *, event_id: str, triaged_at: datetime | None) -> Changed:
    """Return what was recorded after `event_id` or triaged at `triaged_at` or later."""
    last_event = (await tx.execute(select(func.max(events.c.id)))).scalar_one() or ""
    last_triage = (
        await tx.execute(select(func.max(lookalikes.c.triage_at, type_=lookalikes.c.triage_at.type)))
    ).scalar_one()
    names: set[str] = set()
    if last_event > event_id:
        named = select(events.c.name).where(events.c.id > event_id).distinct()
        names.update((await tx.execute(named)).scalars())
    if last_triage is not None:
        triaged = select(lookalikes.c.name).where(lookalikes.c.triage_at.is_not(None))
        if triaged_at is not None:
            triaged = triaged.where(lookalikes.c.triage_at >= triaged_at)
        names.update((await tx.execute(triaged)).scalars())
    return Changed(frozenset(names - {""}), last_event, last_triage)


async def list_stamp(tx: Tx) -> tuple[object, ...]:
    """Return a value that changes when protected names, own names or silences do."""
    stamp: list[object] = []
    for table in (protected, own, silences):
        query = select(func.count(), func.max(table.c.created_at, type_=table.c.created_at.type))
        stamp += (await tx.execute(query.select_from(table))).one()
    return tuple(stamp)


def _rows() -> Select[tuple[object, ...]]:
    return (
        select(
            lookalikes.c.name,
            lookalikes.c.triage,
            lookalikes.c.ability,
            resemblances.c.protected,
            resemblances.c.techniques,
            resemblances.c.grade,
            resemblances.c.explanation,
        )
        .select_from(lookalikes.outerjoin(resemblances, resemblances.c.name == lookalikes.c.name))
        .where(lookalikes.c.relation == LOOKALIKE)
        .order_by(lookalikes.c.name, resemblances.c.likelihood.desc(), resemblances.c.protected)
    )
