"""Several servers share the work of a sweep: equals alike, one that fails does less, each suffix at most its own rate."""

import asyncio

from tests.fakes.quick_dns import QuickDns, Running
from watcher.core.ports import Presence
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.sweepers import ResolverSweeper


async def _shares(first, second, count=400, max_rate=400.0):
    resolver = CarefulResolver(
        [Server("127.0.0.1", first.port), Server("127.0.0.1", second.port)], timeout=0.3, max_rate=max_rate, attempts=6
    )
    async with asyncio.timeout(60):
        found = [one async for one in ResolverSweeper(resolver).sweep(f"gone{number}.ml" for number in range(count))]
    resolver.close()
    assert {one.presence for one in found} == {Presence.ABSENT}
    return first.dns.asked / (first.dns.asked + second.dns.asked)


async def test_equal_servers_are_asked_alike():
    async with Running(QuickDns()) as first, Running(QuickDns()) as second:
        assert 0.4 <= await _shares(first, second) <= 0.6


async def test_a_server_that_refuses_is_asked_less_and_nothing_is_lost():
    async with Running(QuickDns()) as first, Running(QuickDns()) as second:
        second.dns.rcode = 5
        assert await _shares(first, second) > 0.55
