"""Confusable suffixes: their wildcards begin, change and end, their nameservers change; each is told once."""

from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.sightings import ONE, OTHER, look, no_address, suffix_wildcard
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher import checks
from watcher.core.events import Resemblance
from watcher.core.mail.dns import Outcome
from watcher.core.mail.risk import Severity
from watcher.core.states.mail_state import Origin
from watcher.data import load_suffixes
from watcher.services.looks import suffix_sightings
from watcher.services.looks.examine import Examiner
from watcher.services.looks.suffix_watch import SuffixWatch
from watcher.services.looks.watch import Watch
from watcher.services.names.protect import protect
from watcher.store import Store, event_log

ROOT = "@ SOA a b 1 1 1 1 60\nmil NS a.nic.mil.\nml NS a.nic.ml.\n"
ML = "@ SOA a b 1 1 1 1 60\n@ NS a.nic\n@ NS b.nic\n"
SOA = "@ SOA a b 1 1 1 1 60\n@ NS a.nic\n"
MORE = ("ws", "vg", "ph", "la")
OF_ARMY = Resemblance("army.mil", ("omission",), 0.1, "army.mil with m and r turned round", 1)
SLIP = Resemblance("mil", ("suffix_edit",), 0.1, "mil typed as ml", 1)


class Bench:
    def __init__(self, store, clock):
        self.store, self.clock = store, clock
        self.dns = ZoneResolver(clock, {".": ROOT, "ml": ML}, ttl=60, resolvers=(ONE, OTHER))
        examiner = Examiner(self.dns, clock, load_suffixes(), checks.ALL, lambda: "w0123456789")
        self.record = Watch(store=store, clock=clock, jitter=lambda: 0.5).record
        self.count = 0
        self.lies, self.checks = False, 0
        self.watch = SuffixWatch(
            store=store,
            looker=examiner,
            resolver=self.dns,
            clock=clock,
            random_label=self.label,
            honest=self.honest,
        )

    async def honest(self):
        self.checks += 1
        return not self.lies

    async def met(self, *names, resembling=OF_ARMY):
        """A sweep meets wildcards at names that were absent before."""
        now = self.clock.now()
        for name in names:
            seen = look(name, suffix_wildcard(name, now), now)
            await self.record(seen, resemblances=[resembling], origin=Origin(absent_since=now - timedelta(days=1)))

    def wild(self, *suffixes):
        """From now on these suffixes answer for any name, and the others do not."""
        self.dns.load(".", ROOT + "".join(f"{suffix} NS a.nic.{suffix}.\n" for suffix in MORE))
        for suffix in MORE:
            self.dns.load(suffix, SOA + "* A 93.184.215.14\n" * (suffix in suffixes))

    def label(self):
        self.count += 1
        return f"w{self.count:010}"

    async def hours(self, count):
        for _ in range(count * 12):
            await self.watch.due()
            self.clock._now += timedelta(minutes=5)

    async def told(self):
        async with self.store.read() as tx:
            return [
                (one.kind.value, one.name, dict(one.before), dict(one.after)) for one in await event_log.list_all(tx)
            ]

    async def kinds(self):
        return [kind for kind, *_ in await self.told()]


@pytest.fixture
async def bench(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, [".mil", "army.mil"], suffixes=load_suffixes(), now=clock.now())
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
    async with bench.store.read() as tx:
        shown = [
            {row["at"] for row in one.evidence if row["type"] == "MX"} for one in (await event_log.list_all(tx))[1:]
        ]
    assert list(map(len, shown)) == [2, 2, 3], "every reading is in the evidence"


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


async def test_one_that_a_sweep_met_is_told_once_when_looks_agree(bench):
    bench.wild("ws")
    await bench.met("amry.ws")
    assert await bench.kinds() == ["lookalike_found"]
    await bench.watch.due()
    assert await bench.kinds() == ["lookalike_found"], "one look proves nothing"
    await bench.hours(1)
    assert await bench.kinds() == ["lookalike_found", "suffix_wildcard_changed"]
    async with bench.store.read() as tx:
        told = (await event_log.list_all(tx))[-1]
    assert (told.name, told.protected, told.resembles) == ("ws", ("army.mil",), ())
    assert told.severity is Severity.MEDIUM
    await bench.met("army.ws", "armi.ws")
    await bench.hours(4)
    assert len(await bench.kinds()) == 2
    bench.wild()
    await bench.hours(3)
    assert (await bench.told())[-1][1:] == ("ws", (await bench.told())[1][3], {})
    bench.wild("ws")
    await bench.met("amry.ws")
    await bench.hours(3)
    assert (await bench.kinds())[-1] == "suffix_wildcard_changed", "what has ended may begin again"
    assert len(await bench.kinds()) == 4


async def test_the_second_look_is_by_another_resolver(bench):
    bench.wild("ws")
    await bench.met("amry.ws")
    await bench.hours(1)
    async with bench.store.read() as tx:
        told = (await event_log.list_all(tx))[-1]
        assert (await suffix_sightings.find(tx, "ws")).waiting is None
    assert told.kind.value == "suffix_wildcard_changed"
    assert {answer["resolver"] for answer in told.evidence} == {ONE, OTHER}, "both readings are shown"


async def test_a_lie_of_some_seconds_leaves_nothing(bench):
    """A resolver rewrote NXDOMAIN while a sweep asked; what is really so later is told."""
    bench.wild()
    await bench.met("amry.ws", "amry.vg")
    await bench.hours(1)
    assert await bench.kinds() == ["lookalike_found"]
    async with bench.store.read() as tx:
        assert await suffix_sightings.watched(tx) == ([], [])
    bench.wild("ws")
    await bench.met("amry.ws")
    await bench.hours(1)
    assert await bench.kinds() == ["lookalike_found", "suffix_wildcard_changed"]


async def test_many_unrelated_suffixes_at_once_are_a_resolver_that_lies(bench):
    bench.wild(*MORE)
    bench.lies = True
    await bench.met(*(f"amry.{suffix}" for suffix in MORE))
    await bench.hours(2)
    assert bench.checks == 1
    assert await bench.kinds() == ["lookalike_found"]
    async with bench.store.read() as tx:
        assert await suffix_sightings.watched(tx) == ([], [])


async def test_many_that_are_really_so_are_told(bench):
    bench.wild(*MORE)
    await bench.met(*(f"amry.{suffix}" for suffix in MORE))
    await bench.hours(2)
    assert bench.checks >= 1
    assert await bench.kinds() == ["lookalike_found", *["suffix_wildcard_changed"] * len(MORE)]


async def test_other_nameservers_are_told_once(bench):
    await bench.hours(2)
    bench.dns.load("ml", "@ SOA a b 1 1 1 1 60\n@ NS c.nic\n@ NS b.nic\n")
    await bench.hours(4)
    ((kind, name, before, after),) = (await bench.told())[1:]
    async with bench.store.read() as tx:
        event = (await event_log.list_all(tx))[-1]
    assert len({row["at"] for row in event.evidence}) == 2
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
