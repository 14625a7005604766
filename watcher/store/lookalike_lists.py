"""Lists of lookalikes a page at a time, in an order that an index gives, with counts that do not count a million."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, or_, select

from watcher.core.states.lookalike import LOOKALIKE, Lookalike
from watcher.store import name_search, traits
from watcher.store.database import Tx
from watcher.store.lookalikes import RANKS, Wanted, find_all, listed, narrowed
from watcher.store.tables import lookalikes, resemblances
from watcher.store.tables import traits as traits_table
from watcher.store.traits import TraitKind
from watcher.store.upsert import chunks


class Order(StrEnum):
    """The order of a list."""

    WORST = "worst"
    NEWEST = "newest"
    NAME = "name"


class Ranking(StrEnum):
    """The order of a list that is read as a whole."""

    WORST = "worst"
    """By severity, then by likelihood."""
    LIKELIHOOD = "likelihood"
    NEWEST = "newest"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class ListPlace:
    """A row's place in a list: where the next page goes on."""

    name: str
    severity_rank: int = 0
    first_seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The names that the rarest condition of a list leaves, `FEW` at most; None where none is rare."""

    names: Select[str] | None = None


FEW = 5_000
"""Rows that are sorted where a condition leaves no more. Where every condition leaves more, a walk in the order of the
list soon meets enough of them."""
_WALKED = 20_000
"""Rows that are looked through to count."""


async def find_narrowing(tx: Tx, wanted: Wanted) -> Narrowing:
    """Return the rarest of the conditions that have an index of their own, if one is rare."""
    best: tuple[int, Select[str]] | None = None
    for query in _rare(tx, wanted):
        if wanted.text is not None:
            await name_search.prefer_index(tx, on=True)
        some = query.limit(FEW + 1).subquery()
        number = int((await tx.execute(select(func.count()).select_from(some))).scalar_one())
        if number <= FEW and (best is None or number < best[0]):
            best = number, query
    if wanted.text is not None:
        await name_search.prefer_index(tx, on=False)
    return Narrowing(None if best is None else best[1])


def _rare(tx: Tx, wanted: Wanted) -> Iterator[Select[str]]:
    """Yield the names that each single condition leaves."""
    for kind, value in (
        (TraitKind.FLAG, wanted.flag),
        (TraitKind.REGISTRAR, wanted.registrar),
        (TraitKind.TECHNIQUE, wanted.technique),
    ):
        if value is not None:
            yield traits.names_with(kind, value)
    if wanted.exchange is not None:
        yield traits.names_with(TraitKind.EXCHANGE, wanted.exchange.lower(), begins=True)
    if wanted.protected is not None:
        yield select(resemblances.c.name).where(resemblances.c.protected == wanted.protected)
    if wanted.grade is not None:
        yield select(resemblances.c.name).where(resemblances.c.grade == wanted.grade)
    row = lookalikes.c
    for column, chosen in ((row.ability, wanted.ability), (row.triage, wanted.triage), (row.basis, wanted.basis)):
        if chosen is not None:
            yield select(row.name).where(row.relation == wanted.relation, column == chosen)
    if wanted.since is not None:
        yield select(row.name).where(row.relation == wanted.relation, row.first_seen_at >= wanted.since)
    if wanted.text is not None and len(wanted.text) >= name_search.SHORTEST:
        yield name_search.names_with_part(tx.dialect.name, wanted.text)


async def list_page(
    tx: Tx,
    wanted: Wanted,
    order: Order = Order.WORST,
    *,
    after: ListPlace | None = None,
    limit: int,
    narrowing: Narrowing | None = None,
) -> list[Lookalike]:
    """Return `limit` of the rows that `wanted` describes, from the one after the place `after`.

    `narrowing`: as `find_narrowing` gave it for the same conditions; None: it is found here.
    """
    if narrowing is None:
        narrowing = await find_narrowing(tx, wanted)
    table = lookalikes.c
    query = narrowed(select(table.name), wanted)
    rank: ColumnElement[Any] = table.severity_rank
    seen: ColumnElement[Any] = table.first_seen_at
    name: ColumnElement[Any] = table.name
    if narrowing.names is not None:
        # the few rows are sorted: an index in the order of the list would be walked from end to end to find them
        query = query.where(table.name.in_(narrowing.names))
        rank, name = rank + 0, name.concat("")
        seen = func.coalesce(seen, seen)
    match order:
        case Order.WORST:
            query = query.order_by(rank, name)
            if after is not None:
                worse = table.severity_rank
                query = query.where(
                    worse >= after.severity_rank, or_(worse > after.severity_rank, table.name > after.name)
                )
            names = list((await tx.execute(query.limit(limit))).scalars())
        case Order.NEWEST:
            names = await _newest(tx, query, (seen, name), after=after, limit=limit)
        case Order.NAME:
            query = query.order_by(name)
            if after is not None:
                query = query.where(table.name > after.name)
            names = list((await tx.execute(query.limit(limit))).scalars())
    rows = await find_all(tx, names)
    return [rows[name] for name in names]


async def _newest(
    tx: Tx,
    query: Select[str],
    order: tuple[ColumnElement[Any], ColumnElement[Any]],
    *,
    after: ListPlace | None,
    limit: int,
) -> list[str]:
    """Return names by their first sight, the newest first; those that never settled come last, in a query of their own.

    So either query follows the index, in both databases, whatever each thinks of the order of nulls.
    """
    (seen, name), table = order, lookalikes.c
    found: list[str] = []
    if after is None or after.first_seen_at is not None:
        dated = query.where(table.first_seen_at.is_not(None)).order_by(seen.desc(), name.desc())
        if after is not None:
            at = table.first_seen_at
            dated = dated.where(at <= after.first_seen_at, or_(at < after.first_seen_at, table.name < after.name))
            after = None
        found = list((await tx.execute(dated.limit(limit))).scalars())
    if len(found) < limit:
        undated = query.where(table.first_seen_at.is_(None)).order_by(name.desc())
        if after is not None:
            undated = undated.where(table.name < after.name)
        found += (await tx.execute(undated.limit(limit - len(found)))).scalars()
    return found


def place_of(row: Lookalike) -> ListPlace:
    """Return the place of a row in every order."""
    return ListPlace(row.name, RANKS[row.severity], row.first_seen_at)


@dataclass(frozen=True, slots=True)
class Ranked:
    """A name of a ranked list, and how many more hosts of the same wildcard match; 0 where every host is listed."""

    name: str
    more_hosts: int = 0


async def list_ranked(tx: Tx, wanted: Wanted, ranking: Ranking, *, limit: int | None = None) -> list[Ranked]:
    """Return the names that `wanted` describes in the order of `ranking`, the first `limit` of them.

    `collapsed` keeps the first host of each wildcard.
    """
    table = lookalikes.c
    likelihood = (
        select(func.coalesce(func.max(resemblances.c.likelihood), 0.0))
        .where(resemblances.c.name == table.name)
        .scalar_subquery()
    )
    order: Sequence[ColumnElement[Any]] = {
        Ranking.WORST: (table.severity_rank, likelihood.desc()),
        Ranking.LIKELIHOOD: (likelihood.desc(),),
        Ranking.NEWEST: (table.first_seen_at.desc().nulls_last(),),
        Ranking.NAME: (),
    }[ranking]
    query = narrowed(select(table.name, table.wildcard_of), replace(wanted, collapsed=False))
    query = query.order_by(*order, table.name)
    if not wanted.collapsed:
        return [Ranked(row.name) for row in await tx.execute(query.limit(limit))]
    rows = (await tx.execute(query)).all()
    hosts = Counter(row.wildcard_of for row in rows if row.wildcard_of is not None)
    ranked = []
    for row in rows:
        if row.wildcard_of is None:
            ranked.append(Ranked(row.name))
        elif hosts[row.wildcard_of]:
            ranked.append(Ranked(row.name, hosts.pop(row.wildcard_of) - 1))
    return ranked[:limit]


async def count_wildcards(tx: Tx, names: Sequence[str]) -> dict[str, int]:
    """Return, for each domain or suffix of `names`, how many names its wildcard answers for."""
    found: dict[str, int] = {}
    for some in chunks(list(dict.fromkeys(names))):
        query = (
            select(lookalikes.c.wildcard_of, func.count().label("number"))
            .where(lookalikes.c.wildcard_of.in_(some), lookalikes.c.relation == LOOKALIKE)
            .group_by(lookalikes.c.wildcard_of)
        )
        found.update({row.wildcard_of: row.number for row in await tx.execute(query)})
    return found


@dataclass(frozen=True, slots=True)
class Total:
    """The number of rows that a filter takes; `exact` is False where there are as many or more."""

    number: int
    exact: bool


async def count_up_to(tx: Tx, wanted: Wanted, most: int, narrowing: Narrowing | None = None) -> Total:
    """Return how many rows `wanted` describes, `most` where there are more: a million need not be counted.

    Where no condition is rare, the first rows in the order of the list are looked through, and no more.
    """
    if narrowing is None:
        narrowing = await find_narrowing(tx, wanted)
    table = lookalikes.c
    if narrowing.names is not None:
        some = narrowed(select(table.name), wanted).where(table.name.in_(narrowing.names)).limit(most).subquery()
        number = int((await tx.execute(select(func.count()).select_from(some))).scalar_one())
        return Total(number, exact=number < most)
    walked = (
        select(table.name)
        .where(table.relation == wanted.relation, listed())
        .order_by(table.severity_rank, table.name)
        .limit(_WALKED)
    )
    if wanted.ability is not None:
        walked = walked.where(table.ability == wanted.ability)
    if wanted.triage is not None:
        walked = walked.where(table.triage == wanted.triage)
    seen = walked.cte("walked").prefix_with("MATERIALIZED", dialect="postgresql")
    some = narrowed(select(table.name), wanted).where(table.name.in_(select(seen.c.name))).limit(most).subquery()
    number = int((await tx.execute(select(func.count()).select_from(some))).scalar_one())
    if number >= most:
        return Total(most, exact=False)
    walked_number = int((await tx.execute(select(func.count()).select_from(walked.subquery()))).scalar_one())
    return Total(number, exact=walked_number < _WALKED)


async def list_sharing(tx: Tx, row: Lookalike, *, limit: int) -> dict[str, list[str]]:
    """Return other lookalikes with the same exchange, nameserver or registrant, by what they share."""
    shared: dict[str, list[str]] = {}
    facts = row.registration
    marks = [(TraitKind.EXCHANGE, exchange.host) for exchange in (row.verdict.exchanges if row.verdict else ())[:3]]
    marks += [(TraitKind.NAMESERVER, server) for server in (facts.nameservers if facts else ())[:2]]
    if facts is not None and facts.registrant_organisation:
        marks.append((TraitKind.REGISTRANT, facts.registrant_organisation))
    for kind, value in marks:
        # a few more than are shown: names of ours are sorted out afterwards
        query = traits.names_with(kind, value).order_by(traits_table.c.name).limit(4 * limit)
        names = [item[0] for item in await tx.execute(query) if item[0] != row.name]
        kept = (
            select(lookalikes.c.name)
            .where(lookalikes.c.name.in_(names), lookalikes.c.relation == LOOKALIKE)
            .order_by(lookalikes.c.name)
            .limit(limit)
        )
        if names and (others := list((await tx.execute(kept)).scalars())):
            shared[value] = others
    return shared
