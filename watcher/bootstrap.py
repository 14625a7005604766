"""The composition root: settings and bundled data become objects, by plain calls; nothing else reads settings."""

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from watcher import bootstrap_channels, bootstrap_registration, bootstrap_upkeep
from watcher.core.dns import Outcome
from watcher.core.errors import DishonestResolver

if TYPE_CHECKING:
    from watcher.bootstrap_upkeep import Upkeep
    from watcher.core.authorities import Authorities
    from watcher.core.ports import Channel, Clock, Sweeper
    from watcher.core.suffixes import Suffixes
    from watcher.lookups.honesty import Reachability
    from watcher.lookups.registry import RegistryClient
    from watcher.lookups.resolver import CarefulResolver
    from watcher.lookups.servers import Server
    from watcher.lookups.suffix_sweep import SuffixSweeper
    from watcher.services.enumerate import Enumeration
    from watcher.services.examine import Examiner
    from watcher.services.lookup import Lookup
    from watcher.services.notify import Notifier, Observe
    from watcher.services.ours import Ours
    from watcher.services.probes import Probes
    from watcher.services.pulse import Pulse, PulsedResolver
    from watcher.services.registrations import Registrations
    from watcher.services.relook import Found, Relook
    from watcher.services.sweep import Sweep
    from watcher.services.vigil import Vigil
    from watcher.settings import Settings
    from watcher.store import Store


class Options(Protocol):
    """What the command line says before the subcommand."""

    @property
    def config(self) -> Path | None:
        """The settings file, or None for the default places."""
        ...

    @property
    def database_url(self) -> str | None:
        """A database that overrides the setting."""
        ...


def settings(options: Options, resolvers: Sequence[str] = ()) -> "Settings":
    """The effective settings; warnings go to standard error. Raises ConfigurationError."""
    from watcher.settings import load

    overrides: dict[str, Any] = {}
    if options.database_url:
        overrides["database_url"] = options.database_url
    if resolvers:
        overrides["dns"] = {"resolvers": list(resolvers)}
    loaded, warnings = load(options.config, overrides)
    for warning in warnings:
        sys.stderr.write(f"watcher: {warning}\n")
    return loaded


def clock() -> "Clock":
    """The machine's clock."""
    from watcher.lookups.clock import SystemClock

    return SystemClock()


@asynccontextmanager
async def open_store(chosen: "Settings", *, create: bool) -> AsyncIterator["Store"]:
    """The database of the settings, closed at the end; `create` makes and migrates it. Raises StoreError."""
    from watcher.store import Store

    opening = Store.open_or_create if create else Store.open_existing
    store = await opening(chosen.database_url.get_secret_value(), clock=clock())
    try:
        yield store
    finally:
        await store.close()


def channels(chosen: "Settings", store: "Store | None" = None) -> dict[str, "Channel"]:
    """Every configured channel by its name; what they must remember is in `store`. Raises ConfigurationError."""
    from watcher.services.memory import ShortMemory, StoredMemory

    return bootstrap_channels.channels(chosen, StoredMemory(store, clock()) if store is not None else ShortMemory())


# --- lookups -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Network:
    """What asks the DNS and the registries."""

    servers: "tuple[Server, ...]"
    careful: "CarefulResolver"
    resolver: "PulsedResolver"
    sweeper: "Sweeper"
    at_source: "SuffixSweeper"
    pulse: "Pulse"
    examiner: "Examiner"
    registry: "RegistryClient | None"

    def budget(self) -> float:
        """Questions a second that the resolvers in use may be asked at most."""
        return sum(lane.pace.ceiling for lane in self.careful.lanes if not lane.refused) or 1.0

    async def honesty(self) -> "Mapping[str, Reachability | DishonestResolver]":
        """Check every resolver; one that lies is not asked again until it passes. What was found, by resolver."""
        from watcher.lookups.honesty import check_honesty

        async def check(server: "Server") -> "Reachability | DishonestResolver":
            try:
                found = await check_honesty(server, timeout=self.careful.timeout)
            except DishonestResolver as error:
                self.careful.refuse(server.name)
                return error
            self.careful.readmit(server.name)
            return found

        found = await asyncio.gather(*(check(server) for server in self.servers))
        for server, result in zip(self.servers, found, strict=True):
            if result == "honest":
                self.pulse.beat(Outcome.NXDOMAIN, server.name, clock().now())
        return {server.name: result for server, result in zip(self.servers, found, strict=True)}


