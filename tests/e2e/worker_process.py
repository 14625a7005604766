"""One of several processes that sweep made-up candidates together: `python -m tests.e2e.worker_process URL PORT LEASE RATE`.

The candidates are those of `sweep_process`. It goes on until every shard has been finished once.
"""

import asyncio
import sys
from datetime import timedelta

from tests.e2e.sweep_process import EACH, TIERS, candidate
from watcher import checks
from watcher.core.errors import StoreError
from watcher.core.events import Resemblance
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server
from watcher.lookups.existence.sweepers import ResolverSweeper
from watcher.services.lease_owner import this_process
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.sweeps.passes import tiers_from
from watcher.services.sweeps.sweep import Sweep
from watcher.store import Store, shards
from watcher.store.database import StorePatience
from watcher.store.shards import Holder


async def unfinished(store: Store) -> bool:
    async with store.read() as tx:
        found = await shards.list_all(tx)
    return not found or any(shard.last_finished_at is None for shard in found)


async def work(url: str, port: int, lease: float, max_rate: float) -> None:
    clock, suffixes, owner = SystemClock(), load_suffixes(), this_process()
    named = f"{url}?application_name={owner.rpartition(':')[2]}"
    patience = StorePatience(print, lambda: asyncio.sleep(0.1))
    store = await Store.open_patiently(named, patience, clock=clock)
    ours = Ours(store, suffixes)
    await patience.until_done(ours.read)
    resolver = CarefulResolver([Server("127.0.0.1", port)], max_rate=max_rate, clock=clock)
    relook = Relook(
        store=store,
        examiner=Examiner(resolver, clock, suffixes, checks.ALL, lambda: "nobody"),
        watch=Watch(store=store, clock=clock),
        ours=ours,
        clock=clock,
        resemblance=lambda one: Resemblance(one.protected, one.techniques, one.likelihood, "made up", one.rank),
        owner=owner,
    )
    sweep = Sweep(
        store=store,
        sweeper=ResolverSweeper(resolver),
        relook=relook,
        enumerate_=lambda row, first, last: (candidate(row.name, rank) for rank in range(first, min(last, EACH) + 1)),
        version="1",
        tiers=tiers_from(TIERS),
        clock=clock,
        stamp=lambda: "1",
        holder=Holder(owner.rpartition(":")[2], timedelta(seconds=lease)),
    )
    print("working", flush=True)
    try:
        while True:
            try:
                if not await unfinished(store):
                    break
                await sweep.run()
            except* StoreError as errors:  # the server restarts: what was under way is taken up again
                print(errors.exceptions[0], flush=True)
            await asyncio.sleep(0.1)
    finally:
        resolver.close()
        await store.close()
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))
