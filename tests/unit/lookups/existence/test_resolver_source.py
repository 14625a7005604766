"""The existence sweep: everything present is found, nothing absent is invented, and it ends whatever servers do."""

import asyncio
from collections import Counter

import pytest

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from watcher.core.mail.dns import Outcome
from watcher.core.ports import Presence
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import parse_server
from watcher.lookups.existence.sweepers import ResolverSweeper

_PRESENT = [f"here{number}.ml" for number in range(20)]
_ABSENT = [f"gone{number}.ml" for number in range(300)]
_NAMES = [name for pair in zip(_ABSENT[:20], _PRESENT, strict=True) for name in pair] + _ABSENT[20:]
_ZONES = {
    "ml": "\n".join(f"here{number} NS ns1.here{number}.ml." for number in range(20)) + "\nlame NS ns.lame.ml.\n",
    **dict.fromkeys(_PRESENT, "@ MX 10 mx\nmx A 93.184.215.14\n"),
}


_made: list[CarefulResolver] = []


@pytest.fixture(autouse=True)
async def _close_resolvers():
    yield
    while _made:
        _made.pop().close()


@pytest.fixture
async def server():
    async with DnsServer(_ZONES) as running:
        yield running


@pytest.fixture
async def second():
    async with DnsServer(_ZONES) as running:
        yield running


def _sweeper(*servers: DnsServer, timeout=0.8, max_rate=5_000.0, attempts=3, **options) -> ResolverSweeper:
    resolver = CarefulResolver(
        [parse_server(server.address) for server in servers], timeout=timeout, max_rate=max_rate, attempts=attempts
    )
    _made.append(resolver)
    return ResolverSweeper(resolver, **options)


async def _sweep(sweeper: ResolverSweeper, names=_NAMES):
    results = {}
    async with asyncio.timeout(30):
        async for existence in sweeper.sweep(iter(names)):
            assert existence.name not in results, "every name once"
            results[existence.name] = existence
    sweeper.resolver.close()
    return results


def _by_presence(results) -> dict[Presence, set[str]]:
    return {
        presence: {name for name, existence in results.items() if existence.presence is presence}
        for presence in Presence
    }


async def test_what_is_there_is_to_be_looked_at_and_the_rest_is_absent(server):
    sweeper = _sweeper(server)
    results = await _sweep(sweeper)
    assert _by_presence(results) == {
        Presence.LOOK: set(_PRESENT), Presence.ABSENT: set(_ABSENT), Presence.UNSETTLED: set(),
    }  # fmt: skip
    assert {existence.resolver for existence in results.values()} == {server.address}
    progress = sweeper.progress
    assert (progress.asked, progress.settled, progress.absent, progress.look) == (320, 320, 300, 20)
    assert progress.rate(progress.started + 10) > 0
    assert sweeper.resolver.lookups[server.address, Outcome.NXDOMAIN] == 300


async def test_one_mx_question_a_name(server):
    await _sweep(_sweeper(server))
    assert Counter(server.names_asked("MX")) == Counter(_NAMES)
    assert len(server.log) == len(_NAMES)


async def test_no_names_no_questions(server):
    assert await _sweep(_sweeper(server), []) == {}
    assert server.log == []


async def test_names_are_drawn_as_there_is_room(server):
    drawn = 0

    def endless():
        nonlocal drawn
        while True:
            drawn += 1
            yield f"gone{drawn}.ml"

    sweeper = _sweeper(server, window=50)
    most = seen = 0
    course = sweeper.sweep(endless())
    async for _ in course:
        seen += 1
        most = max(most, drawn - seen)
        if seen == 500:
            break
    await course.aclose()
    sweeper.resolver.close()
    assert most <= 101, "at most a window under way and one handed over"


@pytest.mark.parametrize("effect", [Effect.SERVFAIL, Effect.REFUSED, Effect.NOTIMP, Effect.DROP])
async def test_what_does_not_settle_is_neither_absent_nor_dropped(server, effect):
    server.faults.append(Fault(effect, name="gone1*.ml"))
    results = await _sweep(_sweeper(server, timeout=0.5))
    failing = {name for name in _ABSENT if name.startswith("gone1")}
    assert _by_presence(results)[Presence.UNSETTLED] == failing
    expected = {Effect.DROP: Outcome.TIMEOUT}.get(effect) or Outcome(effect.value.upper())
    assert {results[name].outcome for name in failing} == {expected}
    assert max(Counter(server.names_asked("MX")).values()) <= 4
    assert _by_presence(results)[Presence.LOOK] == set(_PRESENT)


