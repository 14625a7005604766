"""The rows of names that exist or existed, of candidates that did not settle, and of own and protected names.

What a row says changes through `services.watch` alone; here are the reads, the claims of what is due, and triage.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Select,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    distinct,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, wildcard_parent
from watcher.core.shapes.mail import mail_json, verdict_from_json
from watcher.core.shapes.registration import registration_from_json, registration_json
from watcher.core.shapes.state import state_from_json, state_json
from watcher.core.states.lookalike import LOOKALIKE, Lookalike, Relation, Triage
from watcher.core.states.mail_state import SETTLED
from watcher.core.states.urgency import Wish, in_order, worth_of
from watcher.store import traits
from watcher.store.database import Tx
from watcher.store.moments import lease_time
from watcher.store.tables import lookalikes, resemblances
from watcher.store.traits import TraitKind
from watcher.store.upsert import chunks, insert_or_update

_MOST_WAITING = 20_000  # rows that are weighed against each other


@dataclass(frozen=True, slots=True)
class Wanted:
    """The conditions for the rows of a list; an unset one holds for all. Rows never seen to exist are never shown.

    `severity` means that severity or worse, `since` first seen then or later, `text` a part of the name (either form),
    `exchange` the beginning of an exchange's name or of what follows one of its dots. `collapsed`: of the hosts that
    one wildcard answers for and that the other conditions take, the first by name.
    """

    protected: str | None = None
    ability: str | None = None
    basis: str | None = None
    severity: str | None = None
    technique: str | None = None
    triage: str | None = None
    text: str | None = None
    since: datetime | None = None
    flag: str | None = None
    grade: str | None = None
    registrar: str | None = None
    exchange: str | None = None
    collapsed: bool = False
    relation: Relation = LOOKALIKE


_BY_NAME = select(lookalikes).where(lookalikes.c.name == bindparam("wanted"))
"""Built once: to build a statement costs more than to run it."""


async def find(tx: Tx, name: str) -> Lookalike | None:
    """Return the row of `name`, also one that was never seen to exist."""
    row = (await tx.execute(_BY_NAME, {"wanted": name})).mappings().first()
    return None if row is None else row_from(row)


async def find_all(tx: Tx, names: Sequence[str]) -> dict[str, Lookalike]:
    """Return the rows of those of `names` that have one."""
    rows: dict[str, Lookalike] = {}
    for some in chunks(names):
        query = select(lookalikes).where(lookalikes.c.name.in_(some))
        rows.update({row["name"]: row_from(row) for row in (await tx.execute(query)).mappings()})
    return rows


async def list_of_domain(tx: Tx, registrable_domain: str, *, limit: int = 1000) -> list[Lookalike]:
    """Return the rows of a registrable domain and its hosts, the domain's own first."""
    query = (
        select(lookalikes)
        .where(lookalikes.c.registrable_domain == registrable_domain)
        .order_by(lookalikes.c.name != registrable_domain, lookalikes.c.name)
        .limit(limit)
    )
    return [row_from(row) for row in (await tx.execute(query)).mappings()]


async def find_known(tx: Tx, names: Sequence[str]) -> set[str]:
    """Return those of `names` that have a row: looked at by `next_look_at`, whatever a sweep says."""
    known: set[str] = set()
    for some in chunks(names):
        known.update((await tx.execute(select(lookalikes.c.name).where(lookalikes.c.name.in_(some)))).scalars())
    return known


async def list_suffixes(tx: Tx) -> list[str]:
    """Return the suffixes among the candidates that were seen to exist."""
    query = select(lookalikes.c.name).where(
        lookalikes.c.registrable_domain.is_(None),
        lookalikes.c.relation == LOOKALIKE,
        lookalikes.c.first_seen_at.is_not(None),
    )
    return list((await tx.execute(query)).scalars())


async def list_all(tx: Tx, wanted: Wanted, *, after: str = "", limit: int | None = None) -> list[Lookalike]:
    """Return the rows that `wanted` describes, by name, from the one after the name `after`."""
    query = narrowed(select(lookalikes), wanted).where(lookalikes.c.name > after).order_by(lookalikes.c.name)
    return [row_from(row) for row in (await tx.execute(query.limit(limit))).mappings()]


