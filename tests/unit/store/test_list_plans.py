"""The plans of the queries behind the pages, on SQLite and PostgreSQL: each list follows an index, however many rows there are."""

import itertools
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import event, text

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import explicit
from watcher.core.blocking.selection import Rules
from watcher.core.mail.verdict import Ability
from watcher.core.states.lookalike import Lookalike, Triage
from watcher.store import (
    audit,
    block_candidates,
    deliveries,
    event_log,
    lookalike_lists,
    lookalikes,
    name_search,
    resembling_rows,
)
from watcher.store.deliveries import Status
from watcher.store.lookalike_lists import ListPlace, Narrowing, Order
from watcher.store.lookalikes import Wanted

_PLACE = ListPlace("army.ml", 2, FakeClock().now())
_FILTERS = [
    Wanted(collapsed=True),
    Wanted(ability=Ability.ABLE, triage=Triage.NEW, collapsed=True),
    Wanted(protected="army.mil"),
    Wanted(technique="omission", grade="block"),
    Wanted(text="army", exchange="mx"),
    Wanted(flag="collector", registrar="A Registrar"),
    Wanted(basis="null_mx", since=FakeClock().now()),
]


async def plans(store, work):
    """The plan of every SELECT that `work` runs; PostgreSQL's as it is where tables are large."""
    said = []
    async with store.read() as tx:
        engine = tx.engine.sync_engine

        def note(_connection, _cursor, statement, parameters, _context, _many):
            if statement.lstrip().startswith(("SELECT", "WITH")):
                said.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            await work(tx)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        if store.shared:
            await tx.execute(text("SET LOCAL enable_seqscan = off"))
            await tx.execute(text("SET LOCAL enable_sort = off"))
            await tx.execute(text("SET LOCAL enable_incremental_sort = off"))
        found = []
        for statement, parameters in said:
            explain = "EXPLAIN" if store.shared else "EXPLAIN QUERY PLAN"
            rows = await tx.exec_driver_sql(f"{explain} {statement}", parameters)
            found.append("\n".join(row[0] if store.shared else row.detail for row in rows))
    return found


def reads_everything(plan):
    """Whether a whole table is read: a scan of it, with or without an index, is one."""
    tables = ("lookalikes", "events", "outbox", "deliveries", "traits", "resemblances", "audit")
    lines = [line.strip() for line in plan.splitlines()]
    sqlite = any(line.startswith(tuple(f"SCAN {table}" for table in tables)) for line in lines)
    return sqlite or any(f"Seq Scan on {table}" in line for line in lines for table in tables)


def sorts(plan):
    return "TEMP B-TREE FOR ORDER BY" in plan or "Sort Key" in plan


async def test_a_walk_along_a_list_sorts_nothing(store):
    async def work(tx, wanted, order, after):
        await lookalike_lists.list_page(tx, wanted, order, after=after, limit=51, narrowing=Narrowing())

    for wanted, order, after in itertools.product(_FILTERS, Order, (None, _PLACE)):
        walk = (await plans(store, partial(work, wanted=wanted, order=order, after=after)))[0]
        assert not sorts(walk), (wanted, order, walk)
        assert not reads_everything(walk), (wanted, order, walk)


async def test_what_a_rare_condition_leaves_is_read_by_its_name(store):
    async def work(tx, wanted, order):
        narrowing = await lookalike_lists.find_narrowing(tx, wanted)
        assert (narrowing.names is None) == (wanted == Wanted(collapsed=True)), "in an empty database all are rare"
        await lookalike_lists.list_page(tx, wanted, order, limit=51, narrowing=narrowing)
        await lookalike_lists.count_up_to(tx, wanted, 10_001, narrowing)

    for wanted, order in itertools.product(_FILTERS, Order):
        for plan in await plans(store, partial(work, wanted=wanted, order=order)):
            assert not reads_everything(plan), (wanted, order, plan)


async def test_other_lists_follow_an_index(store):
    async def work(tx):
        await event_log.list_all(tx, newest_first=True, limit=51)
        await event_log.list_all(tx, newest_first=True, kinds=["lapsed"], limit=51)
        await event_log.list_all(tx, newest_first=True, names=["army.ml"], before="x", limit=51)
        await event_log.list_all(tx, newest_first=True, decision="none", limit=51)
        await event_log.list_history(tx, "army.ml")
        await audit.list_all(tx, before="x", limit=51)
        await deliveries.list_all(tx, limit=51)
        await deliveries.list_all(tx, status=Status.REJECTED, limit=51)
        await deliveries.list_all(tx, channel="slack", limit=51)
        await resembling_rows.list_likeliest(tx, "army.mil", limit=100)

    for plan in await plans(store, work):
        by_id = plan.replace("SCAN events USING COVERING INDEX sqlite_autoindex", "")  # the newest, and no further
        assert not reads_everything(by_id.replace("SCAN deliveries USING INDEX sqlite_autoindex", "")), plan


