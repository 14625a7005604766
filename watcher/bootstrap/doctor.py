"""The doctor: is everything fit to watch? Each item says what was looked at and, where not well, the mend."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from watcher.core.errors import ConfigurationError, DishonestResolver, WatcherError
from watcher.core.telling.counted import counted

if TYPE_CHECKING:
    from watcher.core.states.budget import SuffixLoad
    from watcher.store import Store

_OLD = timedelta(days=90)
_ENOUGH = 0.9
"""Share of a burst that has to be answered."""
_WELL_KNOWN = ("com", "org", "de", "uk")


@dataclass(frozen=True, slots=True)
class Examined:
    """One thing that was looked at. `state` is ok, warning or broken; only broken ones fail the doctor."""

    what: str
    state: str
    detail: str


async def examine(chosen: Any) -> list[Examined]:
    """Return what was found; the resolvers are asked, each with one burst at its rate."""
    parts = (_database(chosen), _lookups(chosen), _names(chosen), _channels(chosen), _api(chosen), _speed())
    return [item for part in parts for item in [item async for item in part]]


async def _database(chosen: Any) -> AsyncIterator[Examined]:
    from watcher.bootstrap.command import open_store
    from watcher.bootstrap.network import chosen_servers, system_clock
    from watcher.services.health.coverage import coverage_json
    from watcher.store import place_of, protected_names

    place = place_of(chosen.database_url.get_secret_value())
    try:
        if not await asyncio.to_thread(place.exists):
            none = f"none at {place.shown} yet; `watcher protect add NAME` or `serve` makes it"
            yield Examined("database", "warning", none)
            return
        async with open_store(chosen, create=False) as store:
            async with store.read() as tx:
                rows = await protected_names.list_all(tx)
            names = len(rows)
            coverage = await coverage_json(store, chosen.sweep.tiers, now=system_clock().now())
            company = [*(await _company(store) if store.shared else []), *await _feeds(chosen, store)]
    except WatcherError as error:
        yield Examined("database", "broken", str(error))
        return
    yield Examined(
        "database",
        "ok",
        f"{place.shown}, {counted(names, 'protected name')}, {counted(coverage['backlog'], 'look')} overdue",
    )
    for examined in company:
        yield examined
    with contextlib.suppress(ConfigurationError):  # told about the resolvers themselves
        max_rate, resolvers = chosen.dns.max_rate, len(chosen_servers(chosen))
        load = await _suffix_load(chosen, rows) if chosen.sweep.existence == "suffix_servers" else None
        yield plan(names, chosen.sweep.tiers, max_rate, resolvers, load, spare=chosen.spare)


async def _speed() -> AsyncIterator[Examined]:
    """Say whether the optional library for packed lists and zone files is in use."""
    from watcher.feeds.log_files import has_isal

    slower = "Python's own gzip reads them; isal, which the extra `mx-watcher[speed]` brings, takes half the time"
    yield Examined("packed lists", "ok", "isal reads them" if has_isal() else slower)


async def _feeds(chosen: Any, store: "Store") -> list[Examined]:
    """The feeds of the settings: when each last worked."""
    from watcher.bootstrap.network import system_clock
    from watcher.services.feeding.health import find_health, find_stale

    feeds = chosen.feeds.by_name
    health = await find_health(store)
    stale = await find_stale(store, {name: feed.every for name, feed in feeds.items()}, system_clock().now())
    found = []
    for name in feeds:
        known = health.get(name)
        if known is None:
            found.append(Examined(f"feed {name}", "warning", f"it never ran; `watcher feed run {name}` runs it"))
        elif (trouble := stale.get(f"feed.{name}") or known.error) is not None:
            found.append(Examined(f"feed {name}", "broken", trouble))
        else:
            worked = "not yet" if known.succeeded_at is None else f"{known.succeeded_at:%Y-%m-%d %H:%M} UTC"
            more = f", {len(known.logs)} logs, {known.behind} entries behind" if known.logs else ""
            found.append(Examined(f"feed {name}", "ok", f"worked at {worked}, {known.names} names{more}"))
    return found


async def _company(store: "Store") -> list[Examined]:
    """The processes that share the database: each alive one with what it does, and what is wrong."""
    from watcher.bootstrap.network import system_clock
    from watcher.services.health.attendance import find_troubles, list_workers

    now, every = await list_workers(store, system_clock())
    alive = [row.worker for row in every if row.alive]
    said = [
        Examined(
            f"{worker.kind} on {worker.host}",
            "ok",
            f"{worker.version}, {worker.doing or 'idle'}, seen {(now - worker.beat_at).total_seconds():.0f} s ago",
        )
        for worker in alive
    ]
    if not alive:
        said.append(Examined("workers", "warning", "no process works on this database; start `watcher serve`"))
    troubles = await find_troubles(store, system_clock())
    return [*said, *(Examined(name, "warning", text) for name, text in troubles.items())]


async def _suffix_load(chosen: Any, rows: Any) -> "SuffixLoad":
    from watcher.bootstrap.command import build_enumeration
    from watcher.core.states.budget import SuffixLoad
    from watcher.services.sweeps.suffix_load import suffix_load

    made = build_enumeration(words=chosen.techniques.words, share=chosen.share)
    last = [rank for rank, _ in chosen.sweep.tiers]
    under = await suffix_load(rows, made.candidates, made.tables.suffixes.public_suffix, last)
    return SuffixLoad(chosen.sweep.max_rate_per_suffix, under)


def plan(
    names: int, tiers: Any, max_rate: float, resolvers: int, load: "SuffixLoad | None" = None, *, spare: float = 0.0
) -> Examined:
    """Examine whether a sweep of `names` at the tiers' intervals fits the rate of the resolvers or suffix servers."""
    if not names:
        return Examined("plan", "warning", "nothing is protected; `watcher protect add NAME`")
    from watcher.core.states.budget import Budget, first_sweep, needed, stretches

    rate, budget = sum(needed(tiers, names)), max_rate * resolvers
    busiest = None if load is None else load.busiest(tiers, names)
    if load is None or busiest is None:
        detail = (
            f"{_need(names)} {rate:,.1f} questions/s, {counted(resolvers, 'resolver')} at {max_rate:g}/s "
            f"{'gives' if resolvers == 1 else 'give'} {budget:,.0f}; "
            f"a first sweep takes {_long(first_sweep(tiers, names, budget, spare=spare))} and has seen "
            f"{_seen(names, tiers, budget, spare)}"
        )
        mend = "raise dns.max_rate on a resolver of your own"
    else:
        suffix, under = busiest
        detail = (
            f"{_need(names)} {under:,.1f} questions/s of the nameservers of .{suffix}, the busiest suffix, which "
            f"are asked at most {load.most:g}; a first sweep takes "
            f"{names * sum(load.candidates[suffix]) / load.most / 60:,.0f} minutes there"
        )
        mend = "raise sweep.max_rate_per_suffix if its operator agrees"
    stretched = stretches(tiers, names, Budget(budget, load), spare=spare)
    if stretched[0] < 1:
        sooner = _long(tiers[0][1] * stretched[0])
        detail += f"; what the plan leaves free is spent on looking sooner, to rank {tiers[0][0]:,} every {sooner}"
    if stretched[-1] > 1:
        shown = ", ".join(
            f"to rank {last:,} {tier:.1f} times" for (last, _), tier in zip(tiers, stretched, strict=True) if tier > 1
        )
        more = f"{detail}: intervals stretch, the tail first ({shown}); {mend}"
        return Examined("plan", "warning", f"{more}, or lengthen sweep.tiers")
    return Examined("plan", "ok", detail)