async def list_worst(tx: Tx, wanted: Wanted, *, limit: int) -> list[Lookalike]:
    """Return the first `limit` of the rows that `wanted` describes by severity, then by likelihood, then by name."""
    severity = case({item.value: place for place, item in enumerate(Severity)}, value=lookalikes.c.severity)
    likelihood = (
        select(func.coalesce(func.max(resemblances.c.likelihood), 0.0))
        .where(resemblances.c.name == lookalikes.c.name)
        .scalar_subquery()
    )
    query = narrowed(select(lookalikes), wanted).order_by(severity.desc(), likelihood.desc(), lookalikes.c.name)
    return [row_from(row) for row in (await tx.execute(query.limit(limit))).mappings()]


RANKS = {severity: rank for rank, severity in enumerate(reversed(Severity))}
"""The order of lists: 0 for the worst."""


async def count(tx: Tx, wanted: Wanted) -> int:
    """Return the number of rows that `wanted` describes."""
    return int((await tx.execute(narrowed(select(func.count()).select_from(lookalikes), wanted))).scalar_one())


async def save(tx: Tx, rows: Sequence[Lookalike]) -> None:
    """Add or overwrite whole rows, except their triage; a claim on them ends."""
    if rows:
        keep = frozenset({"triage", "triage_note", "triage_at", "triage_by", "claim_epoch"})
        await tx.execute(insert_or_update(tx.dialect.name, lookalikes, keep=keep), [_cells(row) for row in rows])
        await traits.renew(tx, rows)


async def remove(tx: Tx, names: Sequence[str]) -> None:
    """Drop the rows with their resemblances; no error where there are none."""
    for some in chunks(names):
        await tx.execute(delete(lookalikes).where(lookalikes.c.name.in_(some)))


async def claim_due(
    tx: Tx, *, owner: str, now: datetime, limit: int, lease: timedelta, failing: bool | None = None
) -> list[Lookalike]:
    """Take up to `limit` rows that are to be looked at: nobody else gets them for `lease`.

    `failing`: only rows whose last look did not settle, or only the others; None: both.

    The most urgent first (`core.urgency`): the wait that was planned is short where much may be found soon, so twice
    the wait of five minutes is worse than an hour and a half in place of one.
    """
    due, until = lookalikes.c.next_look_at, lookalikes.c.claimed_until
    at = await lease_time(tx, now)
    free = or_(until.is_(None), until <= at, until > at + lease)
    # what was looked at later than now was so before the clock was set back: it must not wait for the clock to catch up
    late = or_(due <= now, lookalikes.c.attempted_at > now)
    waiting = select(lookalikes.c.name, lookalikes.c.attempted_at, due.label("due")).where(late, free)
    if failing is not None:
        settled = func.coalesce(lookalikes.c.last_outcome, SETTLED) == SETTLED
        waiting = waiting.where(~settled if failing else settled)
    found = (await tx.execute(waiting.order_by(due, lookalikes.c.name).limit(_MOST_WAITING))).all()
    first = in_order(_wish(row.name, row.attempted_at, row.due, now) for row in found)[:limit]
    rows_by_name = await find_all(tx, [wish.key for wish in first])
    rows = [rows_by_name[wish.key] for wish in first]
    for some in chunks([row.name for row in rows]):
        named = lookalikes.c.name.in_(some)
        epoch = lookalikes.c.claim_epoch + 1
        await tx.execute(
            update(lookalikes).where(named).values(claimed_until=at + lease, claimed_by=owner, claim_epoch=epoch)
        )
    return [replace(row, claim_epoch=row.claim_epoch + 1) for row in rows]


def _wish(name: str, attempted_at: datetime | None, due: datetime | None, now: datetime) -> Wish[str]:
    """Return the worth of a look at the name, by the wait that was planned for it, and its wait so far."""
    if attempted_at is None or due is None or attempted_at > now:  # never, or before the clock was set back
        return Wish(name, 0.0, None)
    return Wish(name, worth_of(due - attempted_at), now - attempted_at)


