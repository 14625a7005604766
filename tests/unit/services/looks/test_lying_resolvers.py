"""Resolvers that lie, up to half of them and alike: what is said, and what is not said."""

import random
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.dns_faults import Effect
from tests.fakes.dns_faults import Fault as ServerFault
from tests.fakes.dns_server import DnsServer
from tests.fakes.watched_hours import FIRST, FOURTH, MX, SECOND, THIRD, WatchedHours
from tests.fakes.zone_resolver import Fault
from watcher.bootstrap.command import open_store
from watcher.bootstrap.network import open_network
from watcher.bootstrap.watching import build_watching
from watcher.core.mail.dns import Outcome
from watcher.core.mail.verdict import Ability
from watcher.core.names.names import Fqdn
from watcher.core.states.mail_state import Policy
from watcher.data import load_suffixes
from watcher.services.looks.examine import LookOptions
from watcher.services.names.protect import protect
from watcher.settings.settings import Settings
from watcher.store import Store, event_log

FOUR = (FIRST, SECOND, THIRD, FOURTH)
MINUTE = timedelta(minutes=1)
AMONG_FOUR = Policy.among(4, at_source=False, delay=MINUTE, losses=3, loss_gap=5 * MINUTE)
LIES = {
    "a gain": ("army.ml", Outcome.ANSWER, ("10 lie.mail.net",), None),
    "a loss": ("navy.ml", Outcome.NXDOMAIN, (), "ml"),
    "a null MX": ("navy.ml", Outcome.ANSWER, ("0 .",), None),
    "other exchanges": ("navy.ml", Outcome.ANSWER, ("10 lie.mail.net",), None),
}


def lie(what, resolver):
    name, outcome, records, soa = LIES[what]
    return Fault(name, "MX", outcome, records, soa=soa, resolver=resolver)


@pytest.fixture
async def store(tmp_path):
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    yield store, clock
    await store.close()


@pytest.mark.parametrize("what", LIES)
async def test_one_of_two_is_not_believed(store, what):
    bench = await WatchedHours(*store).begin()
    await bench.minutes(30)
    bench.dns.faults.append(lie(what, FIRST))
    await bench.minutes(6 * 60, step=5)
    assert [one for one in await bench.told() if one[1]] == []


@pytest.mark.parametrize("what", LIES)
async def test_two_of_four_that_lie_alike_are_not_believed(store, what):
    """Asked by chance: whoever asks often enough hears two liars running."""
    bench = await WatchedHours(*store, resolvers=FOUR, policy=AMONG_FOUR).begin()
    bench.dns.dice = random.Random(1)
    await bench.minutes(30, step=5)
    bench.dns.faults += [lie(what, FIRST), lie(what, SECOND)]
    await bench.minutes(6 * 60, step=5)
    assert await bench.told() == []


async def test_a_gain_is_told_all_the_same_where_one_of_four_denies_it(store):
    bench = await WatchedHours(*store, resolvers=FOUR, policy=AMONG_FOUR).begin()
    bench.dns.dice = random.Random(1)
    bench.dns.faults.append(Fault("army.ml", "MX", Outcome.NXDOMAIN, soa="ml", resolver=FOURTH))
    bench.dns.load("army.ml", MX)
    await bench.minutes(8 * 60, step=5)
    assert [one for one in await bench.told() if one[1]] == [("mail_became_able", "army.ml")]


async def test_a_gain_is_told_where_half_of_them_are_dead(store):
    bench = await WatchedHours(*store, resolvers=FOUR, policy=AMONG_FOUR).begin()
    bench.dns.faults += [Fault("*", "*", Outcome.TIMEOUT, resolver=one) for one in (THIRD, FOURTH)]
    bench.dns.load("army.ml", MX)
    await bench.minutes(90, step=1)
    assert [one for one in await bench.told() if one[1]] == [("mail_became_able", "army.ml")]


async def test_two_of_four_that_rewrite_are_refused_and_told_of_until_they_stop(tmp_path):
    """Real servers, the real check: what does not exist does not begin to."""
    zones = {"ml": "navy A 5.5.5.5\nnavy MX 10 mx.navy\nmx.navy A 5.5.5.6\n"}
    liars = [DnsServer(zones, faults=[ServerFault(Effect.REWRITE)]) for _ in range(2)]
    honest = [DnsServer(zones) for _ in range(2)]
    for server in (*liars, *honest):
        await server.start()
    chosen = Settings(
        database_url=f"sqlite:///{tmp_path}/watcher.db",
        dns={"resolvers": [server.address for server in (*liars, *honest)], "timeout": "300ms"},
        registration={"enabled": False},
    )
    try:
        async with open_store(chosen, create=True) as store, open_network(chosen) as net:
            watching = build_watching(chosen, store, net)

            async def told():
                async with store.read() as tx:
                    return [(one.kind.value, one.after["resolver"]) for one in await event_log.list_all(tx)]

            await watching.check_resolvers()
            await watching.check_resolvers()
            both = [("resolver_refused", server.address) for server in liars]
            assert sorted(await told()) == sorted(both), "once each"
            asked = [len(server.log) for server in liars]
            for _ in range(8):
                verdict = (await net.examiner.look(Fqdn("army.ml"), LookOptions(fresh=True))).verdict
                assert verdict.ability is Ability.UNABLE
                assert {answer.resolver for answer in verdict.evidence} <= {server.address for server in honest}
            assert [len(server.log) for server in liars] == asked, "they are not asked again"
            liars[0].faults.clear()
            await watching.check_resolvers()
            assert {lane.name for lane in net.careful.lanes if lane.refused} == {liars[1].address}
            liars[0].faults.append(ServerFault(Effect.REWRITE))
            await watching.check_resolvers()
            assert (await told())[2:] == [("resolver_refused", liars[0].address)], "told again when it lies again"
            for server in honest:
                server.faults.append(ServerFault(Effect.REWRITE))
            await watching.check_resolvers()
            assert not net.careful.usable, "nothing is believed where nobody is"
    finally:
        for server in (*liars, *honest):
            await server.stop()