async def test_the_block_list_of_decided_names_is_read_by_the_decision(store):
    (plan, *_) = await plans(store, lambda tx: block_candidates.list_candidates(tx, Rules(), limit=500))
    assert not reads_everything(plan)
    assert not sorts(plan)


async def test_a_part_of_a_name_is_found_by_trigrams(store):
    await keep(store, "army-shop.ml", "xn--rmy-hoa.ml", "navy.ml", unicode={"xn--rmy-hoa.ml": "ärmy.ml"})

    async def found(part):
        async with store.read() as tx:
            return set((await tx.execute(name_search.names_with_part(tx.dialect.name, part))).scalars())

    assert await found("army") == {"army-shop.ml"}
    assert await found("Y-sho") == {"army-shop.ml"}
    assert await found("ÄRM") == {"xn--rmy-hoa.ml"}
    assert await found("rmy") == {"army-shop.ml", "xn--rmy-hoa.ml"}
    assert await found('"army') == await found("%rmy") == await found("army OR navy") == set()
    async with store.write() as tx:
        await lookalikes.remove(tx, ["army-shop.ml"])
    assert await found("army") == set()
    if store.shared:
        (plan,) = await plans(store, lambda tx: tx.execute(name_search.names_with_part("postgresql", "army")))
        assert "lookalike_words" in plan


async def test_every_way_to_a_list_gives_the_same_rows(store):
    names = [f"{word}-{number}.ml" for number in range(40) for word in ("army", "navy")]
    await keep(store, *names)
    async with store.write() as tx:
        rows = await lookalikes.find_all(tx, names)
        changed = [
            replace(row, severity=list(type(row.severity))[place % 5]) for place, row in enumerate(rows.values())
        ]
        await lookalikes.save(tx, changed)
    wanted = Wanted(text="army", exchange="mx.")
    async with store.read() as tx:
        narrowing = await lookalike_lists.find_narrowing(tx, wanted)
        assert narrowing.names is not None
        for order in Order:
            shown = {}
            for way in (narrowing, Narrowing()):
                pages, after = [], None
                while rows := await lookalike_lists.list_page(tx, wanted, order, after=after, limit=7, narrowing=way):
                    pages += [row.name for row in rows]
                    after = lookalike_lists.place_of(rows[-1])
                shown[way.names is None] = pages
            assert shown[True] == shown[False]
            assert len(set(shown[True])) == len(shown[True]) == 40
        for way in (narrowing, Narrowing()):
            total = await lookalike_lists.count_up_to(tx, wanted, 10_001, way)
            assert (total.number, total.exact) == (40, True)


@pytest.mark.parametrize(("wanted", "shown"), [(Wanted(), "a.evil.ml"), (Wanted(text="c.ev"), "c.evil.ml")])
async def test_of_a_wildcards_hosts_the_first_that_the_filter_takes_is_shown(store, wanted, shown):
    await keep(store, "a.evil.ml", "b.evil.ml", "c.evil.ml")
    async with store.write() as tx:
        await tx.execute(text("UPDATE lookalikes SET wildcard_of = 'evil.ml'"))
    for narrowing, order in itertools.product((None, Narrowing()), Order):
        async with store.read() as tx:
            rows = await lookalike_lists.list_page(
                tx, replace(wanted, collapsed=True), order, limit=5, narrowing=narrowing
            )
        assert [row.name for row in rows] == [shown]


async def test_what_is_searched_follows_the_row(store):
    await keep(store, "army.ml")

    async def found(**condition):
        async with store.read() as tx:
            return [row.name for row in await lookalike_lists.list_page(tx, Wanted(**condition), limit=5)]

    assert await found(exchange="mx") == ["army.ml"]
    assert await found(exchange="x") == []
    async with store.write() as tx:
        row = await lookalikes.find(tx, "army.ml")
        await lookalikes.save(tx, [replace(row, verdict=replace(row.verdict, exchanges=()))])
    assert await found(exchange="mx") == []


async def keep(store, *names, unicode=None):
    """Keep lookalikes with an exchange."""
    now = FakeClock().now()
    rows = [
        Lookalike(name, name, "ml", (unicode or {}).get(name, name), verdict=explicit(name, now), first_seen_at=now)
        for name in names
    ]
    async with store.write() as tx:
        await lookalikes.save(tx, rows)
