"""Looks recorded in a real database: rows, events and outbox rows, together or not at all."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import (
    ONE,
    OTHER,
    absent,
    explicit,
    look,
    no_address,
    null_mx,
    unknown,
)
from tests.fakes.watch_bench import FAR, NAME, SLIP, watch_bench
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability
from watcher.store import lookalikes, protected_names, resemblances
from watcher.store.protected_names import ProtectedRow


@pytest.fixture
async def bench(tmp_path):
    async with watch_bench(tmp_path) as made:
        yield made


async def test_a_name_that_gains_an_exchange_is_told_with_both_readings(bench):
    assert await bench.look(no_address, origin=bench.sweep) == ["lookalike_found"]
    assert await bench.look(explicit, after=300, resolver=ONE) == []
    row = await bench.row()
    assert row.verdict.ability is Ability.ABLE
    assert (row.severity, row.state.unconfirmed) == (Severity.INFO, True), "no fact yet"
    assert row.next_look_at == bench.clock.now() + timedelta(seconds=60)
    assert await bench.look(explicit, after=60, resolver=OTHER) == ["mail_became_able"]
    found, told = await bench.events()
    assert found.id < told.id
    assert (told.name, told.registrable_domain, told.protected) == (NAME, NAME, ("army.mil",))
    assert told.severity is Severity.CRITICAL
    assert told.severity_reasons
    assert told.resembles == (SLIP,)
    assert told.before["ability"] == "unable"
    assert told.after["exchanges"] == [{"preference": 10, "host": "mx.army.ml", "addresses": ["93.184.215.14"]}]
    assert {row["resolver"] for row in told.evidence} == {ONE, OTHER}
    assert told.detected_after_seconds == 360
    assert found.detected_after_seconds == 3600
    assert await bench.count("outbox") == 2
    row = await bench.row()
    assert (row.severity, row.state.unconfirmed) == (Severity.CRITICAL, False)
    assert row.first_seen_at == FakeClock().now()
    assert row.next_look_at > bench.clock.now() + timedelta(minutes=30)


async def test_rank_decides_how_bad(bench):
    await bench.look(explicit, origin=bench.sweep, resolver=ONE, resembling=[FAR])
    assert await bench.look(explicit, after=60, resolver=OTHER, resembling=()) == [
        "lookalike_found",
        "mail_became_able",
    ]
    assert [event.severity for event in await bench.events()] == [Severity.HIGH, Severity.HIGH]


async def test_baseline_is_no_news(bench):
    assert await bench.look(explicit) == ["mail_found_able"]
    assert (await bench.events())[0].after["baseline"] is True
    assert (await bench.events())[0].detected_after_seconds is None
    assert await bench.look(explicit, after=3600) == []


async def test_an_absent_candidate_leaves_no_row(bench):
    assert await bench.look(absent) == []
    assert await bench.row() is None
    assert await bench.count("resemblances") == 0


async def test_one_that_did_not_settle_is_a_row_until_it_does(bench):
    assert await bench.look(unknown) == []
    row = await bench.row()
    assert (row.first_seen_at, row.settled_at) == (None, None)
    assert row.state.last_outcome == "SERVFAIL"
    assert row.next_look_at == bench.clock.now() + timedelta(minutes=1)
    assert await bench.look(explicit, after=3600, origin=bench.sweep) == ["mail_found_able"]
    other = "amry.mil"
    await bench.look(unknown, name=other)
    assert await bench.look(absent, name=other, after=60) == []
    assert await bench.row(other) is None


async def test_a_contradicted_first_sight_leaves_nothing(bench):
    assert await bench.look(explicit, origin=bench.sweep, resolver=ONE) == []
    assert await bench.look(absent, after=60, resolver=OTHER) == []
    assert await bench.row() is None
    assert await bench.events() == []


async def test_unknown_keeps_what_stood(bench):
    await bench.look(explicit)
    settled_at = bench.clock.now()
    assert await bench.look(unknown, after=3600) == []
    row = await bench.row()
    assert row.verdict.ability is Ability.ABLE
    assert row.settled_at == settled_at
    assert row.state.attempted_at == bench.clock.now()
    assert row.state.last_outcome == "SERVFAIL"


async def test_a_loss_takes_three_looks(bench):
    await bench.look(explicit)
    assert await bench.look(null_mx, after=3600) == []
    assert ((await bench.row()).severity, (await bench.row()).state.unconfirmed) == (Severity.CRITICAL, True)
    assert (await bench.row()).next_look_at == bench.clock.now() + timedelta(minutes=5)
    assert await bench.look(unknown, after=300) == []
    assert await bench.look(null_mx, after=300) == []
    assert await bench.look(null_mx, after=300) == ["mail_became_unable"]
    told = (await bench.events())[-1]
    assert told.severity is Severity.CRITICAL  # the worse of from and to
    assert told.detected_after_seconds == 4500


async def test_all_or_nothing(bench):
    """A failure after the events are written takes the row back too."""
    await bench.look(no_address, origin=bench.sweep)
    before = await bench.row()
    async with bench.store.write() as tx:
        await tx.execute(text("CREATE TRIGGER stop BEFORE INSERT ON outbox BEGIN SELECT raise(ABORT, 'no room'); END"))
    await bench.look(explicit, after=300, resolver=ONE)
    pending = await bench.row()
    assert pending.state.pending is not None
    with pytest.raises(Exception, match="no room"):
        await bench.look(explicit, after=60, resolver=OTHER)
    assert await bench.row() == pending
    assert pending.first_seen_at == before.first_seen_at
    assert len(await bench.events()) == await bench.count("outbox") == 1
    async with bench.store.write() as tx:
        await tx.execute(text("DROP TRIGGER stop"))
    assert await bench.look(explicit, after=60, resolver=OTHER) == ["mail_became_able"]


async def test_many_at_once_each_once(bench):
    names = [f"army{number}.ml" for number in range(40)]
    await asyncio.gather(
        *(bench.watch.record(look(n, explicit(n, bench.clock.now()), bench.clock.now())) for n in names * 3)
    )
    told = await bench.events()
    assert sorted(event.name for event in told) == sorted(names)
    assert [event.id for event in told] == sorted({event.id for event in told})


async def test_what_is_protected_no_more_is_not_recorded(bench):
    gone = replace(SLIP, protected="navy.mil")
    assert await bench.look(explicit, resembling=[gone]) == []
    assert await bench.row() is None
    assert await bench.look(explicit, resembling=[gone, SLIP]) == ["mail_found_able"]
    async with bench.store.read() as tx:
        assert await resemblances.find_all(tx, [NAME]) == {NAME: (SLIP,)}


async def test_triage_outlives_looks(bench):
    await bench.look(explicit)
    async with bench.store.write() as tx:
        assert await lookalikes.save_triage(tx, [NAME], "takedown", note="asked", now=bench.clock.now()) == {NAME}
    await bench.look(explicit, after=3600)
    row = await bench.row()
    assert (row.triage, row.triage_note) == ("takedown", "asked")


async def test_a_removed_protected_name_takes_its_lookalikes_along(bench):
    async with bench.store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("navy.mil", "domain", bench.clock.now())])
    both = [SLIP, replace(SLIP, protected="navy.mil")]
    await bench.look(explicit)
    await bench.look(explicit, name="shared.ml", resembling=both)
    async with bench.store.write() as tx:
        assert await protected_names.remove(tx, ["army.mil", "never.mil"]) == {"army.mil"}
    assert await bench.row() is None
    assert await bench.row("shared.ml") is not None
    assert len(await bench.events()) == 2
