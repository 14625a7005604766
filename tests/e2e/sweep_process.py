"""A sweep over made-up candidates in a process of its own, to be killed: `python -m tests.e2e.sweep_process DB PORT`.

Five protected names with 20,000 candidates each under `.ml`; those whose label begins with x exist.
"""

import asyncio
import sys
from datetime import timedelta

from watcher import checks
from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.slips.candidates import Candidate
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.sweepers import ResolverSweeper
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.services.sweeps.passes import tiers_from
from watcher.services.sweeps.sweep import Sweep
from watcher.store import Store

NAMES = tuple(f"{name}.mil" for name in ("army", "navy", "jag", "socom", "centcom"))
EACH = 20_000
TIERS = ((200, timedelta(hours=1)), (2_000, timedelta(hours=6)), (EACH, timedelta(days=1)))


def exists(name: str, rank: int) -> bool:
    """One candidate in a thousand exists."""
    return rank % 1000 == len(name) * 7


def candidate(name: str, rank: int) -> Candidate:
    label = f"{'x' if exists(name, rank) else 'a'}{name.partition('.')[0]}{rank}"
    domain = Fqdn(f"{label}.ml")
    return Candidate(domain, domain, ("omission",), 1 / rank, 0.5, rank, (), Fqdn(name))


async def sweep(database: str, port: int, *, max_rate: float = 8_000) -> None:
    clock, suffixes = SystemClock(), load_suffixes()
    store = await Store.open_or_create(f"sqlite:///{database}", clock=clock)
    await protect(store, NAMES, suffixes=suffixes, now=clock.now())
    ours = Ours(store, suffixes)
    await ours.read()
    resolver = CarefulResolver([Server("127.0.0.1", port)], max_rate=max_rate, clock=clock)
    relook = Relook(
        store=store,
        examiner=Examiner(resolver, clock, suffixes, checks.ALL, lambda: "nobody"),
        watch=Watch(store=store, clock=clock),
        ours=ours,
        clock=clock,
        resemblance=lambda one: Resemblance(one.protected, one.techniques, one.likelihood, "made up", one.rank),
    )
    made = Sweep(
        store=store,
        sweeper=ResolverSweeper(resolver),
        relook=relook,
        enumerate_=lambda row, first, last: (candidate(row.name, rank) for rank in range(first, last + 1)),
        version="1",
        tiers=tiers_from(TIERS),
        clock=clock,
        stamp=lambda: "1",
    )
    print("sweeping", flush=True)
    report = await made.run(once=True)
    print(report, flush=True)
    resolver.close()
    await store.close()


if __name__ == "__main__":
    asyncio.run(sweep(sys.argv[1], int(sys.argv[2])))