async def test_a_delegated_name_without_working_servers_is_unsettled(server):
    results = await _sweep(_sweeper(server), ["lame.ml", "gone1.ml"])
    assert results["lame.ml"].presence is Presence.UNSETTLED
    assert results["lame.ml"].outcome is Outcome.SERVFAIL


async def test_another_server_is_asked_when_one_fails(server, second):
    server.faults.append(Fault(Effect.SERVFAIL))
    results = await _sweep(_sweeper(server, second))
    assert _by_presence(results)[Presence.UNSETTLED] == set()
    assert {existence.resolver for existence in results.values()} == {second.address}


async def test_a_dead_server_is_left_and_the_other_finishes(server, second):
    server.faults.append(Fault(Effect.DROP))
    names = [f"gone{number}.ml" for number in range(1500)]
    results = await _sweep(_sweeper(server, second, timeout=0.5, max_rate=2000), names)
    assert _by_presence(results)[Presence.ABSENT] == set(names)
    assert len(server.log) < 700


@pytest.mark.parametrize(
    ("zones", "effect", "name"),
    [
        ({"ml": "x NS ns.x.ml.\n", "x.ml": "* CNAME gone.other.\n"}, None, "a.x.ml"),
        ({"ml": "alias CNAME gone.ml.\n"}, None, "alias.ml"),
        ({"ml": "x A 5.5.5.5\n"}, Effect.NO_SOA, "gone.ml"),
        ({"ml": "x A 5.5.5.5\n"}, Effect.EXTENDED, "gone.ml"),
        ({"ml": "x A 5.5.5.5\n"}, None, "x.ml"),
    ],
    ids=["wildcard alias", "dangling alias", "no SOA", "filtered", "exists without MX"],
)
async def test_anything_but_a_clean_nxdomain_needs_a_look(zones, effect, name):
    async with DnsServer(zones, faults=[Fault(effect)] if effect else []) as server:
        results = await _sweep(_sweeper(server), [name])
    assert results[name].presence is Presence.LOOK


async def test_an_apex_that_denies_itself_is_delegated(server):
    """NXDOMAIN with the name's own SOA: registered, not in service (M06)."""
    true_find = server.zones.find

    class LyingApex:
        def find(self, name, rdtype):
            found = true_find(name, rdtype)
            if name.to_text() == "here1.ml.":
                found.answer, found.rcode = [], 3
                found.soa = true_find(name, 6).answer[0]
            return found

    server.zones = LyingApex()
    results = await _sweep(_sweeper(server), ["here1.ml", "gone1.ml"])
    assert results["here1.ml"].presence is Presence.LOOK
    assert results["gone1.ml"].presence is Presence.ABSENT


async def test_a_host_is_absent_only_by_an_soa_above_its_registrable_domain(server):
    def registrable(name: str) -> str:
        return ".".join(name.split(".")[-2:])

    results = await _sweep(_sweeper(server, registrable_domain=registrable), ["us.here1.ml", "us.gone1.ml", "gone2.ml"])
    assert results["us.here1.ml"].presence is Presence.LOOK
    assert results["us.gone1.ml"].presence is Presence.ABSENT
    assert results["gone2.ml"].presence is Presence.ABSENT


@pytest.mark.parametrize(
    "faults",
    [
        [Fault(Effect.DROP, share=0.05)],
        [Fault(Effect.DUPLICATE)],
        [Fault(Effect.FORGED_ID), Fault(Effect.FORGED_QUESTION), Fault(Effect.FORGED_SOURCE)],
        [Fault(Effect.FORGED_CASE, share=0.5)],
        [Fault(Effect.FLATTEN)],
        [Fault(Effect.TRUNCATE, share=0.2)],
        [Fault(Effect.SLOW, seconds=0.05)],
        [Fault(Effect.GARBAGE, share=0.05)],
        [Fault(Effect.BROKEN, share=0.05)],
        [Fault(Effect.NO_EDNS)],
        [
            Fault(Effect.DROP, share=0.05), Fault(Effect.DUPLICATE, share=0.1), Fault(Effect.FORGED_ID, share=0.3),
            Fault(Effect.FORGED_QUESTION, share=0.3), Fault(Effect.TRUNCATE, share=0.05),
        ],
    ],
    ids=["loss", "duplicates", "forged", "forged case", "flattened", "cut", "slow", "garbage", "broken", "no EDNS", "all"],
)  # fmt: skip
async def test_what_is_found_equals_the_truth_under_faults(server, faults):
    server.faults += faults
    results = await _sweep(_sweeper(server, attempts=8))
    found = _by_presence(results)
    assert found[Presence.UNSETTLED] == set()
    assert found[Presence.LOOK] - set(_PRESENT) <= _broken_looks(results), "nothing false"
    assert set(_PRESENT) <= found[Presence.LOOK], "nothing lost"
    assert found[Presence.ABSENT] <= set(_ABSENT)


