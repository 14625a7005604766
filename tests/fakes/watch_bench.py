"""A watch over a real database, a clock, and looks at one name after another."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import (
    look,
)
from watcher.core.events import Resemblance
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.states.mail_state import Origin
from watcher.services.looks.watch import Watch
from watcher.store import Store, event_log, lookalikes, protected_names
from watcher.store.protected_names import ProtectedRow

NAME = "army.ml"
SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
FAR = Resemblance("army.mil", ("suffix_edit",), 0.001, "mil typed as ml", 900)


class Bench:
    """A watch over a real database, a clock, and looks at one name after another."""

    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        self.sweep = Origin(absent_since=clock.now() - timedelta(hours=1))

    async def look(self, make, *hosts, name=NAME, after=0, resembling=(SLIP,), origin=None, relation=None, **options):
        await self.clock.advance(after)
        now = self.clock.now()
        seen = look(name, make(name, now, *hosts, **options), now)
        more = {} if relation is None else {"relation": relation}
        recorded = await self.watch.record(seen, resemblances=resembling, origin=origin, **more)
        again = await self.watch.record(seen, resemblances=resembling, origin=origin, **more)
        assert again.events == (), "the same look recorded twice"
        return [event.kind.value for event in recorded.events]

    async def row(self, name=NAME):
        async with self.store.read() as tx:
            return await lookalikes.find(tx, name)

    async def events(self):
        async with self.store.read() as tx:
            return await event_log.list_all(tx)

    async def count(self, table):
        async with self.store.read() as tx:
            return (await tx.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one()


@asynccontextmanager
async def watch_bench(folder: Path) -> AsyncIterator[Bench]:
    """The bench with army.mil protected; its database is closed at the end."""
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{folder}/watcher.db", clock=clock)
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", "domain", clock.now())])
    try:
        yield Bench(store, clock)
    finally:
        await store.close()


def registered(clock, **fields):
    return RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.RDAP, clock.now(), **fields)
