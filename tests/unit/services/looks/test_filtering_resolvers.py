"""Filters among the resolvers: they hide no gain, and no loss is told on their word (M62)."""

from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.watched_hours import FIRST, MX, SECOND, SOA, Several, WatchedHours
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher.core.mail.dns import Outcome
from watcher.core.states.mail_state import Policy
from watcher.data import load_suffixes
from watcher.services.names.protect import protect
from watcher.store import Store

IMPLICIT = SOA + "@ A 93.184.215.77\n"
FILTERS = {
    "unspecified": (("A", Outcome.ANSWER, ("0.0.0.0",)), ("AAAA", Outcome.ANSWER, ("::",))),
    "private": (("A", Outcome.ANSWER, ("10.0.0.1",)), ("AAAA", Outcome.NODATA, ())),
    "loopback": (("A", Outcome.ANSWER, ("127.0.0.1",)), ("AAAA", Outcome.NODATA, ())),
    "nothing": (("A", Outcome.NODATA, ()), ("AAAA", Outcome.NODATA, ())),
}
"""What they answer to questions of each type; to any other, nothing. Never with an SOA."""
POLICY = Policy.among(2, at_source=False, delay=timedelta(minutes=1), losses=3, loss_gap=timedelta(minutes=5))


def hide(name, how, *, by=None):
    """Faults of a filter that hides `name`, at one resolver or at all."""
    faults = [Fault(name, rrtype, *said, resolver=by, ttl=60) for rrtype, *said in FILTERS[how]]
    return [*faults, Fault(name, "*", Outcome.NODATA, resolver=by, ttl=60)]


class OwnServers:
    """The nameservers of every zone: they know `truth`; None: they cannot be reached."""

    def __init__(self, truth):
        self.truth, self.asked = truth, 0

    @asynccontextmanager
    async def of(self, name):
        self.asked += 1
        yield [] if self.truth is None else [self.truth]


@pytest.fixture
async def store(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    yield store, clock
    await store.close()


@pytest.mark.parametrize("zone", [MX, IMPLICIT], ids=["explicit", "implicit"])
@pytest.mark.parametrize("how", FILTERS)
async def test_one_of_two_that_filters_hides_no_gain(store, how, zone):
    bench = await WatchedHours(*store, policy=POLICY).begin()
    bench.dns.faults += hide("army.ml", how, by=FIRST)
    await bench.minutes(30)
    bench.dns.load("army.ml", zone)
    await bench.minutes(90)
    assert ("mail_became_able", "army.ml") in await bench.told()


@pytest.mark.parametrize("how", FILTERS)
@pytest.mark.parametrize("reached", [True, False])
async def test_when_all_filter_no_loss_is_told_that_never_happened(store, how, reached):
    truth = ZoneResolver(store[1], resolvers=("192.0.2.53",), ttl=60)
    own = OwnServers(truth if reached else None)
    bench = await WatchedHours(*store, policy=POLICY, own_servers=own).begin()
    truth._zones = bench.dns._zones
    await bench.minutes(30)
    bench.dns.faults += hide("navy.ml", how)
    await bench.minutes(6 * 60, step=5)
    assert "mail_became_unable" not in [kind for kind, name in await bench.told() if name == "navy.ml"]
    assert own.asked


@pytest.mark.parametrize("address", ["0.0.0.0", "10.0.0.1", "127.0.0.1"])
async def test_a_loss_that_its_own_nameservers_confirm_is_told(store, address):
    truth = ZoneResolver(store[1], resolvers=("192.0.2.53",), ttl=60)
    bench = await WatchedHours(*store, policy=POLICY, own_servers=OwnServers(truth)).begin()
    truth._zones = bench.dns._zones
    await bench.minutes(30)
    bench.dns.load("navy.ml", SOA + f"@ A {address}\n")
    await bench.minutes(6 * 60, step=5)
    assert ("mail_became_unable", "navy.ml") in await bench.told()


async def test_a_dead_resolver_s_voice_is_taken_by_the_name_s_own_servers(store):
    truth = ZoneResolver(store[1], resolvers=("192.0.2.53",), ttl=60)
    bench = WatchedHours(*store, policy=POLICY, own_servers=OwnServers(truth))
    bench.dns.ttl, bench.dns._ttl = 3600, 3600
    await bench.begin()
    truth._zones = bench.dns._zones
    bench.dns.faults.append(Fault("*", "*", Outcome.TIMEOUT, resolver=SECOND))
    bench.dns.load("army.ml", MX)
    await bench.minutes(12)
    assert ("mail_became_able", "army.ml") in await bench.told(), "within the delay, not after the TTL of an hour"
    assert isinstance(bench.dns, Several)
