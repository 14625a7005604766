"""The composition root: settings and bundled data become objects, by plain calls; nothing else reads settings."""

import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from watcher import bootstrap_channels, bootstrap_upkeep
from watcher.bootstrap_lookups import Network, clock, network, random_label, servers

if TYPE_CHECKING:
    from watcher.bootstrap_upkeep import Upkeep
    from watcher.core.errors import DishonestResolver
    from watcher.core.ports import Channel
    from watcher.core.suffixes import Suffixes
    from watcher.lookups.honesty import Reachability
    from watcher.services.enumerate import Enumeration
    from watcher.services.lookup import Lookup
    from watcher.services.notify import Notifier, Observe
    from watcher.services.ours import Ours
    from watcher.services.probes import Probes
    from watcher.services.registrations import Registrations
    from watcher.services.relook import Found, Relook
    from watcher.services.sweep import Sweep
    from watcher.services.vigil import Vigil
    from watcher.settings import Settings
    from watcher.store import Store

__all__ = [
    "Network",
    "Options",
    "Watching",
    "channels",
    "clock",
    "enumeration",
    "lookup",
    "network",
    "open_store",
    "random_label",
    "servers",
    "settings",
    "suffixes",
    "watching",
]


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
    from watcher.services.suffix_load import Allowance
    from watcher.services.sweep import Sweep
    from watcher.services.vigil import Vigil
    from watcher.services.watch import Watch

    now, confirm = clock(), chosen.confirm
    soonest = min(interval for _, interval in chosen.sweep.tiers)
    names = enumeration(ours := Ours(store, suffixes()), chosen.techniques.words)
    watch = Watch(
        store=store,
        clock=now,
        policy=Policy.among(
            len(net.servers),
            at_source=confirm.via == "authoritative",
            delay=confirm.delay,
            losses=confirm.losses,
            loss_gap=confirm.loss_gap,
        ),
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
    allowance = Allowance(
        net.budget,
        of_suffix=chosen.sweep.max_rate_per_suffix if chosen.sweep.existence == "suffix_servers" else None,
        names=lambda: ours.protected,
        enumerate_=names.candidates,
        public_suffix=names.tables.suffixes.public_suffix,
        tiers=[last for last, _ in chosen.sweep.tiers],
    )
    sweep = Sweep(
        store=store,
        sweeper=net.sweeper,
        relook=relook,
        enumerate_=names.candidates,
        version=names.version,
        tiers=tiers_from(chosen.sweep.tiers),
        clock=now,
        budget=allowance,
        count=allowance.count,
        spare=chosen.spare,
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
