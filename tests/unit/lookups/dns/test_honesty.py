"""A resolver that rewrites or filters is found out; one that only fails is not called a liar."""

import asyncio
import socket

import dns.name
import dns.rdatatype
import pytest

from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from watcher.core.errors import DishonestResolver
from watcher.lookups.dns.honesty import CANARY, CANARY_OF_UNBOUND, Reachability, check_honesty
from watcher.lookups.dns.servers import Server, parse_server


async def _check(*faults: Fault, zones=None) -> Reachability:
    async with DnsServer(zones or {"com": "x A 5.5.5.5\n"}, faults=faults) as server, asyncio.timeout(10):
        return await check_honesty(parse_server(server.address), timeout=0.1)


async def test_an_honest_resolver():
    assert await _check() is Reachability.HONEST


async def test_an_honest_resolver_on_a_lossy_line():
    assert await _check(Fault(Effect.DROP, share=0.2)) is Reachability.HONEST


async def test_no_soa_for_special_names_is_no_lie():
    assert await _check(Fault(Effect.NO_SOA, name="*.invalid")) is Reachability.HONEST


@pytest.mark.parametrize(
    ("faults", "zones", "why"),
    [
        ([Fault(Effect.REWRITE)], None, "rewrites NXDOMAIN"),
        ([Fault(Effect.REWRITE, name="*.com", type="A")], None, "rewrites NXDOMAIN"),
        ([Fault(Effect.REWRITE, name="*.invalid")], None, "."),
        ([], {"invalid": "canary.watcher CNAME .\n"}, CANARY),
        ([], {"watcher.invalid": "canary A 127.0.0.1\n"}, CANARY),
        ([], {"watcher.alt": "canary TXT watcher\n"}, CANARY_OF_UNBOUND),
        ([Fault(Effect.EXTENDED, name=CANARY)], None, "block list"),
        ([Fault(Effect.EXTENDED, name="*.com", code=17)], None, "filters"),
        ([], {"com": "* A 5.5.5.5\n"}, "rewrites NXDOMAIN"),
    ],
    ids=[
        "all",
        "addresses only",
        "special names",
        "canary alias",
        "canary",
        "other canary",
        "canary filtered",
        "filter",
        "wildcard",
    ],
)
async def test_a_dishonest_one(faults, zones, why):
    with pytest.raises(DishonestResolver, match=why) as raised:
        await _check(*faults, zones=zones)
    assert raised.value.resolver.startswith("127.0.0.1:")


@pytest.mark.parametrize("effect", [Effect.SERVFAIL, Effect.REFUSED])
async def test_one_that_fails_is_reachable_all_the_same(effect):
    assert await _check(Fault(effect)) is Reachability.FAILING


async def test_one_that_is_not_there():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    assert await check_honesty(Server("127.0.0.1", port), timeout=0.1) is Reachability.UNREACHABLE


async def test_a_policy_zone_that_denies_the_canary_is_found_by_its_soa():
    async with DnsServer({"rpz.local": "@ A 5.5.5.5\n"}) as server:
        true_find = server.zones.find

        class PolicyZone:
            def find(self, name, rdtype):
                found = true_find(name, rdtype)
                if name.to_text().lower() == CANARY + ".":
                    found.soa = true_find(dns.name.from_text("rpz.local"), dns.rdatatype.SOA).answer[0]
                return found

        server.zones = PolicyZone()
        with pytest.raises(DishonestResolver, match=r"policy zone rpz\.local"):
            await check_honesty(parse_server(server.address), timeout=0.5)


async def test_random_names_differ_each_time():
    async with DnsServer() as server:
        for _ in range(3):
            await check_honesty(parse_server(server.address), timeout=0.5)
        random_names = {name for name in server.names_asked() if name.endswith(".com")}
    assert len(random_names) == 3
