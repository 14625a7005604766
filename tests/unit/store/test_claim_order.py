"""Which known names are looked at first when more are due than can be: those that waited longest for their measure."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.clock import FakeClock
from watcher.core.mail_state import MailState
from watcher.store import Store, lookalikes
from watcher.store.lookalikes import Lookalike

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
    assert [one.name for one in first] == ["never.ml", "new-and-late.ml", "very-late.ml"]
    assert [one.name for one in rest] == ["new.ml", "hourly.ml"]
