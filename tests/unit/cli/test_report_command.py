"""`watcher report` over a real database."""

import asyncio
import json

from tests.fakes.api_client import World, make_world


def test_a_request_is_made_from_what_is_known(watcher):
    async def see() -> None:
        world: World = await make_world(watcher.database.parent)
        await world.protect("army.mil")
        await world.see("army.ml", "army.mil")
        await world.store.close()

    asyncio.run(see())
    ran = watcher("report", "army.ml")
    assert ran.code == 0, ran
    assert ran.out.startswith("To: the registrar's abuse desk\nSubject: Domain abuse: army.ml")
    assert "Please block mail to and from army.ml" in watcher("report", "ARMY.ml.", "--for", "block").out
    (made,) = json.loads(watcher("report", "army.ml", "--format", "json").out)
    assert made["protected"] == ["army.mil"]
    assert json.loads(watcher("report", "army.ml", "--format", "jsonl").out) == made
    assert watcher("report", "army.ml", "--format", "csv").out.startswith("name,unicode,")
    for form in ("text", "table", "plain"):
        assert watcher("report", "army.ml", "--format", form).out == ran.out


def test_a_name_that_is_none(watcher):
    assert "-" in watcher.refused("report", "-.ml")


def test_letters_that_would_be_false_are_refused(watcher):
    async def see() -> None:
        world: World = await make_world(watcher.database.parent)
        await world.protect("army.mil", "navy.mil")
        await world.see("navy.ml", "navy.mil")
        await world.see("shop.ml")
        await world.store.close()

    asyncio.run(see())
    assert "it is protected" in watcher.refused("report", "army.mil")
    assert "null MX" in watcher.refused("report", "navy.ml")
    assert "resembles no protected name" in watcher.refused("report", "shop.ml")


def test_without_a_database_it_says_so(bare):
    assert "there is no database" in bare.refused("report", "army.ml", code=3)
    assert not bare.database.exists()