def servers(chosen: "Settings") -> "tuple[Server, ...]":
    """The resolvers to ask: those of the settings, or the system's. Raises ConfigurationError."""
    from watcher.lookups.servers import parse_server
    from watcher.lookups.system_resolvers import system_resolvers

    return tuple(map(parse_server, chosen.dns.resolvers)) or system_resolvers()


@asynccontextmanager
async def network(chosen: "Settings", *, registration: bool = True) -> AsyncIterator[Network]:
    """Resolver, sweeper and registry client, closed at the end. Raises ConfigurationError."""
    from watcher import checks
    from watcher.core.addresses import is_global
    from watcher.data import load_suffixes
    from watcher.data.mail_operators import load_operators
    from watcher.feeds.sweeper import WatchedFiles
    from watcher.lookups.resolver import CarefulResolver
    from watcher.lookups.smtp_probe import SmtpProbe
    from watcher.lookups.suffix_servers import SuffixServers
    from watcher.lookups.suffix_sweep import SuffixSweeper
    from watcher.lookups.sweep_engine import ResolverSweeper
    from watcher.services.examine import Examiner
    from watcher.services.pulse import Pulse, PulsedResolver, PulsedSweeper

    now, suffixes, asked = clock(), load_suffixes(), servers(chosen)
    careful = CarefulResolver(
        asked,
        timeout=chosen.dns.timeout.total_seconds(),
        attempts=chosen.dns.attempts,
        max_rate=chosen.dns.max_rate,
        clock=now,
    )
    pulse = Pulse(now)
    registry = (
        bootstrap_registration.client(chosen.registration, now, heard=pulse.registry.heard) if registration else None
    )
    resolver = PulsedResolver(careful, pulse)
    plain = ResolverSweeper(careful, registrable_domain=suffixes.registrable_domain)
    source = SuffixServers(
        careful, is_global=is_global, max_rate=chosen.dns.max_rate, suffix_rate=chosen.sweep.max_rate_per_suffix
    )
    at_source = SuffixSweeper(plain, source, public_suffix=suffixes.public_suffix)
    asking = PulsedSweeper(at_source if chosen.sweep.existence == "suffix_servers" else plain, pulse, now)
    sweeper = WatchedFiles(chosen.sweep.names, asking, now) if chosen.sweep.names else asking
    examiner = Examiner(
        resolver,
        now,
        suffixes,
        checks.ALL,
        random_label,
        operators=load_operators(),
        prober=SmtpProbe(is_global, helo=chosen.smtp_probe.helo),
        recheck_suffixes=timedelta(days=7),
        authorities=_authorities(chosen, resolver, suffixes),
    )
    try:
        yield Network(asked, careful, resolver, sweeper, at_source, pulse, examiner, registry)
    finally:
        source.close()
        careful.close()
        if registry is not None:
            await registry.close()


def _authorities(chosen: "Settings", usual: "PulsedResolver", suffixes: "Suffixes") -> "Authorities | None":
    from watcher.core.addresses import is_global
    from watcher.lookups.authoritative import AuthoritativeServers

    if chosen.confirm.via != "authoritative":
        return None
    return AuthoritativeServers(
        usual,
        clock(),
        is_global=is_global,
        registrable_domain=suffixes.registrable_domain,
        timeout=chosen.dns.timeout.total_seconds(),
    )


def random_label() -> str:
    """A label that nobody can have registered or foreseen, for wildcard probes."""
    return "w" + secrets.token_hex(10)


# --- enumeration -------------------------------------------------------------------------------------------------


def enumeration(ours: "Ours | None" = None, words: Sequence[str] = ()) -> "Enumeration":
    """Candidates and resemblance over the bundled tables and the settings' `words`, leaving out what is ours."""
    from watcher.data import enumeration_version, load_tables
    from watcher.services.enumerate import Enumeration
    from watcher.techniques import ALL

    more = tuple(words)
    return Enumeration(load_tables(more), ALL, enumeration_version(more), ours)


def lookup(
    net: Network,
    *,
    store: "Store | None" = None,
    ours: "Ours | None" = None,
    names: "Enumeration | None" = None,
    relook: "Relook | None" = None,
) -> "Lookup":
    """Answers about any one name."""
    from watcher.core.verdict import Owner
    from watcher.services.lookup import Lookup

    return Lookup(
        clock=clock(),
        suffixes=suffixes(),
        looker=net.examiner,
        resembling=(names or enumeration(ours)).resembling,
        registry=net.registry,
        store=store,
        relook=None if relook is None else relook.now,
        owner=Owner if ours is None else lambda: ours.owner,
        confirms=len(net.servers) > 1,
    )


