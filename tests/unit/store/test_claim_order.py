"""Which known names are looked at first when more are due than can be: those that waited longest for their measure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import MailState
from watcher.store import Store, lookalikes, probes

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MINUTE, LEASE = timedelta(minutes=1), timedelta(minutes=5)


def row(name, planned, waited):
    """Looked at `waited` minutes ago, to be looked at again after `planned`."""
    at = NOW - waited * MINUTE
    state = MailState(attempted_at=at, last_outcome="settled")
    return Lookalike(name, name, "ml", name, state=state, next_look_at=at + planned * MINUTE)


@pytest.fixture
async def store(tmp_path):
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock(NOW))
    yield store
    await store.close()


async def test_short_waits_that_are_over_come_before_long_ones(store):
    rows = [
        row("hourly.ml", 60, 90),
        row("new.ml", 5, 10),
        row("new-and-late.ml", 5, 40),
        row("not-due.ml", 60, 59),
        row("very-late.ml", 60, 300),
        Lookalike("never.ml", "never.ml", "ml", "never.ml", next_look_at=NOW),
    ]
    async with store.write() as tx:
        await lookalikes.save(tx, rows)
        first = await lookalikes.claim_due(tx, owner="me", now=NOW, limit=3, lease=LEASE)
        rest = await lookalikes.claim_due(tx, owner="me", now=NOW, limit=10, lease=LEASE)
    assert [row.name for row in first] == ["never.ml", "new-and-late.ml", "very-late.ml"]
    assert [row.name for row in rest] == ["new.ml", "hourly.ml"]


async def claimed(store, now, owner="me"):
    async with store.write() as tx:
        rows = await lookalikes.claim_due(tx, owner=owner, now=now, limit=10, lease=LEASE)
    return [row.name for row in rows]


@pytest.mark.parametrize("back", [2 * LEASE, timedelta(hours=3), timedelta(days=400)])
async def test_claims_from_before_the_clock_was_set_back_are_freed(store, back):
    """A claim that ends later than any claim made now can end is of a clock that was ahead."""
    async with store.write() as tx:
        await lookalikes.save(tx, [row("army.ml", 60, 90)])
    assert await claimed(store, NOW + back, owner="before") == ["army.ml"]
    assert await claimed(store, NOW) == ["army.ml"]
    assert await claimed(store, NOW + LEASE / 2) == [], "the new claim holds as any other"
    assert await claimed(store, NOW + LEASE) == ["army.ml"]


async def test_a_look_from_before_the_clock_was_set_back_is_due_at_once(store):
    ahead = replace(row("army.ml", 60, -600), next_look_at=NOW + timedelta(hours=11))
    async with store.write() as tx:
        await lookalikes.save(tx, [ahead])
    assert await claimed(store, NOW) == ["army.ml"]


async def test_a_question_to_a_registry_from_before_the_clock_was_set_back_does_not_count(store):
    async with store.write() as tx:
        await probes.save(tx, ["army.ml"], at=NOW + timedelta(days=30))
        assert await probes.find_asked(tx, ["army.ml"], since=NOW - timedelta(days=1), now=NOW) == set()
        await probes.save(tx, ["army.ml"], at=NOW)
        assert await probes.find_asked(tx, ["army.ml"], since=NOW - timedelta(days=1), now=NOW) == {"army.ml"}
