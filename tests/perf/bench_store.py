"""What PostgreSQL costs: upserts beside a bare COPY, claims and marks of a shard, and looks at pages of a grown database.

.venv/bin/python -m tests.perf.bench_store [ROWS]
"""

import asyncio
import contextlib
import io
import os
import sys
import time
from datetime import timedelta

import psycopg
from sqlalchemy import text

from tests.fakes.postgres import Postgres
from tests.fakes.sightings import explicit
from watcher.core.states.lookalike import Lookalike
from watcher.lookups.clock import SystemClock
from watcher.store import Store, event_log, lookalikes, protected_names, shards
from watcher.store.fences import ShardFence, fenced
from watcher.store.lookalikes import Wanted
from watcher.store.protected_names import ProtectedRow
from watcher.store.shards import Holder, Progress

EVENT = (
    "INSERT INTO events (id, kind, severity, name, registrable_domain, at, protected, body) "
    "SELECT lpad(to_hex(n), 8, '0') || '-0000-7000-8000-000000000000', 'mail_became_able', 'high', "
    "'name' || (n % 1000000) || '.ml', 'name' || (n % 1000000) || '.ml', now() - (n || ' seconds')::interval, "
    '\'["army.mil"]\', \'{"kind": "mail_became_able", "evidence": []}\' FROM generate_series(1, :rows) AS n'
)
ROW = (
    "INSERT INTO lookalikes (name, registrable_domain, public_suffix, unicode, state, ability, basis, severity, "
    "severity_reasons, next_look_at, first_seen_at) SELECT 'name' || n || '.ml', 'name' || n || '.ml', 'ml', "
    "'name' || n || '.ml', '{}', CASE n % 20 WHEN 0 THEN 'able' ELSE 'unable' END, 'explicit_mx', 'high', '[]', "
    "now() + (n || ' seconds')::interval, now() FROM generate_series(1, :rows) AS n"
)


async def timed(label, count, work):
    begun = time.perf_counter()
    result = await work()
    seconds = time.perf_counter() - begun
    print(f"{label}: {count / seconds:,.0f}/s, {seconds / count * 1e6:,.1f} us each", flush=True)
    return result


async def writes(store, url, rows):
    now = SystemClock().now()
    names = [f"bench{number}.ml" for number in range(rows)]
    made = [Lookalike(name, name, "ml", name, verdict=explicit(name, now), first_seen_at=now) for name in names]

    async def upsert():
        for start in range(0, rows, 500):
            part = made[start : start + 500]
            await store.write_all([lambda tx, part=part: lookalikes.save(tx, part)])

    def copied():
        with psycopg.connect(url) as session, session.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE bare (LIKE lookalikes INCLUDING DEFAULTS)")
            lines = io.StringIO()
            for row in made:
                lines.write(
                    f"{row.name}\t{row.name}\tml\t{row.name}\tlookalike\t{{}}\tunknown\tlookup_failed\tinfo\t[]\n"
                )
            columns = "name, registrable_domain, public_suffix, unicode, relation, state, ability, basis, severity, severity_reasons"
            with cursor.copy(f"COPY bare ({columns}) FROM STDIN") as copy:
                copy.write(lines.getvalue())

    await timed("bare COPY of rows", rows, lambda: asyncio.to_thread(copied))
    await timed("upserts of new rows", rows, upsert)
    await timed("upserts of rows that are there", rows, upsert)
    async with store.read() as tx:
        size = (await tx.execute(text("SELECT pg_total_relation_size('lookalikes')"))).scalar_one()
    print(f"a lookalike with its indexes after two writes: {size / rows:,.0f} bytes", flush=True)


async def bookkeeping(store, clock, candidates=10_000, times=50):
    """A shard of 10,000 candidates at 1,000 a second: claimed, begun, marked every five seconds, renewed once, finished."""
    names = [f"protected{number}.mil" for number in range(times)]
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow(name, "domain", clock.now()) for name in names])
        for name in names:
            await shards.plan(tx, name, [0], version="v")
    holder = Holder("bench", timedelta(seconds=30))

    async def one():
        now = clock.now()
        async with store.write() as tx:
            [shard] = await shards.claim_due(tx, 0, started_before=now, version="v", limit=1, holder=holder, now=now)
        fence = ShardFence(shard.protected, shard.tier, shard.epoch)
        async with store.write() as tx:
            await shards.start(tx, shard.protected, 0, version="v", total=candidates, at=now)
        async with store.write() as tx:
            await shards.renew(tx, [fence], holder=holder, now=now)
        for done in (5_000, 10_000):
            progress = Progress(done + 1, (), done, 0, now)
            await store.write_all(
                [lambda tx, progress=progress: shards.save_progress(tx, [(shard.protected, 0, progress)])]
            )
        async with store.write() as tx:
            await shards.finish(tx, shard.protected, 0, settled=candidates, unsettled=0, at=now)

    async def all_of_them():
        for _ in range(times):
            await one()

    await timed("bookkeeping of a shard of 10,000, a candidate", candidates * times, all_of_them)

    async def fence_only():
        with fenced(ShardFence(names[0], 0, 1)):
            for _ in range(1000):
                async with store.write():
                    pass

    async def bare():
        for _ in range(1000):
            async with store.write():
                pass

    await timed("a write transaction", 1000, bare)
    await timed("the same with a fence", 1000, fence_only)


async def growth(store, rows):
    async with store.write() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = 0"))
        await tx.execute(text(ROW), {"rows": rows})
    for _ in range(10):
        async with store.write() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            await tx.execute(
                text(EVENT.replace("generate_series(1", f"generate_series({_ * rows + 1}")), {"rows": (_ + 1) * rows}
            )
    async with store.write() as tx:
        await tx.execute(text("ANALYZE lookalikes"))
        await tx.execute(text("ANALYZE events"))
    pages = {
        "the newest 100 events": lambda tx: event_log.list_all(tx, newest_first=True, limit=100),
        "the history of a name": lambda tx: event_log.list_history(tx, "name4242.ml"),
        "a page of able lookalikes": lambda tx: lookalikes.list_all(tx, Wanted(ability="able"), limit=100),
        "the worst 100": lambda tx: lookalikes.list_worst(tx, Wanted(ability="able"), limit=100),
        "how many of each ability": lookalikes.count_abilities,
    }
    for label, page in pages.items():
        for _ in range(2):
            begun = time.perf_counter()
            async with store.read() as tx:
                with contextlib.suppress(KeyError, TypeError, ValueError):  # the made-up bodies are no events
                    await page(tx)
            seconds = time.perf_counter() - begun
        print(f"{label} among {rows:,} rows and {10 * rows:,} events: {seconds * 1000:,.1f} ms", flush=True)


async def main(rows):
    clock = SystemClock()
    with Postgres() as server:
        url = server.database()
        store = await Store.open_or_create(url, clock=clock)
        print(f"load {os.getloadavg()[0]:.1f}")
        await writes(store, url, 20_000)
        await bookkeeping(store, clock)
        await growth(store, rows)
        print(f"load {os.getloadavg()[0]:.1f}")
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
