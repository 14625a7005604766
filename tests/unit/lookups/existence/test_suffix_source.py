"""The sweep at the suffixes' own servers: what they say, what they may not say, and when the resolvers are asked."""

import asyncio

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.quick_dns import QuickDns, Running
from tests.fakes.zone_resolver import Fault, ZoneResolver
from watcher.core.mail.dns import Outcome
from watcher.core.ports import Presence
from watcher.data import load_suffixes
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.referral import read_referral
from watcher.lookups.existence.suffix_servers import SuffixServers
from watcher.lookups.existence.sweepers import ResolverSweeper, SuffixSweeper

_NAMES = [f"{'x' if number % 10 == 0 else 'gone'}{number}.ml" for number in range(200)]
_PRESENT = {name for name in _NAMES if name.startswith("x")}
_ZONE = "@ SOA ns1 h 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"


class World:
    """A suffix server, a resolver, and the sweeper that asks them."""

    def __init__(self, suffix_server, resolver, zones=None, *, timeout=0.3, suffix_rate=5000.0, patience=1.0):
        self.at_suffix, self.at_resolver = suffix_server.dns, resolver.dns
        self.careful = CarefulResolver([Server("127.0.0.1", resolver.port)], timeout=timeout, max_rate=5000)
        self.finder = ZoneResolver(FakeClock(), zones or {"ml": _ZONE})
        self.servers = SuffixServers(
            self.careful,
            is_global=lambda address: address == "127.0.0.1",
            max_rate=5000,
            suffix_rate=suffix_rate,
            resolver=self.finder,
            port=suffix_server.port,
        )
        self.sweeper = SuffixSweeper(
            ResolverSweeper(self.careful, patience=patience),
            self.servers,
            public_suffix=load_suffixes().public_suffix,
        )

    async def sweep(self, names=_NAMES):
        found = {}
        try:
            async with asyncio.timeout(30):
                async for existence in self.sweeper.sweep(iter(names)):
                    assert existence.name not in found, "every name once"
                    found[existence.name] = existence
        finally:
            self.servers.close()
            self.careful.close()
        return found


def _of(found, presence):
    return {name for name, existence in found.items() if existence.presence is presence}


@pytest.fixture
async def suffix_server():
    async with Running(QuickDns()) as running:
        yield running


@pytest.fixture
async def resolver():
    async with Running(QuickDns()) as running:
        yield running


async def test_a_referral_is_a_delegation_and_nobody_else_is_asked(suffix_server, resolver):
    world = World(suffix_server, resolver)
    found = await world.sweep()
    assert _of(found, Presence.LOOK) == _PRESENT
    assert _of(found, Presence.ABSENT) == set(_NAMES) - _PRESENT
    assert all(found[name].delegated == (name in _PRESENT) for name in _NAMES)
    assert world.at_suffix.asked == len(_NAMES)
    assert world.at_resolver.asked == 0
    assert world.servers.suffixes == {"ml": 1}


async def test_a_suffix_without_servers_is_asked_of_the_resolvers(suffix_server, resolver):
    world = World(suffix_server, resolver)
    world.finder.faults.append(Fault("ml", "NS", Outcome.SERVFAIL))
    found = await world.sweep()
    assert _of(found, Presence.LOOK) == _PRESENT
    assert _of(found, Presence.ABSENT) == set(_NAMES) - _PRESENT
    assert not any(existence.delegated for existence in found.values())
    assert world.at_suffix.asked == 0


async def test_servers_that_lead_somewhere_private_are_not_asked(suffix_server, resolver):
    world = World(suffix_server, resolver, {"ml": _ZONE.replace("127.0.0.1", "10.0.0.53")})
    found = await world.sweep()
    assert _of(found, Presence.LOOK) == _PRESENT
    assert world.at_suffix.asked == 0


async def test_silent_servers_are_left_to_the_resolvers(suffix_server, resolver):
    world = World(suffix_server, resolver)
    world.at_suffix.silent = True
    found = await world.sweep()
    assert _of(found, Presence.LOOK) == _PRESENT
    assert _of(found, Presence.UNSETTLED) == set()


