"""The plans of the queries behind the pages: each list follows an index and sorts nothing, however many rows there are."""

import pytest
from sqlalchemy import event

from tests.fakes.clock import FakeClock
from watcher.core.mail.verdict import Ability
from watcher.core.states.lookalike import Triage
from watcher.store import Store, audit, event_log, lookalike_lists
from watcher.store.lookalike_lists import ListPlace, Order
from watcher.store.lookalikes import Wanted

_PLACE = ListPlace("army.ml", 2, FakeClock().now())


@pytest.fixture
async def store(tmp_path):
    made = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield made
    await made.close()


async def plans(store, work):
    """The plan of every statement that `work` runs."""
    said = []
    async with store.read() as tx:
        engine = tx.engine.sync_engine

        def note(_connection, _cursor, statement, parameters, _context, _many):
            if statement.startswith("SELECT"):
                said.append((statement, parameters))

        event.listen(engine, "before_cursor_execute", note)
        try:
            await work(tx)
        finally:
            event.remove(engine, "before_cursor_execute", note)
        found = []
        for statement, parameters in said:
            rows = await tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            found.append(" | ".join(row.detail for row in rows))
    return found


@pytest.mark.parametrize("after", [None, _PLACE], ids=["first page", "a later page"])
@pytest.mark.parametrize("collapsed", [True, False], ids=["one of a wildcard", "every host"])
@pytest.mark.parametrize("order", [Order.WORST, Order.NEWEST])
async def test_a_page_of_lookalikes_sorts_nothing(store, order, collapsed, after):
    wanted = Wanted(collapsed=collapsed)
    (plan,) = await plans(store, lambda tx: lookalike_lists.list_page(tx, wanted, order, after=after, limit=51))
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan
    assert "SEARCH lookalikes USING INDEX" in plan


@pytest.mark.parametrize(
    "wanted",
    [
        Wanted(ability=Ability.ABLE, triage=Triage.NEW, collapsed=True),
        Wanted(protected="army.mil"),
        Wanted(technique="omission", grade="block"),
        Wanted(text="army", exchange="mx"),
        Wanted(flag="collector", registrar="A Registrar"),
    ],
)
async def test_a_filter_sorts_nothing_either(store, wanted):
    (plan,) = await plans(store, lambda tx: lookalike_lists.list_page(tx, wanted, limit=51))
    assert "USE TEMP B-TREE FOR ORDER BY" not in plan


async def test_events_and_the_audit_are_read_by_their_key(store):
    for work in (
        lambda tx: event_log.list_all(tx, newest_first=True, limit=51),
        lambda tx: audit.list_all(tx, before="x", limit=51),
    ):
        (plan,) = await plans(store, work)
        assert "TEMP B-TREE" not in plan
