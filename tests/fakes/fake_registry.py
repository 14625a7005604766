"""A registry without a network, as the `Registry` port: services are tested against it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus


class FakeRegistry:
    """Knows what was registered. Answers about a suffix in `held_back` wait until its event is set."""

    def __init__(self, clock):
        self.clock = clock
        self.known: dict[str, RegistrationFacts] = {}
        self.asked: list[tuple[str, float]] = []
        self.held_back: dict[str, asyncio.Event] = {}

    def register(self, name, **facts):
        base = RegistrationFacts(
            RegistrationStatus.REGISTERED,
            RegistrationSource.RDAP,
            self.clock.now(),
            registrar="Quick Names",
            nameservers=("ns1.hosting.net",),
            created_at=self.clock.now() - timedelta(days=400),
            expires_at=self.clock.now() + timedelta(days=400),
        )
        self.known[name] = replace(self.known.get(name, base), **facts)

    async def facts(self, domain, *, worth=0.0, since=None):
        assert since is None or since <= self.clock.now()
        self.asked.append((domain, worth))
        waiting = self.held_back.get(domain.rpartition(".")[2])
        if waiting is not None:
            await waiting.wait()
        now = self.clock.now()
        nobody = RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, now)
        return replace(self.known.get(domain, nobody), fetched_at=now)
