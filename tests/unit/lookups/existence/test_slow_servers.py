"""Servers that take their time: what comes within the limit counts, what comes later is dropped and never mistaken."""

import asyncio
from collections import Counter

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.quick_dns import QuickDns, Running
from tests.fakes.zone_resolver import ZoneResolver
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.ports import Presence
from watcher.data import load_suffixes
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.suffix_servers import SuffixServers
from watcher.lookups.existence.sweepers import ResolverSweeper, SuffixSweeper

_LIMIT = 0.4
_ZONE = "@ SOA ns1 h 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"
_PROMPT = [f"{'x' if number % 5 == 0 else 'gone'}prompt{number}.ml" for number in range(60)]
_SLOW = [f"{'x' if number % 5 == 0 else 'gone'}slow{number}.ml" for number in range(60)]
_TOO_SLOW = [f"{'x' if number % 5 == 0 else 'gone'}late{number}.ml" for number in range(60)]


class Slow(Running):
    """Answers at once, after a fourth of the limit (`slow`), or after more than twice the limit (`late`).

    `once`: only the first question for each name is answered late.
    """

    def __init__(self, *, once=False, everything=False):
        super().__init__(QuickDns())
        self.asked = Counter()
        self._once = once
        self._everything = everything
        self._replies = []

    def datagram_received(self, data, addr):
        label = data[13 : 13 + data[12]].lower()
        self.asked[label.decode()] += 1
        delay = 0.0
        if b"slow" in label:
            delay = _LIMIT / 4
        elif self._everything or (b"late" in label and not (self._once and self.asked[label.decode()] > 1)):
            delay = _LIMIT * 2.5
        loop = asyncio.get_running_loop()
        self._replies.append(loop.call_later(delay, super().datagram_received, data, addr))

    async def __aexit__(self, *_):
        for reply in self._replies:
            reply.cancel()
        await super().__aexit__(*_)


def _resolver(server, **options):
    return CarefulResolver([Server("127.0.0.1", server.port)], timeout=_LIMIT, max_rate=5_000, **options)


async def _sweep(sweeper, names):
    found = {}
    async with asyncio.timeout(60):
        async for existence in sweeper.sweep(iter(names)):
            assert existence.name not in found, "every name once"
            found[existence.name] = existence
    return found


def _check(found, settled):
    for name in settled:
        expected = Presence.LOOK if name.startswith("x") else Presence.ABSENT
        assert found[name].presence is expected, found[name]


async def _late_ones(counters, count):
    async with asyncio.timeout(20):
        while counters.late < count:
            await asyncio.sleep(0.02)


async def test_some_within_the_limit_some_beyond():
    async with Slow() as server:
        resolver = _resolver(server, attempts=3)
        found = await _sweep(ResolverSweeper(resolver), [*_PROMPT, *_SLOW, *_TOO_SLOW])
        _check(found, _PROMPT + _SLOW)
        assert {(found[name].presence, found[name].outcome) for name in _TOO_SLOW} == {
            (Presence.UNSETTLED, Outcome.TIMEOUT)
        }
        assert {server.asked[name[:-3]] for name in _TOO_SLOW} == {3}, "as often as one asks, and no more"
        await _late_ones(resolver.lanes[0].udp.counters, 60)
        resolver.close()
    assert resolver.lanes[0].udp.counters.forged == 0


async def test_what_came_late_is_asked_again_and_the_first_reply_is_not_taken_for_the_second():
    async with Slow(once=True) as server:
        resolver = _resolver(server, attempts=8)
        found = await _sweep(ResolverSweeper(resolver), [*_PROMPT, *_TOO_SLOW])
        _check(found, _PROMPT + _TOO_SLOW)
        assert min(server.asked[name[:-3]] for name in _TOO_SLOW) >= 2
        await _late_ones(resolver.lanes[0].udp.counters, 60)
        resolver.close()


async def test_a_slow_name_is_given_up_in_time_whatever_tries_it_has_left():
    async with Slow() as server:
        resolver = _resolver(server, attempts=50)
        sweeper = ResolverSweeper(resolver, name_patience=_LIMIT + 0.2)
        found = await _sweep(sweeper, [*_PROMPT, *_SLOW, *_TOO_SLOW])
        _check(found, _PROMPT + _SLOW)
        assert {(found[name].presence, found[name].outcome) for name in _TOO_SLOW} == {
            (Presence.UNSETTLED, Outcome.TIMEOUT)
        }
        assert max(server.asked[name[:-3]] for name in _TOO_SLOW) < 10
        resolver.close()


async def test_a_second_try_that_is_answered_makes_no_name_slow():
    async with Slow(once=True) as server:
        resolver = _resolver(server, attempts=8)
        found = await _sweep(ResolverSweeper(resolver, name_patience=_LIMIT), [*_PROMPT, *_TOO_SLOW])
        _check(found, _PROMPT + _TOO_SLOW)
        resolver.close()


async def test_when_everything_is_late_nothing_is_absent_and_it_ends():
    async with Slow(everything=True) as server:
        resolver = _resolver(server, attempts=2)
        sweeper = ResolverSweeper(resolver, patience=1.0)
        found = await _sweep(sweeper, [f"gonelate{number}.ml" for number in range(3000)])
        assert {existence.presence for existence in found.values()} == {Presence.UNSETTLED}
        assert len(found) == 3000
        assert sweeper.progress.silent, "the rest was not asked for"
        assert sum(server.asked.values()) < 3000
        resolver.close()


async def test_a_slow_server_is_asked_less_while_a_prompt_one_goes_on():
    async with Slow(everything=True) as slow, Slow() as prompt:
        resolver = CarefulResolver(
            [Server("127.0.0.1", server.port) for server in (slow, prompt)], timeout=_LIMIT, max_rate=500, attempts=8
        )
        names = [f"gone{number}.ml" for number in range(300)]
        found = await _sweep(ResolverSweeper(resolver), names)
        _check(found, names)
        assert sum(slow.asked.values()) < sum(prompt.asked.values()) / 2
        resolver.close()


@pytest.mark.parametrize("everything", [False, True])
async def test_slow_servers_of_a_suffix(everything):
    """What they do not say in time the resolver is asked for."""
    async with Slow(everything=everything) as at_suffix, Running(QuickDns()) as at_resolver:
        resolver = _resolver(at_resolver)
        servers = SuffixServers(
            resolver,
            is_global=lambda _: True,
            max_rate=5_000,
            suffix_rate=5_000,
            resolver=ZoneResolver(FakeClock(), {"ml": _ZONE}),
            port=at_suffix.port,
        )
        sweeper = SuffixSweeper(ResolverSweeper(resolver), servers, public_suffix=load_suffixes().public_suffix)
        found = await _sweep(sweeper, [*_PROMPT, *_SLOW, *_TOO_SLOW])
        _check(found, found)
        assert len(found) == 180
        assert at_resolver.dns.asked >= 60
        servers.close()
        resolver.close()


async def test_a_careful_question_beyond_the_limit_is_a_timeout():
    async with Slow() as server:
        resolver = _resolver(server, attempts=2)
        (late, slow) = await resolver.ask([Question("xlate.ml", RRType.MX), Question("xslow.ml", RRType.MX)])
        assert (late.outcome, late.records) == (Outcome.TIMEOUT, ())
        assert slow.outcome is Outcome.ANSWER
        resolver.close()