async def list_claimants(tx: Tx) -> list[str]:
    """Return the owners of claims, run out or not, sorted."""
    query = select(lookalikes.c.claimed_by).where(lookalikes.c.claimed_by.is_not(None)).distinct()
    return sorted((await tx.execute(query)).scalars())


async def release(tx: Tx, owners: Sequence[str]) -> None:
    """End the claims of `owners`: they are dead."""
    theirs = lookalikes.c.claimed_by.in_(owners)
    await tx.execute(update(lookalikes).where(theirs).values(claimed_until=None, claimed_by=None))


async def claim_registrations(
    tx: Tx, *, now: datetime, each: int, lease: timedelta, newness: timedelta, busy: Collection[str] = ()
) -> list[Lookalike]:
    """Likewise the rows whose registration facts are to be asked for: up to `each` of every suffix that is not `busy`.

    Able names and ours first, then those never asked about or first seen within `newness`, then the longest due.
    `registration_next_at` is moved on by `lease`, so that a look at the same row may go on meanwhile, and a crash only
    delays the asking.
    """
    able = or_(lookalikes.c.ability == Ability.ABLE.value, lookalikes.c.relation != LOOKALIKE)
    new = or_(lookalikes.c.registration_fetched_at.is_(None), lookalikes.c.first_seen_at > now - newness)
    worth = case((able, 2), (new, 1), else_=0)
    order = (worth.desc(), lookalikes.c.registration_next_at, lookalikes.c.name)
    place = func.row_number().over(partition_by=lookalikes.c.public_suffix, order_by=order)
    due = select(lookalikes.c.name, place.label("place")).where(lookalikes.c.registration_next_at <= now)
    if busy:
        due = due.where(lookalikes.c.public_suffix.not_in(sorted(busy)))
    ranked = due.subquery()
    first = select(ranked.c.name).where(ranked.c.place <= each)
    query = select(lookalikes).where(lookalikes.c.name.in_(first)).order_by(*order)
    rows = [row_from(row) for row in (await tx.execute(query)).mappings()]
    for some in chunks([row.name for row in rows]):
        await tx.execute(update(lookalikes).where(lookalikes.c.name.in_(some)).values(registration_next_at=now + lease))
    return rows


async def stop_asking(tx: Tx, names: Sequence[str]) -> None:
    """No registry knows these names: their registration is not due."""
    for some in chunks(names):
        await tx.execute(update(lookalikes).where(lookalikes.c.name.in_(some)).values(registration_next_at=None))


@dataclass(slots=True)
class Marks:
    """The exchanges, nameservers and registrant organisations of our own names, as last seen."""

    exchanges: set[str] = field(default_factory=set)
    nameservers: set[str] = field(default_factory=set)
    organisations: set[str] = field(default_factory=set)


async def find_marks_of_ours(tx: Tx) -> Marks:
    """Return the exchanges, nameservers and registrants of all own and protected names."""
    marks = Marks()
    query = select(lookalikes.c.verdict, lookalikes.c.registration).where(lookalikes.c.relation != LOOKALIKE)
    for verdict, registration in await tx.execute(query):
        marks.exchanges.update(row["host"] for row in (verdict or {}).get("exchanges", ()))
        if registration is not None:
            marks.nameservers.update(registration["nameservers"])
            marks.organisations.update(filter(None, [registration["registrant"]["organisation"]]))
    return marks


async def plan_look(tx: Tx, names: Sequence[str], *, at: datetime) -> None:
    """Look at the names again at `at`, where that is sooner than planned."""
    sooner = or_(lookalikes.c.next_look_at.is_(None), lookalikes.c.next_look_at > at)
    for some in chunks(names):
        await tx.execute(update(lookalikes).where(lookalikes.c.name.in_(some), sooner).values(next_look_at=at))


async def list_unsettled(tx: Tx, protected: str, *, limit: int) -> list[Lookalike]:
    """Return up to `limit` lookalikes of a protected name that no look has settled yet."""
    theirs = select(resemblances.c.name).where(resemblances.c.protected == protected)
    query = select(lookalikes).where(
        lookalikes.c.relation == LOOKALIKE,
        lookalikes.c.ability == Ability.UNKNOWN.value,
        lookalikes.c.attempted_at.is_not(None),
        lookalikes.c.settled_at.is_(None),
        lookalikes.c.name.in_(theirs),
    )
    return [row_from(row) for row in (await tx.execute(query.limit(limit))).mappings()]