# --- watching ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Watching:
    """Everything that watches and tells, over one database."""

    store: "Store"
    net: Network
    ours: "Ours"
    enumeration: "Enumeration"
    relook: "Relook"
    registrations: "Registrations"
    probes: "Probes"
    sweep: "Sweep"
    notifier: "Notifier"
    vigil: "Vigil"
    channels: Mapping[str, "Channel"]
    upkeep: "Upkeep"

    async def check_resolvers(self) -> "Mapping[str, Reachability | DishonestResolver]":
        """The honesty check, its refusals recorded."""
        return await bootstrap_upkeep.checked(self.net.honesty, self.vigil)


def watching(
    chosen: "Settings",
    store: "Store",
    net: Network,
    *,
    found: "Found | None" = None,
    observe: "Observe" = lambda channel, result, seconds: None,  # noqa: ARG005 (what the names mean)
) -> Watching:
    """The services that `serve` and `sweep` drive; read `ours` before the first use."""
    from watcher.core.cadence import Cadence, Refresh
    from watcher.core.mail_state import Policy
    from watcher.services.notify import Notifier
    from watcher.services.ours import Ours
    from watcher.services.passes import tiers_from
    from watcher.services.probes import Probes
    from watcher.services.registrations import Registrations
    from watcher.services.relook import Relook
    from watcher.services.sweep import Sweep
    from watcher.services.vigil import Vigil
    from watcher.services.watch import Watch

    now, confirm = clock(), chosen.confirm
    soonest = min(interval for _, interval in chosen.sweep.tiers)
    names = enumeration(ours := Ours(store, suffixes()), chosen.techniques.words)
    watch = Watch(
        store=store,
        clock=now,
        policy=Policy(confirm.delay, confirm.losses, confirm.loss_gap, alone=len(net.servers) == 1),
        # nothing known is looked at more seldom than the best candidates are looked for
        cadence=Cadence(longest=soonest, retry=min(soonest, Cadence().retry)),
        refresh=Refresh(chosen.registration.refresh, chosen.registration.refresh_soon),
    )
    relook = Relook(
        store=store,
        examiner=net.examiner,
        watch=watch,
        ours=ours,
        clock=now,
        resemblance=names.resemblance,
        probe=chosen.smtp_probe.enabled,
        found=found,
    )
    registrations = Registrations(
        store=store,
        registry=net.registry,
        watch=watch,
        suffixes=names.tables.suffixes,
        clock=now,
        look_again=relook.now,
    )
    made = channels(chosen, store)
    notifier = Notifier(
        store,
        made,
        now,
        bootstrap_channels.policy(chosen.alerts, tuple(made), timezone=chosen.timezone),
        operator_of=lambda host: names.tables.suffixes.registrable_domain(host) or host,
        public_url=chosen.api.public_url,
        observe=observe,
    )
    sweep = Sweep(
        store=store,
        sweeper=net.sweeper,
        relook=relook,
        enumerate_=names.candidates,
        version=names.version,
        tiers=tiers_from(chosen.sweep.tiers),
        clock=now,
        budget=net.budget if chosen.sweep.existence == "resolver" else None,
        spare=chosen.sweep.spare,
        stamp=lambda: names.stamp,
    )
    probes = Probes(
        store=store,
        registry=net.registry,
        ours=ours,
        suffixes=names.tables.suffixes,
        enumerate_=names.candidates,
        look_at=relook.candidate,
        version=sweep.version,
        most=chosen.registration.probe_top,
        clock=now,
    )
    vigil = Vigil(
        store=store,
        resolver=net.resolver,
        pulse=net.pulse,
        clock=now,
        stale_after=chosen.vigil.stale_after,
        canary=bootstrap_upkeep.canary(chosen.vigil.canary, net.examiner),
    )
    kept = bootstrap_upkeep.upkeep(
        chosen,
        store=store,
        clock=now,
        examiner=net.examiner,
        resolver=net.resolver,
        registry=net.registry,
        ours=ours,
        watch=watch,
        pulse=net.pulse,
        budget=lambda: sweep.budget,
        channels=tuple(made),
        random_label=random_label,
        check_resolvers=lambda: bootstrap_upkeep.checked(net.honesty, vigil),
    )
    return Watching(store, net, ours, names, relook, registrations, probes, sweep, notifier, vigil, made, kept)


def suffixes() -> "Suffixes":
    """The bundled public suffix list and root."""
    from watcher.data import load_suffixes

    return load_suffixes()
