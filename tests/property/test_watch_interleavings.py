"""Looks, silences, restarts and tellings in any order, over a real database: what is told follows from what was seen."""

import asyncio
import tempfile
from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import ONE, OTHER, absent, explicit, implicit, look, null_mx, unknown
from watcher.core.events import Resemblance
from watcher.core.telling.alerts import AlertPolicy, SilenceScope
from watcher.data import load_suffixes
from watcher.services.looks.watch import Watch
from watcher.services.names import silence
from watcher.services.names.protect import protect
from watcher.services.telling.gather import Gatherer
from watcher.store import Store, deliveries, event_log, silences

NAME = "army.ml"
SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
SEEN = {"plain": explicit, "weak": implicit, "null": null_mx, "absent": absent, "unknown": unknown}


class Interleavings(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.runner, self.folder, self.clock = asyncio.Runner(), tempfile.TemporaryDirectory(), FakeClock()
        self.silent, self.events, self.silenced, self.decided = None, [], set(), set()
        self.run(self.open(first=True))

    def run(self, work):
        return self.runner.run(work)

    async def open(self, *, first=False):
        self.store = await Store.open_or_create(f"sqlite:///{self.folder.name}/watcher.db", clock=self.clock)
        if first:
            await protect(self.store, ["army.mil"], suffixes=load_suffixes(), now=self.clock.now())
        self.watch = Watch(store=self.store, clock=self.clock, jitter=lambda: 0.5)

    @rule(
        what=st.sampled_from(sorted(SEEN)),
        resolver=st.sampled_from([ONE, OTHER]),
        apart=st.sampled_from([30, 61, 301, 3600]),
        twice=st.booleans(),
    )
    def looked(self, what, resolver, apart, twice):
        self.clock._now += timedelta(seconds=apart)
        now = self.clock.now()
        seen = look(NAME, SEEN[what](NAME, now, resolver=resolver), now)
        recorded = self.run(self.watch.record(seen, resemblances=[SLIP]))
        self.events += recorded.events
        if what == "unknown":
            assert recorded.events == ()
        if twice:
            assert self.run(self.watch.record(seen, resemblances=[SLIP])).events == ()

    @rule()
    def silenced_by_name(self):
        if self.silent is None:
            self.told()
            added = silence.add(self.store, SilenceScope.NAME, NAME, suffixes=load_suffixes(), now=self.clock.now())
            self.silent = self.run(added).id

    @rule()
    def heard_again(self):
        if self.silent is not None:
            self.told()
            self.run(self.lifted())
            self.silent = None

    async def lifted(self):
        async with self.store.write() as tx:
            assert await silences.remove(tx, self.silent)

    @rule()
    def restarted(self):
        self.run(self.store.close())
        self.run(self.open())

    @rule()
    def told(self):
        self.clock._now += timedelta(seconds=31)
        self.run(Gatherer(self.store, AlertPolicy(channels=("slack",))).events(self.clock.now()))
        if self.silent is not None:
            self.silenced |= {event.id for event in self.events} - self.decided
        self.decided = {event.id for event in self.events}

    def teardown(self):
        self.told()
        kept, paged = self.run(self.read())
        assert [event.id for event in kept] == [event.id for event in self.events], "a silenced event is recorded too"
        assert len(paged) == len(set(paged)), "nothing is told twice"
        assert self.silenced.isdisjoint(paged), "nobody is told of what is silenced"
        able = False
        for event in kept:
            kind = event.kind.value
            if kind == "mail_became_able" and event.before.get("ability") != "able":
                assert not able, "a gain without a loss between"
            able = kind in {"mail_became_able", "mail_found_able"} or (able and kind != "mail_became_unable")
        self.run(self.store.close())
        self.runner.close()
        self.folder.cleanup()

    async def read(self):
        async with self.store.read() as tx:
            sent = await deliveries.list_all(tx, limit=1000)
            return await event_log.list_all(tx), [event.id for one in sent for event in one.alert.events]


TestInterleavings = Interleavings.TestCase
TestInterleavings.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
