"""A database with lookalikes, and the services that make block lists of it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import explicit, look, no_address
from watcher.core.blocking.selection import Rules
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.states.lookalike import Triage
from watcher.data import load_suffixes, load_tables
from watcher.data.popular import load_popular_names
from watcher.exports import FORMATS
from watcher.exports.form import About
from watcher.services.blocking.block_lists import BlockLists, ListWish
from watcher.services.blocking.publish import Publisher
from watcher.services.blocking.spool import spool
from watcher.services.looks.watch import Watch
from watcher.services.names.protect import add_own, protect
from watcher.services.names.triage import decide
from watcher.store import Store


@dataclass
class BlockBench:
    store: Store
    clock: FakeClock
    lists: BlockLists
    publisher: Publisher
    watch: Watch

    async def see(
        self,
        *names: str,
        able: bool = True,
        likelihood: float = 0.03,
        grade: Grade = Grade.BLOCK,
        protected: str = "army.mil",
    ) -> None:
        """Look at the names, each of which resembles `protected`."""
        for name in names:
            verdict = explicit(name, self.clock.now(), "mx." + name) if able else no_address(name, self.clock.now())
            alike = [Resemblance(protected, ("suffix_edit",), likelihood, "a slip", 3, grade)]
            await self.watch.record(look(name, verdict, self.clock.now()), resemblances=alike)

    async def decide(self, triage: str, *names: str, by: str | None = "alice") -> None:
        wanted = [Fqdn(name) for name in names]
        assert await decide(self.store, wanted, Triage(triage), note=None, now=self.clock.now(), by=by) == ()

    async def own(self, *names: str) -> None:
        await add_own(self.store, names, suffixes=load_suffixes(), now=self.clock.now())

    async def export(self, kind: str = "plain", rules: Rules | None = None, about: About | None = None) -> str:
        made = await spool(self.lists, FORMATS[kind], ListWish(rules or self.lists.rules, about or self.lists.about))
        with made.file as file:
            return file.read().decode()

    async def later(self, **span: float) -> None:
        await self.clock.advance(timedelta(**span).total_seconds())


@asynccontextmanager
async def block_bench(folder: Path, rules: Rules | None = None) -> AsyncIterator[BlockBench]:
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{folder / 'watcher.db'}", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    lists = BlockLists(store, tables=load_tables(), popular=load_popular_names(), rules=rules)
    watch = Watch(store=store, clock=clock, jitter=lambda: 0.0)
    yield BlockBench(store, clock, lists, Publisher(store, lists, clock), watch)
    await store.close()
