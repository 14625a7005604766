"""Lists of lookalikes a page at a time, in an order that an index gives, with counts that do not count a million."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, cast, func, or_, select

from watcher.core.states.lookalike import LOOKALIKE, Lookalike
from watcher.store.database import Tx
from watcher.store.lookalikes import RANKS, Wanted, narrowed, row_from
from watcher.store.tables import lookalikes, resemblances
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


async def list_page(
    tx: Tx, wanted: Wanted, order: Order = Order.WORST, *, after: ListPlace | None = None, limit: int
) -> list[Lookalike]:
    """Return `limit` of the rows that `wanted` describes, from the one after the place `after`."""
    query, table = narrowed(select(lookalikes), wanted), lookalikes.c
    match order:
        case Order.WORST:
            query = query.order_by(table.severity_rank, table.name)
            if after is not None:
                rank = table.severity_rank
                query = query.where(
                    rank >= after.severity_rank, or_(rank > after.severity_rank, table.name > after.name)
                )
        case Order.NEWEST:
            seen = table.first_seen_at
            query = query.order_by(seen.desc().nulls_last(), table.name.desc())  # what never settled comes last
            if after is not None and after.first_seen_at is None:
                query = query.where(seen.is_(None), table.name < after.name)
            elif after is not None:
                level = and_(seen == after.first_seen_at, table.name < after.name)
                query = query.where(or_(seen < after.first_seen_at, level, seen.is_(None)))
        case Order.NAME:
            query = query.order_by(table.name)
            if after is not None:
                query = query.where(table.name > after.name)
    return [row_from(row) for row in (await tx.execute(query.limit(limit))).mappings()]


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


async def count_up_to(tx: Tx, wanted: Wanted, most: int) -> int:
    """Return how many rows `wanted` describes, `most` where there are more: a million need not be counted."""
    some = narrowed(select(lookalikes.c.name), wanted).limit(most).subquery()
    return int((await tx.execute(select(func.count()).select_from(some))).scalar_one())


async def list_sharing(tx: Tx, row: Lookalike, *, limit: int) -> dict[str, list[str]]:
    """Return other lookalikes with the same exchange, nameserver or registrant, by what they share."""
    shared: dict[str, list[str]] = {}
    facts = row.registration
    marks = [("verdict", exchange.host) for exchange in (row.verdict.exchanges if row.verdict else ())[:3]]
    marks += [("registration", server) for server in (facts.nameservers if facts else ())[:2]]
    marks += [("registration", facts.registrant_organisation)] if facts and facts.registrant_organisation else []
    for column, value in marks:
        query = (
            select(lookalikes.c.name)
            .where(
                lookalikes.c.relation == LOOKALIKE,
                lookalikes.c.name != row.name,
                cast(lookalikes.c[column], Text).contains(json.dumps(value), autoescape=True),
            )
            .order_by(lookalikes.c.name)
            .limit(limit)
        )
        if names := list((await tx.execute(query)).scalars()):
            shared[value] = names
    return shared
