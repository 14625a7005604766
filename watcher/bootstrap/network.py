"""Everything that asks outside, built from the settings: resolvers, sweepers, examiner, client of the registries."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from watcher.core.errors import DishonestResolver
from watcher.core.mail.dns import Outcome

if TYPE_CHECKING:
    from watcher.core.names.suffixes import Suffixes
    from watcher.core.ports import Authorities, Clock, Sweeper
    from watcher.lookups.dns.honesty import Reachability
    from watcher.lookups.dns.resolver import CarefulResolver
    from watcher.lookups.dns.servers import Server
    from watcher.lookups.existence.suffix_servers import SuffixServers
    from watcher.lookups.existence.sweepers import SuffixSweeper
    from watcher.lookups.registry.client import RegistryClient
    from watcher.services.health.pulse import Pulse, PulsedResolver
    from watcher.services.looks.examine import Examiner
    from watcher.settings.settings import Settings

_KEPT_REPLIES = timedelta(minutes=5)
SECOND_TRY = timedelta(seconds=1)
"""The time beyond a timeout that is waited for a name: a second try that is answered promptly needs no more."""


def system_clock() -> "Clock":
    """The machine's clock."""
    from watcher.lookups.clock import SystemClock

    return SystemClock()


@dataclass(frozen=True, slots=True)
class Network:
    """Everything that asks the DNS and the registries."""

    servers: "tuple[Server, ...]"
    careful: "CarefulResolver"
    resolver: "PulsedResolver"
    sweeper: "Sweeper"
    asking: "Sweeper"
    """The same without what feeds know: every name is asked for."""
    at_source: "SuffixSweeper"
    pulse: "Pulse"
    examiner: "Examiner"
    registry: "RegistryClient | None"
    suffix_servers: "SuffixServers | None" = None
    """The suffixes' own servers, where the sweep asks them."""

    def budget(self) -> float:
        """Questions a second that the resolvers in use may be asked at most."""
        return sum(lane.pace.ceiling for lane in self.careful.lanes if not lane.refused) or 1.0

    async def honesty(self) -> "Mapping[str, Reachability | DishonestResolver]":
        """Check every resolver; one that lies is not asked again until it passes. What was found, by resolver."""
        from watcher.lookups.dns.honesty import check_honesty, find_prefixes

        async def check(server: "Server") -> "Reachability | DishonestResolver":
            try:
                found, made_up = await asyncio.gather(
                    check_honesty(server, timeout=self.careful.timeout),
                    find_prefixes(server, timeout=self.careful.timeout),
                )
                if made_up is not None:
                    self.careful.translates(server.name, made_up)
            except DishonestResolver as error:
                self.careful.refuse(server.name)
                return error
            self.careful.readmit(server.name)
            return found

        found = await asyncio.gather(*(check(server) for server in self.servers))
        for server, result in zip(self.servers, found, strict=True):
            if result == "unreachable":
                self.careful.suspect(server.name)
            if result == "honest":
                self.pulse.beat(Outcome.NXDOMAIN, server.name, system_clock().now())
        return {server.name: result for server, result in zip(self.servers, found, strict=True)}


def chosen_servers(chosen: "Settings") -> "tuple[Server, ...]":
    """The resolvers to ask: those of the settings, or the system's. Raises ConfigurationError."""
    from watcher.lookups.dns.servers import parse_server
    from watcher.lookups.dns.system_resolvers import system_resolvers

    return tuple(map(parse_server, chosen.dns.resolvers)) or system_resolvers()


