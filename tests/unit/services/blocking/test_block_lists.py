"""Block lists over a real database: what stands on them, why, and that approval needs two persons."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.block_bench import BlockBench, block_bench
from watcher.core.blocking.selection import Rules, Select
from watcher.core.events import Grade
from watcher.core.mail.risk import Severity
from watcher.core.names.names import Fqdn

ABLE = Rules(select=Select.ABLE)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[BlockBench]:
    async with block_bench(tmp_path) as made:
        yield made


async def test_only_what_a_person_blocked_is_listed_by_default(bench: BlockBench) -> None:
    await bench.see("army.ml", "aarmy.ml")
    assert await bench.export() == ""
    await bench.decide("blocked", "army.ml")
    assert await bench.export() == "army.ml\n"
    await bench.decide("new", "army.ml")
    assert await bench.export() == ""


async def test_select_able_adds_what_is_able_likely_and_graded(bench: BlockBench) -> None:
    await bench.see("army.ml")
    await bench.see("dead.ml", able=False)
    await bench.see("far.ml", likelihood=1e-6)
    await bench.see("noted.ml", grade=Grade.NOTE)
    await bench.see("asked.ml", grade=Grade.WARN)
    assert await bench.export(rules=ABLE) == "army.ml\nasked.ml\n"
    assert await bench.export(rules=Rules(select=Select.ABLE, min_likelihood=0)) == "army.ml\nasked.ml\nfar.ml\n"


async def test_a_name_stays_listed_until_its_loss_is_confirmed(bench: BlockBench) -> None:
    await bench.see("army.ml")
    await bench.later(minutes=2)
    await bench.see("army.ml")
    await bench.later(minutes=10)
    await bench.see("army.ml", able=False)
    assert await bench.export(rules=ABLE) == "army.ml\n"
    for _ in range(4):
        await bench.later(minutes=10)
        await bench.see("army.ml", able=False)
    assert await bench.export(rules=ABLE) == ""


async def test_auto_block_goes_by_severity(bench: BlockBench) -> None:
    await bench.see("army.ml")
    assert await bench.export(rules=Rules(auto_block=Severity.INFO)) == "army.ml\n"
    assert await bench.export(rules=Rules(auto_block=Severity.INFO, approval=True)) == ""


async def test_a_friend_is_never_listed_unasked(bench: BlockBench) -> None:
    await bench.see("army.ml", "gmail.com", "us.army.ml")
    assert await bench.export(rules=ABLE) == "army.ml\nus.army.ml\n"
    await bench.own("us.army.ml")
    assert await bench.export(rules=ABLE) == ""  # blocking army.ml would block the name that is ours
    await bench.decide("blocked", "gmail.com")
    assert await bench.export(rules=ABLE) == "gmail.com\n"


async def test_the_newer_of_two_decisions_counts(bench: BlockBench) -> None:
    await bench.see("army.ml")
    await bench.decide("blocked", "army.ml")
    await bench.later(minutes=1)
    await bench.own("army.ml")
    assert await bench.export() == ""
    assert "after alice set it to `blocked`" in (await bench.lists.explain(Fqdn("army.ml"), Rules()))[0]
    await bench.later(minutes=1)
    await bench.decide("blocked", "army.ml")
    assert await bench.export() == "army.ml\n"


async def test_approval_needs_a_second_person(bench: BlockBench) -> None:
    rules = Rules(approval=True)
    await bench.see("army.ml")
    await bench.decide("blocked", "army.ml", by="alice")
    await bench.decide("blocked", "army.ml", by="alice")
    assert await bench.export(rules=rules) == ""
    assert "second person" in (await bench.lists.explain(Fqdn("army.ml"), rules))[0]
    await bench.decide("blocked", "army.ml", by="bob")
    assert await bench.export(rules=rules) == "army.ml\n"
    await bench.decide("investigating", "army.ml", by="bob")
    await bench.decide("blocked", "army.ml", by="bob")
    assert await bench.export(rules=rules) == ""


async def test_every_name_is_explained(bench: BlockBench) -> None:
    await bench.see("army.ml")
    longest = Fqdn(".".join(["a" * 63, "b" * 63, "c" * 63, "d" * 40, "ml"]))
    assert "no lookalike that was seen" in (await bench.lists.explain(Fqdn("other.ml"), ABLE))[0]
    assert "protected" in (await bench.lists.explain(Fqdn("army.mil"), ABLE))[0]
    assert "can receive mail" in (await bench.lists.explain(Fqdn("army.ml"), ABLE))[0]
    await bench.see(longest)
    assert any("rpz" in line for line in await bench.lists.explain(longest, ABLE))


async def test_a_list_of_many_pages_is_whole(bench: BlockBench) -> None:
    names = [f"army-{number:04}.ml" for number in range(1_203)]
    for name in names:
        await bench.see(name)
    assert (await bench.export(rules=ABLE)).split() == names
