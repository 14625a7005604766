"""Wildcards of a parent and of a suffix: one change, told once, of whom it is (M51 to M54)."""

from dataclasses import replace

import pytest

from tests.fakes.sightings import (
    ONE,
    OTHER,
    absent,
    explicit,
    null_mx,
    suffix_wildcard,
)
from tests.fakes.watch_bench import NAME, SLIP, watch_bench
from watcher.core.mail.verdict import Flag
from watcher.services.looks import suffix_sightings
from watcher.store import protected_names
from watcher.store.protected_names import ProtectedRow


@pytest.fixture
async def bench(tmp_path):
    async with watch_bench(tmp_path) as made:
        yield made


class TestWildcards:
    async def test_a_parent_s_wildcard_is_told_once_and_of_the_parent(self, bench):
        wild = {"flags": (Flag.WILDCARD,)}
        for name in ("us.army.ml", "mail.army.ml"):
            await bench.look(explicit, "mx.army.ml", name=name, origin=bench.sweep, resolver=ONE, **wild)
        first = await bench.look(explicit, "mx.army.ml", name="us.army.ml", after=60, resolver=OTHER, **wild)
        second = await bench.look(explicit, "mx.army.ml", name="mail.army.ml", resolver=OTHER, **wild)
        assert (first, second) == (["lookalike_found", "mail_became_able"], [])
        assert {event.name for event in await bench.events()} == {NAME}

    async def test_its_loss_is_told_once_too(self, bench):
        wild = {"flags": (Flag.WILDCARD,)}
        names = ("us.army.ml", "mail.army.ml")
        for name in names:
            await bench.look(explicit, "mx.army.ml", name=name, **wild)
        told = []
        for _ in range(3):
            await bench.clock.advance(600)
            for name in names:
                told += await bench.look(null_mx, name=name, **wild)
        assert told == ["mail_became_unable"]

    @pytest.mark.parametrize("wildcard", [null_mx, explicit])
    async def test_a_host_that_leaves_it_is_told_itself(self, bench, wildcard):
        """M51, M53: a name that exists itself escapes the wildcard, whatever its parent can do."""
        await bench.look(explicit, "mx.army.ml")
        for name in ("us.army.ml", "mail.army.ml"):
            await bench.look(wildcard, name=name, flags=(Flag.WILDCARD,))
        await bench.look(explicit, "mx.evil.net", name="us.army.ml", after=3600, resolver=ONE)
        kind = "mail_became_able" if wildcard is null_mx else "exchanges_changed"
        assert await bench.look(explicit, "mx.evil.net", name="us.army.ml", after=60, resolver=OTHER) == [kind]
        assert (await bench.events())[-1].name == "us.army.ml"

    async def test_a_wildcard_that_begins_under_an_able_parent_is_told_once(self, bench):
        await bench.look(explicit, "mx.army.ml")
        wild, told = {"flags": (Flag.WILDCARD,)}, []
        for resolver in (ONE, OTHER):
            await bench.clock.advance(60)
            for name in ("us.army.ml", "mail.army.ml"):
                told += await bench.look(
                    explicit, "mx.army.ml", name=name, origin=bench.sweep, resolver=resolver, **wild
                )
        assert told == ["mail_became_able"]
        assert (await bench.events())[-1].name == NAME

    async def test_its_end_is_not_the_parent_s_that_stays_able(self, bench):
        await bench.look(explicit, "mx.army.ml")
        for name in ("us.army.ml", "mail.army.ml"):
            await bench.look(explicit, "mx.army.ml", name=name, flags=(Flag.WILDCARD,))
        told = []
        for _ in range(3):
            await bench.clock.advance(600)
            for name in ("us.army.ml", "mail.army.ml"):
                told += await bench.look(absent, name=name)
        assert told == ["mail_became_unable"]
        assert (await bench.events())[-1].name == "mail.army.ml"

    async def test_its_end_at_one_host_is_not_the_parent_s_while_others_are_able(self, bench):
        """A wildcard that flickers, or addresses that take turns: the flag of one host says nothing of the rest."""
        await bench.look(explicit, "mx.army.ml", name="mail.army.ml")
        await bench.look(explicit, "mx.army.ml", name="us.army.ml", flags=(Flag.WILDCARD,))
        told = []
        for _ in range(3):
            told += await bench.look(absent, name="us.army.ml", after=600)
        assert told == ["mail_became_unable"]
        assert (await bench.events())[-1].name == "us.army.ml"

    async def test_another_exchange_of_it_is_told_once(self, bench):
        wild, names = {"flags": (Flag.WILDCARD,)}, ("us.army.ml", "mail.army.ml")
        for name in names:
            await bench.look(explicit, "mx.army.ml", name=name, **wild)
        told = []
        for resolver in (ONE, OTHER):
            await bench.clock.advance(600)
            for name in names:
                told += await bench.look(explicit, "mx.evil.net", name=name, resolver=resolver, **wild)
        assert told == ["exchanges_changed"]
        assert (await bench.events())[-1].name == NAME

    async def test_a_suffix_that_answers_for_any_name_is_noted_and_not_told(self, bench):
        """One look proves nothing: a resolver may have lied. The watch over suffixes looks for itself."""
        async with bench.store.write() as tx:
            await protected_names.add(tx, [ProtectedRow("navy.mil", "domain", bench.clock.now())])
        assert await bench.look(suffix_wildcard, name="army.ws") == []
        assert await bench.look(suffix_wildcard, name="navy.ws", resembling=[replace(SLIP, protected="navy.mil")]) == []
        assert await bench.look(suffix_wildcard, name="army.vg", origin=bench.sweep) == []
        async with bench.store.read() as tx:
            noted = [await suffix_sightings.find(tx, suffix) for suffix in ("ws", "vg")]
        assert [(state.waiting.baseline, state.waiting.times, state.protected) for state in noted] == [
            (True, 0, ("army.mil", "navy.mil")),
            (False, 0, ("army.mil",)),
        ]
        assert await bench.events() == []
        assert await bench.row("army.ws") is None

    async def test_a_name_registered_under_it_is_news(self, bench):
        await bench.look(suffix_wildcard, name="army.ws")
        assert await bench.look(explicit, name="army.ws", origin=bench.sweep, resolver=ONE) == []
        told = await bench.look(explicit, name="army.ws", after=60, resolver=OTHER)
        assert told == ["lookalike_found", "mail_became_able"]