def _need(names: int) -> str:
    return f"{names} {'name needs' if names == 1 else 'names need'}"


def _long(time: timedelta) -> str:
    """In minutes, hours or days."""
    seconds = time.total_seconds()
    for unit, size in (("days", 86_400), ("hours", 3600)):
        if seconds >= 2 * size:
            return f"{seconds / size:,.0f} {unit}"
    return f"{seconds / 60:,.0f} minutes"


def _seen(names: int, tiers: Any, budget: float, spare: float) -> str:
    """Say what a start from nothing has seen after a minute, an hour, a day, until that is everything."""
    from watcher.core.states.budget import outlook

    moments = {"a minute": timedelta(minutes=1), "an hour": timedelta(hours=1), "a day": timedelta(days=1)}
    said = []
    for word, shares in zip(moments, outlook(tiers, names, budget, list(moments.values()), spare=spare), strict=True):
        parts = [
            f"{'all' if share == 1 else f'{share:.1%}'} to rank {last:,}"
            for share, (last, _) in zip(shares, tiers, strict=True)
            if share
        ]
        said.append(f"after {word} {', '.join(parts)}")
        if shares[-1] == 1:
            break
    return "; ".join(said)


async def _lookups(chosen: Any) -> AsyncIterator[Examined]:
    from watcher.bootstrap.network import open_network, system_clock
    from watcher.data.dates import RDAP_BOOTSTRAP, dates

    now = system_clock().now()
    yield lists({name: day for name, day in dates().items() if name != RDAP_BOOTSTRAP}, now)
    try:
        async with open_network(chosen) as net:
            resolvers = await net.honesty()
            for server in net.servers:
                found = resolvers[server.name]
                yield _resolver(server.name, found)
                if found == "honest":
                    yield await _rate(server, chosen)
            if "honest" in resolvers.values():  # else their servers cannot even be found
                yield await _suffix_servers(chosen, net)
            if net.registry is None:
                yield Examined("registries", "warning", "registration.enabled is false: nobody says who holds a name")
            else:
                yield _registries(net.registry.bootstrap_published_at, now)
    except ConfigurationError as error:
        yield Examined(error.setting, "broken", error.why)


