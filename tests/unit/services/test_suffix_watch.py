"""Confusable suffixes: their wildcards begin, change and end, their nameservers change; each is told once."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import look, no_address, suffix_wildcard
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher import checks
from watcher.core.dns import Outcome
from watcher.core.events import Resemblance
from watcher.core.mail_state import Origin
from watcher.data import load_suffixes
from watcher.services.examine import Examiner
from watcher.services.protect import protect
from watcher.services.suffix_watch import SuffixWatch
from watcher.services.watch import Watch
from watcher.store import Store, events

ROOT = "@ SOA a b 1 1 1 1 60\nmil NS a.nic.mil.\nml NS a.nic.ml.\n"
ML = "@ SOA a b 1 1 1 1 60\n@ NS a.nic\n@ NS b.nic\n"
SLIP = Resemblance("mil", ("suffix_edit",), 0.1, "mil typed as ml", 1)


class Bench:
    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.dns = ZoneResolver(clock, {".": ROOT, "ml": ML}, ttl=60)
        examiner = Examiner(self.dns, clock, load_suffixes(), checks.ALL, lambda: "w0123456789")
        self.record = Watch(store=store, clock=clock, jitter=lambda: 0.5).record
        self.count = 0
        self.watch = SuffixWatch(store=store, looker=examiner, resolver=self.dns, clock=clock, random_label=self.label)

    def label(self):
        self.count += 1
        return f"w{self.count:010}"

    async def hours(self, count):
        for _ in range(count * 12):
            await self.watch.due()
            self.clock._now += timedelta(minutes=5)

    async def told(self):
        async with self.store.read() as tx:
            return [(one.kind.value, one.name, dict(one.before), dict(one.after)) for one in await events.listed(tx)]

    async def kinds(self):
        return [kind for kind, *_ in await self.told()]


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, [".mil"], suffixes=load_suffixes(), now=clock.now())
    bench = Bench(store, clock)
    seen = look("ml", no_address("ml", clock.now()), clock.now())
    await bench.record(seen, resemblances=[SLIP], origin=Origin(absent_since=clock.now() - timedelta(days=1)))
    yield bench
    await store.close()


async def test_a_wildcard_begins_changes_and_ends(bench):
    await bench.hours(3)
    assert await bench.kinds() == ["lookalike_found"]
    bench.dns.load("ml", ML + "* A 93.184.215.14\n")
    await bench.hours(3)
    bench.dns.load("ml", ML + "* A 93.184.215.99\n")
    await bench.hours(3)
    bench.dns.load("ml", ML)
    await bench.hours(3)
    began, changed, ended = (await bench.told())[1:]
    assert [one[:2] for one in (began, changed, ended)] == [("suffix_wildcard_changed", "ml")] * 3
    assert (began[2], began[3]["ability"], began[3]["basis"]) == ({}, "able", "registry_wildcard")
    assert changed[2]["exchanges"][0]["addresses"] == ["93.184.215.14"]
    assert changed[3]["exchanges"][0]["addresses"] == ["93.184.215.99"]
    assert (ended[2]["basis"], ended[3]) == ("registry_wildcard", {})


async def test_a_wildcard_that_names_exchanges(bench):
    await bench.hours(1)
    bench.dns.load("ml", ML + "* MX 10 mx.nic\nmx.nic A 93.184.215.25\n")
    await bench.hours(3)
    assert await bench.kinds() == ["lookalike_found", "suffix_wildcard_changed"]


async def test_one_that_was_there_from_the_beginning_is_baseline(bench):
    bench.dns.load("ml", ML + "* A 93.184.215.14\n")
    await bench.hours(5)
    assert await bench.kinds() == ["lookalike_found", "mail_found_able"]
    bench.dns.load("ml", ML)
    await bench.hours(3)
    assert await bench.kinds() == ["lookalike_found", "mail_found_able", "suffix_wildcard_changed"]


async def test_one_that_a_sweep_told_of_is_not_told_again(bench):
    bench.dns.load("ws", "@ SOA a b 1 1 1 1 60\n@ NS a.nic\n* A 93.184.215.14\n")
    bench.dns.load(".", ROOT + "ws NS a.nic.ws.\n")
    now = bench.clock.now()
    seen = look("army.ws", suffix_wildcard("army.ws", now), now)
    await bench.record(seen, resemblances=[SLIP], origin=Origin(absent_since=now - timedelta(days=1)))
    await bench.hours(4)
    assert await bench.kinds() == ["lookalike_found", "suffix_wildcard_changed"]
    bench.dns.load("ws", "@ SOA a b 1 1 1 1 60\n@ NS a.nic\n")
    await bench.hours(3)
    assert (await bench.told())[-1][1:] == ("ws", (await bench.told())[1][3], {})


async def test_other_nameservers_are_told_once(bench):
    await bench.hours(2)
    bench.dns.load("ml", "@ SOA a b 1 1 1 1 60\n@ NS c.nic\n@ NS b.nic\n")
    await bench.hours(4)
    ((kind, name, before, after),) = (await bench.told())[1:]
    assert (kind, name) == ("nameservers_changed", "ml")
    assert (before["nameservers"], after["nameservers"]) == (["a.nic.ml", "b.nic.ml"], ["b.nic.ml", "c.nic.ml"])


async def test_one_look_that_differs_and_looks_that_fail_say_nothing(bench):
    bench.dns.load("ml", ML + "* A 93.184.215.14\n")
    await bench.hours(2)
    bench.dns.load("ml", ML)
    await bench.watch.due()
    bench.clock._now += timedelta(hours=1, minutes=1)
    await bench.watch.due()
    bench.dns.load("ml", ML + "* A 93.184.215.14\n")
    await bench.hours(2)
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT))
    await bench.hours(6)
    bench.dns.faults.clear()
    await bench.hours(2)
    assert await bench.kinds() == ["lookalike_found", "mail_found_able"]
