"""Retention: what is old goes, what waits or matters stays, and the database stays as large as the present."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.sightings import absent, explicit, look, no_address
from watcher.core.events import Resemblance
from watcher.core.states.mail_state import Origin
from watcher.core.telling.alerts import AlertKind, gathered
from watcher.services.health.retain import Kept, Retention
from watcher.services.looks.watch import Watch
from watcher.store import deliveries, event_log, lookalikes, outbox

SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
DAY = timedelta(days=1)


class Bench:
    def __init__(self, store, clock, **kept):
        self.store, self.clock = store, clock
        self.watch = Watch(store=store, clock=clock, jitter=lambda: 0.5)
        self.retention = Retention(store=store, clock=clock, kept=Kept(**kept))

    async def look(self, name, make, *, after=DAY / 24):
        self.clock._now += after
        now = self.clock.now()
        seen = look(name, make(name, now, ttl=0), now)
        return await self.watch.record(seen, resemblances=[SLIP], origin=Origin(absent_since=now - DAY))

    async def told(self):
        """Everything that waits becomes one alert, delivered."""
        now = self.clock.now()
        async with self.store.write() as tx:
            waiting = [one.event for one in await outbox.list_undecided(tx)]
            await outbox.decide(tx, {event.id: ("page", "") for event in waiting}, now=now)
            alert = gathered(self.store.ids(), AlertKind.PAGE, waiting, total=len(waiting), group="g", created_at=now)
            delivery = self.store.ids()
            await outbox.add_alert(tx, alert, [event.id for event in waiting], {"slack": delivery}, now=now)
            await deliveries.mark_sent(tx, delivery, now=now)

    async def counts(self):
        async with self.store.read() as tx:
            return len(await event_log.list_all(tx)), len(await deliveries.list_all(tx))


@pytest.fixture
def bench(watched):
    return Bench(*watched)


async def test_evidence_goes_first_then_alerts_then_events(bench):
    await bench.look("army.ml", no_address)
    await bench.told()
    assert await bench.retention.run() == 0
    bench.clock._now += 100 * DAY
    await bench.retention.run()
    assert await bench.counts() == (1, 0)
    bench.clock._now += 100 * DAY
    await bench.retention.run()
    async with bench.store.read() as tx:
        (event,) = await event_log.list_all(tx)
    assert (event.kind.value, event.evidence) == ("lookalike_found", ())
    assert await bench.retention.run() == 0
    bench.clock._now += 700 * DAY
    await bench.retention.run()
    assert await bench.counts() == (0, 0)
    async with bench.store.read() as tx:
        assert await lookalikes.find(tx, "army.ml") is not None


async def test_what_was_not_told_yet_stays(bench):
    await bench.look("army.ml", no_address)
    bench.clock._now += 3000 * DAY
    await bench.retention.run()
    assert (await bench.counts())[0] == 1


async def test_the_row_of_a_name_long_gone_goes_and_one_that_people_marked_stays(bench):
    for name in ("army.ml", "navy.ml"):
        await bench.look(name, no_address)
        await bench.look(name, absent)
    async with bench.store.write() as tx:
        await lookalikes.save_triage(tx, ["navy.ml"], "takedown", note=None, now=bench.clock.now())
    await bench.told()
    bench.clock._now += 100 * DAY
    await bench.retention.run()
    async with bench.store.read() as tx:
        assert len(await lookalikes.find_all(tx, ["army.ml", "navy.ml"])) == 2
    bench.clock._now += 100 * DAY
    await bench.retention.run()
    async with bench.store.read() as tx:
        assert set(await lookalikes.find_all(tx, ["army.ml", "navy.ml"])) == {"navy.ml"}


async def test_years_of_a_thousand_names_stay_bounded(bench, capsys):
    """Scaled down to 10 protected names: 31 lookalikes and 12 events a name and year, as nine real months had."""
    steady = [f"l{number}.ml" for number in range(310)]
    for name in steady:
        await bench.look(name, no_address, after=timedelta(seconds=1))
    sizes = []
    for year in range(6):
        for month in range(12):
            for number in range(3):
                name = f"n{year}x{month}x{number}.ml"
                await bench.look(name, no_address)
                await bench.look(name, explicit)
                await bench.look(name, explicit)
                for _ in range(4):
                    await bench.look(name, absent)
            await bench.told()
            bench.clock._now += 30 * DAY
            await bench.retention.run()
        sizes.append(bench.store.place.path.stat().st_size)
    shown = ", ".join(f"{size * 100 / 1e6:.0f}" for size in sizes)
    with capsys.disabled():
        print(f"\n1,000 protected names, MB at the end of each year: {shown}")
    assert sizes[-1] <= 1.05 * sizes[3]
    assert sizes[-1] * 100 < 300e6, "docs/explanation/watching.md says how large"


async def test_a_change_of_what_is_kept_needs_no_more_than_a_run(bench):
    await bench.look("army.ml", no_address)
    await bench.told()
    bench.clock._now += 10 * DAY
    short = replace(Kept(), events=5 * DAY, evidence=5 * DAY, alerts=5 * DAY)
    assert await Retention(store=bench.store, clock=bench.clock, kept=short).run() == 2
    assert await bench.counts() == (0, 0)
