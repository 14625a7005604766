"""Triage: what follows from a decision ends with the decision, and what a person added stays."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.alert_samples import became_able
from tests.fakes.api_client import World, make_world
from watcher.core.names.names import Fqdn
from watcher.core.states.lookalike import Triage
from watcher.core.telling.alerts import AlertKind, AlertPolicy, SilenceScope
from watcher.data import load_suffixes
from watcher.services.names import silence
from watcher.services.names.protect import add_own
from watcher.services.names.triage import decide
from watcher.services.telling.gather import Gatherer
from watcher.store import deliveries, event_log, lookalikes, own_names, silences

NAME = Fqdn("army.ml")
OTHERS = [one for one in Triage if one not in {Triage.IGNORED, Triage.OWNED}]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = await make_world(tmp_path)
    await made.protect("army.mil")
    await made.see("army.ml", "army.mil")
    await made.see("shop.ml", "army.mil")
    yield made
    await made.store.close()


async def triaged(world: World, *steps: Triage, note: str | None = None) -> None:
    for step in steps:
        assert await decide(world.store, [NAME], step, note=note, now=world.clock.now()) == ()


async def silent(world: World) -> list[tuple[str, str]]:
    async with world.store.read() as tx:
        return [(row.value, row.note) for row in await silences.list_all(tx)]


async def ours(world: World) -> list[str]:
    async with world.store.read() as tx:
        return [row.name for row in await own_names.list_all(tx)]


@pytest.mark.parametrize("after", [Triage.OWNED, *OTHERS])
async def test_what_is_ignored_no_more_is_silent_no_more(world: World, after: Triage):
    await triaged(world, Triage.IGNORED)
    assert [value for value, _ in await silent(world)] == [NAME]
    await triaged(world, after)
    assert await silent(world) == []


async def test_what_happens_after_it_was_ignored_is_told(world: World):
    await triaged(world, Triage.IGNORED, Triage.INVESTIGATING)
    now = world.clock.now()
    async with world.store.write() as tx:
        await event_log.add(tx, [became_able(at=now)], now=now)
    await Gatherer(world.store, AlertPolicy(channels=("slack",))).events(now, wait=False)
    async with world.store.read() as tx:
        assert [(one.alert.kind, one.alert.total) for one in await deliveries.list_all(tx)] == [(AlertKind.PAGE, 1)]


@pytest.mark.parametrize("after", [Triage.IGNORED, *OTHERS])
async def test_what_is_owned_no_more_leaves_the_own_list_and_is_looked_at(world: World, after: Triage):
    await triaged(world, Triage.OWNED)
    assert await ours(world) == [NAME]
    await triaged(world, after)
    assert await ours(world) == []
    async with world.store.read() as tx:
        row = await lookalikes.find(tx, NAME)
    assert row is not None
    assert row.next_look_at == world.clock.now(), "what the last look took for ours is judged anew"


async def test_a_silence_that_a_person_added_stays(world: World):
    for text in ("triage: ignored", "ours"):
        await silence.add(
            world.store, SilenceScope.NAME, NAME, suffixes=load_suffixes(), now=world.clock.now(), note=text
        )
    await triaged(world, Triage.IGNORED, Triage.NEW)
    assert await silent(world) == [(NAME, "triage: ignored"), (NAME, "ours")]


async def test_a_silence_for_a_while_is_not_for_ever(world: World):
    now = world.clock.now()
    await silence.add(
        world.store, SilenceScope.NAME, NAME, suffixes=load_suffixes(), now=now, until=now + timedelta(hours=1)
    )
    await triaged(world, Triage.IGNORED, Triage.IGNORED)
    async with world.store.read() as tx:
        assert [row.value for row in await silences.list_all(tx, active_at=now + timedelta(days=1))] == [NAME]
    await triaged(world, Triage.NEW)
    assert len(await silent(world)) == 1


async def test_who_decided_and_when_is_kept(world: World):
    at = world.clock.now()
    assert await decide(world.store, [NAME], Triage.IGNORED, note="a shop", now=at, by="anna") == ()
    async with world.store.read() as tx:
        row = await lookalikes.find(tx, NAME)
        (silenced,) = await silences.list_all(tx)
    assert row is not None
    assert (row.triage_by, row.triage_at, row.triage_note) == ("anna", at, "a shop")
    assert (silenced.created_by, silenced.by_triage) == ("anna", True)
    await world.clock.advance(60)
    await triaged(world, Triage.BLOCKED)
    async with world.store.read() as tx:
        row = await lookalikes.find(tx, NAME)
    assert row is not None
    assert (row.triage_by, row.triage_at, row.triage_note) == (None, world.clock.now(), "a shop")


async def test_triage_of_one_name_does_nothing_to_another(world: World):
    await decide(world.store, [Fqdn("shop.ml")], Triage.IGNORED, note=None, now=world.clock.now())
    await triaged(world, Triage.IGNORED, Triage.NEW)
    assert [value for value, _ in await silent(world)] == ["shop.ml"]


@pytest.mark.parametrize("first", ["person", "triage"])
async def test_a_name_that_a_person_put_on_the_own_list_stays(world: World, first: str):
    if first == "triage":
        await triaged(world, Triage.OWNED, note="bought")
    await add_own(world.store, [NAME], suffixes=load_suffixes(), now=world.clock.now(), note="ours")
    await triaged(world, Triage.OWNED, Triage.NEW)
    assert await ours(world) == [NAME]


async def test_a_changed_silence_of_triage_still_ends_with_it(world: World):
    await triaged(world, Triage.IGNORED)
    async with world.store.read() as tx:
        (row,) = await silences.list_all(tx)
    assert await silence.change(world.store, row.id, {"note": "a shop"}, now=world.clock.now()) is not None
    await triaged(world, Triage.BLOCKED)
    assert await silent(world) == []
