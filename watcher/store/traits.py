"""The values by which lists of lookalikes are searched and lookalikes are set side by side: one row for each value.

They stand inside the JSON of a verdict, a registration or a resemblance, where no index reaches them.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, delete, insert, select, tuple_

from watcher.core.states.lookalike import Lookalike
from watcher.store.database import Tx
from watcher.store.tables import traits
from watcher.store.upsert import chunks, insert_or_leave


class TraitKind(StrEnum):
    """The kind of a value."""

    EXCHANGE = "exchange"
    """The name of an exchange, and what is left of it after each of its dots but the last."""
    NAMESERVER = "nameserver"
    REGISTRAR = "registrar"
    REGISTRANT = "registrant"
    """An organisation."""
    FLAG = "flag"
    TECHNIQUE = "technique"
    """Of a resemblance; one that has changed since may still stand here."""


Trait = tuple[str, str]
"""A kind and a value."""

_MOST_EXCHANGES, _MOST_TAILS, _MOST_NAMESERVERS = 4, 4, 4
_LONGEST = 300
_LAST = "\U0010ffff"


def traits_of(row: Lookalike) -> set[Trait]:
    """Return the values of a row, those of its resemblances apart."""
    found: set[Trait] = set()
    if row.verdict is not None:
        for exchange in row.verdict.exchanges[:_MOST_EXCHANGES]:
            found.update((TraitKind.EXCHANGE.value, tail) for tail in _tails(exchange.host))
        found.update((TraitKind.FLAG.value, flag.value) for flag in row.verdict.flags)
    facts = row.registration
    if facts is not None:
        found.update((TraitKind.NAMESERVER.value, server) for server in facts.nameservers[:_MOST_NAMESERVERS])
        for kind, value in (
            (TraitKind.REGISTRAR, facts.registrar),
            (TraitKind.REGISTRANT, facts.registrant_organisation),
        ):
            if value:
                found.add((kind.value, value))
    return {(kind, value[:_LONGEST]) for kind, value in found}


def _tails(host: str) -> Iterator[str]:
    labels = host.lower().rstrip(".").split(".")
    for first in range(min(_MOST_TAILS, max(1, len(labels) - 1))):
        yield ".".join(labels[first:])


async def renew(tx: Tx, rows: Sequence[Lookalike]) -> None:
    """Make the values of the rows what the rows say now; what has not changed is not written."""
    for some in chunks(rows):
        names = [row.name for row in some]
        query = select(traits.c.name, traits.c.kind, traits.c.value).where(
            traits.c.name.in_(names), traits.c.kind != TraitKind.TECHNIQUE.value
        )
        before = {tuple(row) for row in await tx.execute(query)}
        after = {(row.name, kind, value) for row in some for kind, value in traits_of(row)}
        key = tuple_(traits.c.name, traits.c.kind, traits.c.value)
        for gone in chunks(sorted(before - after), 150):
            await tx.execute(delete(traits).where(key.in_(gone)))
        new = [{"name": name, "kind": kind, "value": value} for name, kind, value in sorted(after - before)]
        if new:
            await tx.execute(insert(traits), new)


async def add_techniques(tx: Tx, techniques: Sequence[tuple[str, str]]) -> None:
    """Add techniques as (name of a lookalike, technique); those that are there stay."""
    if techniques:
        rows = [{"name": name, "kind": TraitKind.TECHNIQUE.value, "value": value} for name, value in techniques]
        await tx.execute(insert_or_leave(tx.dialect.name, traits), rows)


def names_with(kind: TraitKind, value: str, *, begins: bool = False) -> Select[str]:
    """Return the query for the names that have a value; `begins`: one that begins so."""
    return select(traits.c.name).where(*_matching(kind, value, begins=begins))


def has(name: ColumnElement[str], kind: TraitKind, value: str, *, begins: bool = False) -> ColumnElement[bool]:
    """Return the condition that the row of `name` has a value."""
    return select(traits.c.name).where(traits.c.name == name, *_matching(kind, value, begins=begins)).exists()


def _matching(kind: TraitKind, value: str, *, begins: bool) -> tuple[ColumnElement[bool], ...]:
    value = value[:_LONGEST]
    if begins:
        return traits.c.kind == kind.value, traits.c.value >= value, traits.c.value < value + _LAST
    return traits.c.kind == kind.value, traits.c.value == value
