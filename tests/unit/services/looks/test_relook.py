"""Looks at what is due: each for itself, and what a dead process had in hand is taken up at once."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import explicit, look
from watcher.core.events import Resemblance
from watcher.data import load_suffixes
from watcher.services.lease_owner import this_process
from watcher.services.looks.relook import LEASE, Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.store import Store, lookalikes

SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
NAMES = ("army.ml", "navy.ml", "jag.ml")


class Examiner:
    """Sees every name able; `broken` are those that it cannot look at for a bug."""

    def __init__(self, clock):
        self.clock, self.broken, self.looked = clock, set(), []

    async def look(self, name, _options):
        self.looked.append(name)
        if name in self.broken:
            raise ZeroDivisionError(name)
        now = self.clock.now()
        return look(name, explicit(name, now), now)


@pytest.fixture
async def store(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield store
    await store.close()


@pytest.fixture
async def bench(store):
    """Three names that are due."""
    clock = FakeClock()
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
    for name in NAMES:
        await watch.record(look(name, explicit(name, clock.now()), clock.now()), resemblances=[SLIP])
    await clock.advance(7200)

    def made(**parts):
        return Relook(
            store=store,
            examiner=Examiner(clock),
            watch=watch,
            ours=Ours(store, load_suffixes()),
            clock=clock,
            resemblance=lambda _: SLIP,
            **parts,
        )

    return made


async def _looked_at(store, clock):
    async with store.read() as tx:
        rows = await lookalikes.find_all(tx, NAMES)
    return sorted(name for name, row in rows.items() if row.state.attempted_at == clock.now())


async def test_a_look_that_goes_wrong_leaves_the_others_alone(bench, store):
    relook = bench()
    relook._examiner.broken = {"navy.ml"}
    with pytest.raises(ZeroDivisionError):
        await relook.due()
    assert await _looked_at(store, relook._clock) == ["army.ml", "jag.ml"]
    assert await relook.due() == 0, "the broken one waits"
    relook._examiner.broken = set()
    await relook._clock.advance(LEASE / timedelta(seconds=1))
    assert await relook.due() >= 1


async def test_the_claims_of_the_dead_end_and_those_of_the_living_hold(bench, store):
    clock = bench()._clock
    dead = this_process()  # an earlier process with our number
    async with store.write() as tx:
        await lookalikes.claim_due(tx, owner=dead, now=clock.now(), limit=1, lease=LEASE)
        await lookalikes.claim_due(tx, owner="elsewhere:7:a", now=clock.now(), limit=1, lease=LEASE)
    assert await bench().due() == 2
    async with store.read() as tx:
        assert await lookalikes.list_claimants(tx) == ["elsewhere:7:a"]
