"""What a sweep finds is the zone's truth exactly, whatever the line does to its questions and answers."""

import asyncio

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.quick_dns import QuickDns
from tests.fakes.udp_relay import Relay
from tests.fakes.zone_resolver import ZoneResolver
from watcher.core.ports import Presence
from watcher.data import load_suffixes
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.suffix_servers import SuffixServers
from watcher.lookups.existence.sweepers import ResolverSweeper, SuffixSweeper

_COUNT = 3000
_NAMES = [f"{'x' if number % 25 == 0 else 'army'}{number}.ml" for number in range(_COUNT)]
_TRUTH = {name for name in _NAMES if name.startswith("x")}
_ZONE = "@ SOA ns1 h 1 3600 600 86400 60\n@ NS ns1\nns1 A 127.0.0.1\n"

_LINES = {
    "clean": {},
    "lossy": {"loss": 0.05},
    "all of it": {"loss": 0.05, "duplicates": 0.05, "cut": 0.05, "forged": 0.2},
    "attacked": {"forged": 1.0},
}


@pytest.mark.parametrize(
    ("line", "source", "segments"),
    [
        *((line, source, True) for line in _LINES for source in ("resolver", "suffix_servers")),
        ("all of it", "resolver", False),
    ],
)
async def test_what_is_found_is_what_is_there(line, source, segments):
    async with Relay(QuickDns(), **_LINES[line]) as relay:
        careful = CarefulResolver([Server("127.0.0.1", relay.port)], timeout=0.5, attempts=8, max_rate=5_000)
        careful.lanes[0].udp.segments &= segments
        plain = ResolverSweeper(careful, window=300)
        servers = SuffixServers(
            careful,
            is_global=lambda _: True,
            max_rate=5_000,
            suffix_rate=5_000,
            resolver=ZoneResolver(FakeClock(), {"ml": _ZONE}),
            port=relay.port,
        )
        at_source = SuffixSweeper(plain, servers, public_suffix=load_suffixes().public_suffix)
        sweeper = plain if source == "resolver" else at_source
        found: dict[Presence, set[str]] = {presence: set() for presence in Presence}
        count = 0
        async with asyncio.timeout(60):
            async for existence in sweeper.sweep(iter(_NAMES)):
                found[existence.presence].add(existence.name)
                count += 1
        servers.close()
        careful.close()
    assert count == _COUNT, "every name once"
    assert found[Presence.UNSETTLED] == set()
    assert found[Presence.LOOK] == _TRUTH
    assert found[Presence.ABSENT] == set(_NAMES) - _TRUTH
    for effect in _LINES[line]:
        assert relay.did[effect], "the line did what it was to do"
