"""Names that a list brought get rows that are due, and keep what they had."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import explicit, look
from watcher.core.events import Resemblance
from watcher.data import load_suffixes
from watcher.services.looks.watch import Watch
from watcher.services.names.protect import protect
from watcher.services.sweeps.matched import keep
from watcher.store import Store, lookalikes, resemblances
from watcher.store.lookalikes import Wanted

SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "army.mil with `i` left out of the suffix")
INSIDE = Resemblance("army.mil", ("containment",), 0.00001, "`army` inside `army-pay`")
OTHERS = Resemblance("navy.mil", ("suffix_edit",), 0.03, "navy.mil with `i` left out of the suffix")


@pytest.fixture
async def store(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=FakeClock().now())
    yield store
    await store.close()


async def saved(store, *found):
    return await keep(store, list(found), suffixes=load_suffixes(), now=FakeClock().now())


async def test_a_new_name_is_due_and_not_listed_before_it_was_seen(store):
    assert await saved(store, ("army.ml", [SLIP]), ("www.army-pay.co.uk", [INSIDE])) == 2
    async with store.read() as tx:
        rows = await lookalikes.find_all(tx, ["army.ml", "www.army-pay.co.uk"])
        assert await lookalikes.list_all(tx, Wanted()) == []
        assert (await resemblances.find_all(tx, ["army.ml"]))["army.ml"] == (SLIP,)
    assert {row.name: (row.registrable_domain, row.public_suffix) for row in rows.values()} == {
        "army.ml": ("army.ml", "ml"),
        "www.army-pay.co.uk": ("army-pay.co.uk", "co.uk"),
    }
    async with store.write() as tx:
        due = await lookalikes.claim_due(tx, owner="me", now=FakeClock().now(), limit=9, lease=timedelta(minutes=1))
    assert {"army.ml", "www.army-pay.co.uk"} <= {row.name for row in due}


async def test_a_known_name_keeps_its_row_and_gains_a_resemblance(store):
    clock = FakeClock()
    now = clock.now()
    await Watch(store=store, clock=clock).record(look("army.ml", explicit("army.ml", now), now), resemblances=[INSIDE])
    async with store.read() as tx:
        before = await lookalikes.find(tx, "army.ml")
    assert before is not None
    assert await saved(store, ("army.ml", [SLIP])) == 0
    async with store.read() as tx:
        assert await lookalikes.find(tx, "army.ml") == before
        assert (await resemblances.find_all(tx, ["army.ml"]))["army.ml"] == (SLIP,)


async def test_what_resembles_a_name_that_is_protected_no_more_is_left_out(store):
    assert await saved(store, ("navy.ml", [OTHERS])) == 0
    async with store.read() as tx:
        assert await lookalikes.find(tx, "navy.ml") is None