async def find_next_due(tx: Tx) -> datetime | None:
    """Return the time of the next look at any row; None when none is planned."""
    soonest: datetime | None = (await tx.execute(select(func.min(lookalikes.c.next_look_at)))).scalar_one()
    return soonest


async def count_due(tx: Tx, *, now: datetime) -> int:
    """Return the number of rows whose next look is due at `now`."""
    query = select(func.count()).select_from(lookalikes).where(lookalikes.c.next_look_at <= now)
    return int((await tx.execute(query)).scalar_one())


async def count_abilities(tx: Tx) -> dict[str, int]:
    """Return the number of lookalikes of each ability: of those that were seen to exist, or did not settle yet.

    Of all hosts that one wildcard answers for one counts.
    """
    each = func.count(distinct(func.coalesce(lookalikes.c.wildcard_of, lookalikes.c.name)))
    query = (
        select(lookalikes.c.ability, each.label("number"))
        .where(listed(lookalikes.c), lookalikes.c.relation == LOOKALIKE)
        .group_by(lookalikes.c.ability)
    )
    return {row.ability: row.number for row in await tx.execute(query)}


async def list_triaged(tx: Tx, *, after: tuple[datetime, str], limit: int) -> list[Lookalike]:
    """Return lookalikes in the order in which they were triaged, from the one after (time, name)."""
    at, name = after
    later = or_(lookalikes.c.triage_at > at, and_(lookalikes.c.triage_at == at, lookalikes.c.name > name))
    query = select(lookalikes).where(later).order_by(lookalikes.c.triage_at, lookalikes.c.name).limit(limit)
    return [row_from(row) for row in (await tx.execute(query)).mappings()]


async def save_triage(
    tx: Tx, names: Collection[str], value: Triage, *, note: str | None, now: datetime, by: str | None = None
) -> set[str]:
    """Set the triage, who decided it and when, and the note unless it is None; which of the names have a row."""
    values: dict[str, Any] = {"triage": value, "triage_at": now, "triage_by": by}
    if note is not None:
        values["triage_note"] = note
    known = await find_known(tx, list(names))
    for some in chunks(sorted(known)):
        await tx.execute(update(lookalikes).where(lookalikes.c.name.in_(some)).values(**values))
    return known


Columns = ReadOnlyColumnCollection[str, Column[Any]]


def listed(table: Columns = lookalikes.c) -> ColumnElement[bool]:
    """The condition of rows that people are shown: seen to exist, or asked about and never settled."""
    never_settled = and_(table.ability == Ability.UNKNOWN.value, table.attempted_at.is_not(None))
    return or_(table.first_seen_at.is_not(None), never_settled)


def narrowed(query: Select[Any], wanted: Wanted) -> Select[Any]:
    """Return the query with the conditions of `wanted`."""
    table = lookalikes.c
    query = query.where(*_conditions(wanted, table))
    if wanted.collapsed:
        # of the hosts that the filter takes the first one: another filter may have another first one
        other = lookalikes.alias("other")
        earlier = select(other.c.name).where(
            other.c.wildcard_of == table.wildcard_of, other.c.name < table.name, *_conditions(wanted, other.c)
        )
        query = query.where(or_(table.wildcard_of.is_(None), ~earlier.exists()))
    return query


def _conditions(wanted: Wanted, table: Columns) -> list[ColumnElement[bool]]:
    plain = (("ability", wanted.ability), ("basis", wanted.basis), ("triage", wanted.triage))
    conditions: list[ColumnElement[bool]] = [
        listed(table),
        table.relation == wanted.relation,
        *(table[column] == value for column, value in plain if value is not None),
        *_inside(wanted, table),
        *_resembling(wanted, table),
    ]
    if wanted.severity is not None:
        conditions.append(table.severity_rank <= RANKS[Severity(wanted.severity)])
    if wanted.since is not None:
        # an index on the time would be followed and what it gives sorted, a million rows of it
        conditions.append(func.coalesce(table.first_seen_at, table.first_seen_at) >= wanted.since)
    return conditions


