"""What a sweep does next: no slice of a name whose candidates have ended, and nothing behind it forgotten."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.names.protected import Kind
from watcher.services.sweeps.agenda import Agenda
from watcher.services.sweeps.passes import tiers_from
from watcher.store import Store, protected_names
from watcher.store.protected_names import ProtectedRow

TIERS = tiers_from([(1000, timedelta(hours=1)), (2000, timedelta(hours=6))])


@pytest.fixture
async def agenda(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path / 'watcher.db'}", clock=clock)
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", Kind.DOMAIN.value, clock.now(), None, ())])
    yield Agenda(store, TIERS, version="1", clock=clock, cutoff=clock.now(), stretched=lambda: (1.0, 1.0))
    await store.close()


async def test_a_name_whose_candidates_ended_meanwhile_gets_no_empty_slice(agenda):
    first = await agenda.next()
    one = first[0][0]
    assert one.more
    one.last = one.next - 1  # another worker came to the end of them
    following = await agenda.next()
    assert [(later.shard.tier, bool(ranks)) for later, ranks in following] == [(1, True)] * len(following)
    assert following
    assert one.next == one.last + 1