@asynccontextmanager
async def open_network(chosen: "Settings", *, registration: bool = True) -> AsyncIterator[Network]:
    """Resolver, sweeper and registry client, closed at the end. Raises ConfigurationError."""
    from watcher import checks
    from watcher.bootstrap.feeding import zone_files
    from watcher.core.names.addresses import is_global
    from watcher.data import load_suffixes
    from watcher.data.mail_operators import load_operators
    from watcher.feeds.sweeper import WatchedFiles
    from watcher.lookups.dns.resolver import CarefulResolver
    from watcher.lookups.existence.suffix_servers import SuffixServers
    from watcher.lookups.existence.sweepers import ResolverSweeper, SuffixSweeper
    from watcher.lookups.smtp_probe import SmtpProbe
    from watcher.services.health.pulse import Pulse, PulsedResolver, PulsedSweeper
    from watcher.services.looks.examine import Examiner

    now, suffixes, asked = system_clock(), load_suffixes(), chosen_servers(chosen)
    careful = CarefulResolver(
        asked,
        timeout=chosen.dns.timeout.total_seconds(),
        attempts=chosen.dns.attempts,
        max_rate=chosen.dns.max_rate,
        clock=now,
    )
    pulse = Pulse(now)
    registry = _registry_client(chosen, now, heard=pulse.registry.heard) if registration else None
    resolver = PulsedResolver(careful, pulse)
    plain = ResolverSweeper(
        careful,
        registrable_domain=suffixes.registrable_domain,
        name_patience=careful.timeout + SECOND_TRY.total_seconds(),
    )
    source = SuffixServers(
        careful, is_global=is_global, max_rate=chosen.dns.max_rate, suffix_rate=chosen.sweep.max_rate_per_suffix
    )
    at_source = SuffixSweeper(plain, source, public_suffix=suffixes.public_suffix)
    asking = PulsedSweeper(at_source if chosen.sweep.existence == "suffix_servers" else plain, pulse, now)
    asked_source = source if chosen.sweep.existence == "suffix_servers" else None
    existing = (*chosen.sweep.names, *zone_files(chosen))
    sweeper = WatchedFiles(existing, asking, now) if existing else asking
    own_servers = _authorities(chosen, resolver, suffixes)
    examiner = Examiner(
        resolver,
        now,
        suffixes,
        checks.ALL,
        random_label,
        operators=load_operators(),
        prober=SmtpProbe(is_global, helo=chosen.smtp_probe.helo),
        recheck_suffixes=timedelta(days=7),
        authorities=own_servers if chosen.confirm.via == "authoritative" else None,
        own_servers=own_servers,
        several=len(asked) > 1,
    )
    try:
        yield Network(asked, careful, resolver, sweeper, asking, at_source, pulse, examiner, registry, asked_source)
    finally:
        source.close()
        careful.close()
        if registry is not None:
            await registry.close()


def _authorities(chosen: "Settings", usual: "PulsedResolver", suffixes: "Suffixes") -> "Authorities":
    from watcher.core.names.addresses import is_global
    from watcher.lookups.dns.authoritative import AuthoritativeServers

    return AuthoritativeServers(
        usual,
        system_clock(),
        is_global=is_global,
        registrable_domain=suffixes.registrable_domain,
        timeout=chosen.dns.timeout.total_seconds(),
    )


def random_label() -> str:
    """A label that nobody can have registered or foreseen, for wildcard probes."""
    return "w" + secrets.token_hex(10)


def _registry_client(
    everything: "Settings", clock: "Clock", *, heard: Callable[[str, str | None], None]
) -> "RegistryClient | None":
    """The registry client; None where registries are not to be asked. Raises ConfigurationError."""
    from watcher.core.names.addresses import is_global
    from watcher.data import load_suffixes, rdap_bootstrap
    from watcher.lookups.registry.client import RegistryClient
    from watcher.lookups.registry.options import RegistryLimits, RegistryServers

    chosen = everything.registration
    if not chosen.enabled:
        return None
    return RegistryClient(
        clock,
        is_global,
        bundled=rdap_bootstrap(),
        servers=RegistryServers(
            rdap_bootstrap=chosen.rdap_bootstrap,
            rdap=chosen.rdap_servers,
            whois=chosen.whois_servers,
            proxy=everything.http.proxy,
            proxy_of=everything.http.of,
        ),
        limits=RegistryLimits(max_rate=chosen.max_rate, kept=min(_KEPT_REPLIES, chosen.refresh_soon / 2)),
        registered_domain=load_suffixes().registered_domain,
        heard=heard,
    )