@pytest.mark.parametrize("rcode", [2, 5], ids=["SERVFAIL", "REFUSED"])
async def test_servers_that_do_not_speak_for_the_suffix_are_given_up(suffix_server, resolver, rcode):
    world = World(suffix_server, resolver)
    world.at_suffix.rcode = rcode
    found = await world.sweep()
    assert _of(found, Presence.LOOK) == _PRESENT
    assert _of(found, Presence.ABSENT) == set(_NAMES) - _PRESENT
    assert world.at_suffix.asked <= len(_NAMES) + 10
    assert world.servers.suffixes == {"ml": 0}, "left alone for a while"


async def test_with_nobody_there_nothing_is_absent_and_it_ends(suffix_server, resolver):
    world = World(suffix_server, resolver, timeout=0.1, patience=0.3)
    world.at_suffix.silent = world.at_resolver.silent = True
    found = await world.sweep()
    assert _of(found, Presence.UNSETTLED) == set(_NAMES)


async def test_a_suffix_is_asked_at_its_own_pace_and_does_not_hold_up_another(suffix_server, resolver):
    zones = dict.fromkeys(("ml", "com"), _ZONE)
    world = World(suffix_server, resolver, zones, suffix_rate=50)
    loop = asyncio.get_running_loop()
    started = loop.time()
    world.at_suffix.suffix = [b"ml"]
    found = await world.sweep([f"gone{number}.ml" for number in range(40)])
    assert loop.time() - started >= 0.65, "40 questions at 50/s, five of them at once"
    assert _of(found, Presence.ABSENT) == set(found)


async def test_a_suffix_that_is_no_zone_is_asked_of_the_zone_around_it(suffix_server, resolver):
    world = World(suffix_server, resolver, {"ml": _ZONE + "com A 93.184.215.14\n"})
    found = await world.sweep(["gone1.com.ml"])
    assert world.servers.known("com.ml").zone == "ml"
    assert set(found) == {"gone1.com.ml"}


def _query(name, *, recursive=False):
    wire = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\x00"
    return b"ab" + (b"\x01" if recursive else b"\x00") + b"\x00\x00\x01" + bytes(6) + wire + b"\x00\x0f\x00\x01"


def _judge(reply, name="gone.ml", zone="ml"):
    return read_referral(reply, len(name) + 6, name, zone)


def test_what_a_reply_of_a_suffix_server_says():
    dns = QuickDns()
    absent = dns.reply(_query("gone.ml"))
    assert _judge(absent) is Presence.ABSENT
    assert _judge(dns.reply(_query("xthere.ml")), "xthere.ml") is Presence.LOOK
    without_authority = absent[:2] + bytes([absent[2] & ~4]) + absent[3:]
    assert _judge(without_authority) is None, "a recursor's memory, or a lame server"
    assert _judge(absent, zone="example.ml") is None
    assert _judge(QuickDns(suffix="com").reply(_query("gone.ml"))) is None, "the SOA of the root"
    for code in (2, 4, 5):
        assert _judge(absent[:3] + bytes([code]) + absent[4:]) is None
    upwards = absent[:2] + b"\x80\x00" + absent[4:]  # NOERROR, no authority, the suffix's SOA
    assert _judge(upwards) is None
    assert _judge(absent[:30]) is None


async def test_processes_share_the_rate_of_a_suffix(suffix_server, resolver):
    """The servers that are known, and those found later, are asked at the part that is lent."""
    from datetime import timedelta

    world = World(suffix_server, resolver, suffix_rate=100.0)
    now = world.careful.clock.now()
    world.servers.lend(0.25, until=now + timedelta(seconds=60))
    found = await world.servers.find("ml")
    assert found.bucket.rate == 25
    world.servers.lend(0.5, until=now + timedelta(seconds=60))
    assert found.bucket.rate == 50
    world.servers.lend(0.5, until=now)
    assert found.bucket.ready(now.timestamp() + 1) == 0
    world.servers.close()
    world.careful.close()