def lists(dates: Mapping[str, date], now: datetime) -> Examined:
    """Examine the age of the lists that come with watcher and that registries change."""
    old = [f"{name} is of {day}" for name, day in dates.items() if now.date() - day > _OLD]
    if old:
        return Examined("lists", "warning", f"{', '.join(old)}: names under newer suffixes are missed; update watcher")
    return Examined("lists", "ok", ", ".join(f"{name} is of {day}" for name, day in dates.items()))


def _registries(published: datetime | None, now: datetime) -> Examined:
    if published is None:
        return Examined("registries", "ok", "RDAP bootstrap of unknown date")
    detail = f"RDAP bootstrap of {published:%Y-%m-%d}"
    if now - published > _OLD:
        return Examined("registries", "warning", f"{detail}: old; `serve` fetches a new one, or install a new version")
    return Examined("registries", "ok", detail)


async def _rate(server: Any, chosen: Any) -> Examined:
    """Examine whether a resolver bears what it is to be asked."""
    from watcher.lookups.dns.burst import burst

    most = chosen.dns.max_rate
    tried = await burst(server, rate=most, timeout=chosen.dns.timeout.total_seconds())
    detail = f"{tried.answered} of {tried.asked} questions answered at {tried.rate:,.0f}/s; dns.max_rate is {most:g}"
    if tried.answered >= _ENOUGH * tried.asked:
        return Examined(f"rate {server.name}", "ok", detail)
    return Examined(f"rate {server.name}", "warning", f"{detail}: lower it, or name a resolver of your own")


async def _names(chosen: Any) -> AsyncIterator[Examined]:
    for file in chosen.sweep.names:
        if not file.is_file():
            yield Examined("sweep.names", "broken", f"there is no file {file}; what it should name is not looked at")


async def _api(chosen: Any) -> AsyncIterator[Examined]:
    """Examine whether whoever can reach the API needs a token."""
    from watcher.bootstrap.api import is_local, parse_listen
    from watcher.bootstrap.command import open_store
    from watcher.services.names.tokens import any_valid
    from watcher.store import place_of

    host = parse_listen(chosen.api.listen)[0]
    if is_local(host):
        return
    needed = False
    with contextlib.suppress(WatcherError):  # told about the database itself
        if await asyncio.to_thread(place_of(chosen.database_url.get_secret_value()).exists):
            async with open_store(chosen, create=False) as store:
                needed = await any_valid(store)
    if not needed:
        why = f"{host} is not loopback, and nobody needs a token yet: `watcher token create NAME` first"
        yield Examined("api.listen", "broken", why)


async def _suffix_servers(chosen: Any, net: Any) -> Examined:
    from watcher.bootstrap.network import random_label
    from watcher.lookups.existence.sweepers import reached

    found = await reached(net.at_source, _WELL_KNOWN, random_label())
    silent = [suffix for suffix, works in found.items() if not works]
    asked = chosen.sweep.existence == "suffix_servers"
    if not silent:
        return Examined("suffix servers", "ok", f"answer from here; sweep.existence is {chosen.sweep.existence!r}")
    detail = f"those of {', '.join(silent)} do not answer from here"
    if asked:
        return Examined("suffix servers", "warning", f"{detail}: the resolvers are asked instead")
    return Examined("suffix servers", "ok", f"{detail}; sweep.existence = 'resolver' does not need them")


def _resolver(name: str, found: Any) -> Examined:
    what = f"resolver {name}"
    if isinstance(found, DishonestResolver):
        return Examined(what, "broken", f"not honest: {found.why}; never used. Name an unfiltered one in dns.resolvers")
    details = {
        "honest": ("ok", "answers, and does not rewrite or filter"),
        "stripping": (
            "broken",
            (
                "says that names do not exist without the SOA record that shows who says so, as dnsmasq and many home "
                "routers do: every absent name would stay unknown. Name the resolver behind it in dns.resolvers"
            ),
        ),
        "failing": ("broken", "replies but resolves nothing: it refuses this machine, or is cut off from the Internet"),
        "unreachable": ("broken", "does not answer: is there a network, is port 53 open? dns.resolvers names another"),
    }
    return Examined(what, *details[str(found)])


async def _channels(chosen: Any) -> AsyncIterator[Examined]:
    from watcher.bootstrap.channels import build_channels

    try:
        made = build_channels(chosen)
    except ConfigurationError as error:
        yield Examined(error.setting, "broken", error.why)
        return
    if not made:
        yield Examined("channels", "warning", "none is configured: nobody is told. See docs/how-to/alerts-to-slack.md")
    for name in made:
        if name == "command" and shutil.which(chosen.alerts.command[0]) is None:
            why = f"there is no program {chosen.alerts.command[0]!r} that can be run; mend alerts.command"
            yield Examined("channel command", "broken", why)
            continue
        yield Examined(f"channel {name}", "ok", "configured; `watcher channels test` shows whether messages arrive")
