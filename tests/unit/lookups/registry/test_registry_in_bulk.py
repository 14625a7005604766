"""Ten thousand domains over thirty registries with limits of their own, through the client, in simulated time."""

import asyncio
import itertools
import json
import random
from collections import defaultdict
from datetime import timedelta
from urllib.parse import urlsplit

from tests.fakes.clock import FakeClock
from tests.fakes.rdap_server import TYPE, domain_object
from tests.fakes.registered import Registered
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.core.registration.facts import RegistrationStatus, Worth
from watcher.lookups.registry.client import RegistryClient
from watcher.lookups.registry.connecting import Gate
from watcher.lookups.registry.options import RegistryLimits
from watcher.lookups.registry.rdap import Document, Rdap

DOMAINS = 10_000
REGISTRIES = 30
OURS = 1.0
"""Questions a second that we allow ourselves at one server."""


class Registries(Rdap):
    """The HTTP side without a network: servers that answer at once, and throttle who asks faster than they like."""

    def __init__(self, clock, limits):
        super().__init__(clock, Gate(is_global))
        self.clock, self.limits = clock, limits
        self.asked = defaultdict(list)
        self.answered = defaultdict(list)

    async def fetch(self, url, *, accept, most, etag=None):
        parts = urlsplit(url)
        host, name = parts.hostname, parts.path.rpartition("/")[2]
        now, times = self.clock.now(), self.asked[host]
        too_soon = bool(times) and (now - times[-1]).total_seconds() < 1 / self.limits[host]
        times.append(now)
        await asyncio.sleep(0)
        if too_soon:
            return Document(429, "text/plain", b"", "30")
        self.answered[host].append(name)
        if name.startswith("free"):
            return Document(404, TYPE, b'{"errorCode": 404}')
        return Document(200, TYPE, json.dumps(domain_object(name, Registered(nameservers=("ns1.a.net",)))).encode())


async def test_pace_is_kept_all_are_answered_and_the_worthiest_first():
    rng = random.Random(7)
    clock = FakeClock()
    started = clock.now()
    hosts = {f"s{number}": f"rdap{number}.nic.net" for number in range(REGISTRIES)}
    limits = {host: rng.choice([0.5, 1.0, 2.0, 5.0]) for host in hosts.values()}
    bootstrap = {"services": [[[suffix], [f"https://{host}/"]] for suffix, host in hosts.items()]}
    registries = Registries(clock, limits)
    client = RegistryClient(
        clock,
        is_global,
        bundled=json.dumps(bootstrap).encode(),
        limits=RegistryLimits(max_rate=OURS, patience=timedelta(hours=1), kept=timedelta(0)),
        rdap=registries,
    )
    worths = {}
    for number in range(DOMAINS):
        kind = "free" if number % 3 == 0 else "taken"
        worths[parse(f"{kind}{number}.s{number % REGISTRIES}")] = rng.choice(list(Worth)[:4])

    async def settled(name):
        while (facts := await client.facts(name, worth=worths[name])).status is RegistrationStatus.UNKNOWN:
            assert "slow down" in facts.reason
        return facts

    tasks = {name: asyncio.create_task(settled(name)) for name in worths}
    await clock.advance(6 * 3600)
    found = {name: task.result() for name, task in tasks.items()}
    await client.close()

    assert len(found) == DOMAINS
    for name, facts in found.items():
        free = name.startswith("free")
        assert facts.status is (RegistrationStatus.UNREGISTERED if free else RegistrationStatus.REGISTERED)
    for host, times in registries.asked.items():
        gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(times)]
        assert min(gaps) >= 1 / OURS, "never faster than our own ceiling"
        names = registries.answered[host]
        assert len(names) == len(set(names)), "one question for a domain"
        if limits[host] < OURS:
            throttled = len(times) - len(names)
            assert throttled < len(names) / 4, "a server that throttles is asked more slowly"
            continue
        assert times[-1] - started < timedelta(seconds=len(names) + 1), "one that throttles slows only itself"
        order = [worths[parse(name)] for name in names[1:]]  # whoever came first to an idle server was asked at once
        assert order == sorted(order, reverse=True)
    assert {host for host in limits if limits[host] < OURS}, "some of them do throttle"
