"""The services that watch and alert, put together by plain calls."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from watcher.bootstrap.channels import build_channels, routing_policy
from watcher.bootstrap.command import build_enumeration
from watcher.bootstrap.feeding import build_feeding
from watcher.bootstrap.network import SECOND_TRY, Network, random_label, system_clock
from watcher.bootstrap.upkeep import build_canary, build_upkeep, check_honesty
from watcher.bootstrap.workers import join_company

if TYPE_CHECKING:
    from watcher.bootstrap.upkeep import Upkeep
    from watcher.bootstrap.workers import Company
    from watcher.core.errors import DishonestResolver
    from watcher.core.ports import Channel
    from watcher.lookups.dns.honesty import Reachability
    from watcher.services.feeding.feeding import Feeding
    from watcher.services.health.vigil import Vigil
    from watcher.services.looks.probes import Probes
    from watcher.services.looks.registrations import Registrations
    from watcher.services.looks.relook import Found, Relook
    from watcher.services.names.own import Ours
    from watcher.services.sweeps.enumerate import Enumeration
    from watcher.services.sweeps.sweep import Sweep
    from watcher.services.telling.notify import Notifier, Observe
    from watcher.settings.settings import Settings
    from watcher.store import Store


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
    feeding: "Feeding"

    async def check_resolvers(self) -> "Mapping[str, Reachability | DishonestResolver]":
        """The honesty check, its refusals recorded."""
        return await check_honesty(self.net.honesty, self.vigil)


def build_watching(
    chosen: "Settings",
    store: "Store",
    net: Network,
    *,
    company: "Company | None" = None,
    found: "Found | None" = None,
    observe: "Observe" = lambda channel, result, seconds, reason: None,  # noqa: ARG005 (what the names mean)
) -> Watching:
    """The services that `serve` and `sweep` drive; read `ours` before the first use."""
    from watcher.core.states.cadence import Cadence, Refresh
    from watcher.core.states.mail_state import Policy
    from watcher.data import load_suffixes
    from watcher.services.health.vigil import Vigil
    from watcher.services.looks.probes import Probes
    from watcher.services.looks.registrations import Registrations
    from watcher.services.looks.relook import Relook
    from watcher.services.looks.watch import Watch
    from watcher.services.names.own import Ours
    from watcher.services.sweeps.controls import Controls
    from watcher.services.sweeps.passes import tiers_from
    from watcher.services.sweeps.suffix_load import Allowance
    from watcher.services.sweeps.sweep import Sweep
    from watcher.services.telling.notify import Notifier

    now, confirm = system_clock(), chosen.confirm
    company = company or join_company(store, net, now, kind="command")
    soonest = min(interval for _, interval in chosen.sweep.tiers)
    names = build_enumeration(ours := Ours(store, load_suffixes()), chosen.techniques.words, chosen.share)
    watch = Watch(
        store=store,
        clock=now,
        policy=Policy.among(
            len(net.servers),
            at_source=confirm.via == "authoritative",
            delay=confirm.delay,
            losses=confirm.losses,
            loss_gap=confirm.loss_gap,
            back_within=confirm.back_within,
            flaps=confirm.flapping[0],
            flaps_within=confirm.flapping[1],
            registrable_domain=names.tables.suffixes.registrable_domain,
        ),
        # nothing known is looked at more seldom than the best candidates are looked for
        cadence=Cadence(
            owned=min(chosen.sweep.own, 24 * soonest),
            longest=soonest,
            retry=min(soonest, Cadence().retry),
            retry_most=soonest,
        ),
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
        patience=chosen.dns.timeout + SECOND_TRY,
        busy=lambda: net.careful.busy,
        found=found,
        owner=company.owner,
    )
    registrations = Registrations(
        store=store,
        registry=net.registry,
        watch=watch,
        suffixes=names.tables.suffixes,
        clock=now,
        look_again=relook.now,
    )
    made = build_channels(chosen, store)
    notifier = Notifier(
        store,
        made,
        now,
        routing_policy(chosen.alerts, tuple(made), timezone=chosen.timezone),
        operator_of=lambda host: names.tables.suffixes.registrable_domain(host) or host,
        public_url=chosen.api.public_url,
        observe=observe,
        owner=company.owner,
    )
    allowance = Allowance(
        lambda: net.budget() * company.live(),
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
        controls=Controls(net.asking, now),
        holder=company.holder,
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
        canary=build_canary(chosen.vigil.canary, net.examiner),
        blind_passes=lambda: sweep.blind_passes,
    )
    kept = build_upkeep(
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
        channels=made,
        random_label=random_label,
        check_resolvers=lambda: check_honesty(net.honesty, vigil),
    )
    feeding = build_feeding(chosen, store, names, company)
    return Watching(store, net, ours, names, relook, registrations, probes, sweep, notifier, vigil, made, kept, feeding)