def _inside(wanted: Wanted, table: Columns) -> Iterator[ColumnElement[bool]]:
    """Conditions on text: the name, and what stands inside the verdict and the registration."""
    for kind, value in ((TraitKind.FLAG, wanted.flag), (TraitKind.REGISTRAR, wanted.registrar)):
        if value is not None:
            yield traits.has(table.name, kind, value)
    if wanted.exchange is not None:
        yield traits.has(table.name, TraitKind.EXCHANGE, wanted.exchange.lower(), begins=True)
    if wanted.text is not None:
        part = wanted.text.lower()
        yield table.name.contains(part, autoescape=True) | table.unicode.contains(part, autoescape=True)


def _resembling(wanted: Wanted, table: Columns) -> Iterator[ColumnElement[bool]]:
    """Conditions on one resemblance that a row must have."""
    if wanted.protected is None and wanted.technique is None and wanted.grade is None:
        return
    alike = resemblances.c
    query = select(alike.name).where(alike.name == table.name)
    if wanted.protected is not None:
        query = query.where(alike.protected == wanted.protected)
    if wanted.technique is not None:
        query = query.where(cast(alike.techniques, Text).contains(f'"{wanted.technique}"', autoescape=True))
    if wanted.grade is not None:
        query = query.where(alike.grade == wanted.grade)
    yield query.exists()


def _cells(row: Lookalike) -> dict[str, Any]:
    return {
        "name": row.name,
        "registrable_domain": row.registrable_domain,
        "public_suffix": row.public_suffix,
        "unicode": row.unicode,
        "relation": row.relation,
        "state": state_json(row.state),
        "ability": (row.verdict.ability if row.verdict else Ability.UNKNOWN).value,
        "basis": (row.verdict.basis if row.verdict else Basis.LOOKUP_FAILED).value,
        "severity": row.severity.value,
        "severity_reasons": list(row.severity_reasons),
        "next_look_at": row.next_look_at,
        "claimed_until": None,
        "claimed_by": None,
        "attempted_at": row.state.attempted_at,
        "settled_at": row.settled_at,
        "last_outcome": row.state.last_outcome,
        "first_seen_at": row.first_seen_at,
        "registration": None if row.registration is None else registration_json(row.registration),
        "registration_fetched_at": None if row.registration is None else row.registration.fetched_at,
        "registration_next_at": row.registration_next_at,
        "triage": row.triage,
        "triage_note": row.triage_note,
        "triage_at": row.triage_at,
        "triage_by": row.triage_by,
        "verdict": None if row.verdict is None else mail_json(row.verdict, row.settled_at),
        "severity_rank": RANKS[row.severity],
        "wildcard_of": wildcard_of(row),
    }


def wildcard_of(row: Lookalike) -> str | None:
    """Return the domain or suffix whose wildcard answers for the name; None where it has an answer of its own."""
    return wildcard_parent(row.name, row.registrable_domain, row.public_suffix, row.verdict)


def row_from(row: RowMapping) -> Lookalike:
    """Return the row of these cells."""
    return Lookalike(
        name=row["name"],
        registrable_domain=row["registrable_domain"],
        public_suffix=row["public_suffix"],
        unicode=row["unicode"],
        relation=Relation(row["relation"]),
        state=state_from_json(row["state"]),
        verdict=None if row["verdict"] is None else verdict_from_json(row["verdict"]),
        severity=Severity(row["severity"]),
        severity_reasons=tuple(row["severity_reasons"]),
        next_look_at=row["next_look_at"],
        first_seen_at=row["first_seen_at"],
        registration=None if row["registration"] is None else registration_from_json(row["registration"]),
        registration_next_at=row["registration_next_at"],
        triage=Triage(row["triage"]),
        triage_note=row["triage_note"],
        triage_at=row["triage_at"],
        triage_by=row["triage_by"],
        claim_epoch=row["claim_epoch"],
    )