def _broken_looks(results) -> set[str]:
    """Rubbish may happen to say NXDOMAIN without an SOA, which needs a look and so harms nobody."""
    return {name for name, existence in results.items() if existence.outcome is Outcome.FILTERED}


async def test_a_server_without_edns_is_learnt_not_asked_twice_for_each_name(server):
    server.faults.append(Fault(Effect.NO_EDNS))
    sweeper = _sweeper(server, max_rate=300)
    await _sweep(sweeper)
    assert not sweeper.resolver.lanes[0].edns
    assert len(server.log) < 1.5 * len(_NAMES)


async def test_a_server_that_cuts_everything_and_has_no_tcp_ends_unsettled(server):
    server.faults += [Fault(Effect.TRUNCATE), Fault(Effect.TCP_CLOSED)]
    results = await _sweep(_sweeper(server), _NAMES[:60])
    assert {existence.outcome for existence in results.values()} == {Outcome.TRUNCATED}
    assert len(_by_presence(results)[Presence.UNSETTLED]) == 60


async def test_a_server_that_answers_every_name_yields_looks_only(server):
    server.faults.append(Fault(Effect.REWRITE))
    assert set(await _sweep(_sweeper(server))) == _by_presence(await _sweep(_sweeper(server)))[Presence.LOOK]


async def test_garbage_only_ends_unsettled(server):
    server.faults.append(Fault(Effect.GARBAGE))
    results = await _sweep(_sweeper(server, timeout=0.1, patience=0.5), _NAMES[:100])
    assert len(_by_presence(results)[Presence.UNSETTLED]) == 100


async def test_when_nobody_answers_the_rest_is_handed_over_unasked(server):
    server.faults.append(Fault(Effect.DROP))
    sweeper = _sweeper(server, timeout=0.1, patience=0.5)
    names = [f"gone{number}.ml" for number in range(3000)]
    results = await _sweep(sweeper, names)
    assert _by_presence(results)[Presence.UNSETTLED] == set(names)
    assert sweeper.progress.silent
    assert sweeper.progress.asked < 3000
    assert sweeper.progress.unsettled == {Outcome.TIMEOUT: 3000}


async def test_a_server_found_dishonest_is_not_used(server, second):
    sweeper = _sweeper(server, second)
    sweeper.resolver.refuse(server.address)
    await _sweep(sweeper, _NAMES[:50])
    assert server.log == []


async def test_with_every_server_refused_nothing_is_asked_and_nothing_absent(server):
    sweeper = _sweeper(server)
    sweeper.resolver.refuse(server.address)
    results = await _sweep(sweeper, _NAMES[:50])
    assert len(_by_presence(results)[Presence.UNSETTLED]) == 50
    assert server.log == []


async def test_the_pace_is_kept(server):
    loop = asyncio.get_running_loop()
    started = loop.time()
    await _sweep(_sweeper(server, max_rate=100), _NAMES[:60])
    assert loop.time() - started >= 0.48, "60 questions at 100/s, ten of them at once"


async def test_a_slow_reader_does_not_make_the_servers_look_silent(server):
    sweeper = _sweeper(server, timeout=0.1, patience=0.2, window=10)
    results = []
    async for existence in sweeper.sweep(iter(_NAMES[:30])):
        results.append(existence)
        if len(results) in (3, 15):
            await asyncio.sleep(0.5)
    sweeper.resolver.close()
    assert not sweeper.progress.silent
    assert Presence.UNSETTLED not in {existence.presence for existence in results}


async def test_two_sweeps_at_once_do_not_mix(server):
    sweeper = _sweeper(server)

    async def collect(names):
        return {existence.name async for existence in sweeper.sweep(iter(names))}

    first, other = await asyncio.gather(collect(_NAMES[:100]), collect(_NAMES[100:]))
    sweeper.resolver.close()
    assert (first, other) == (set(_NAMES[:100]), set(_NAMES[100:]))


async def test_stopping_early_leaves_the_resolver_usable(server):
    sweeper = _sweeper(server)
    course = sweeper.sweep(iter(_NAMES))
    await anext(course)
    await course.aclose()
    assert set(await _sweep(sweeper, ["gone1.ml"])) == {"gone1.ml"}
    assert sweeper.progress.done == 1
