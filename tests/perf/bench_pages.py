"""Server time of every page over a million lookalikes and ten million events, on SQLite and on PostgreSQL.

.venv/bin/python -m tests.perf.bench_pages build DATABASE_URL [LOOKALIKES EVENTS]
.venv/bin/python -m tests.perf.bench_pages measure DATABASE_URL [ROUNDS]
"""

import asyncio
import gzip
import json
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from aiohttp import ClientSession, web
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from tests.fakes.api_client import VERSION, World, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.core.shapes.events import event_json
from watcher.lookups.clock import SystemClock
from watcher.services.health.trends import Trends
from watcher.services.looks.examine import Examiner
from watcher.services.looks.watch import Watch
from watcher.store import Store, event_log, lookalikes, tables
from watcher.store.lookalikes import _cells
from watcher.web import pages

WORDS = [
    "army",
    "navy",
    "mail",
    "shop",
    "bank",
    "post",
    "city",
    "land",
    "tech",
    "data",
    "cloud",
    "media",
    "house",
    "green",
    "north",
    "south",
    "river",
    "stone",
    "light",
    "point",
    "market",
    "garden",
    "school",
    "health",
    "travel",
    "energy",
    "office",
    "studio",
    "music",
    "sport",
]
PROTECTED = 500

VIEWS = (
    "/", "/lookalikes", "/lookalikes?ability=able", "/lookalikes?ability=able&triage=new", "/lookalikes?sort=name",
    "/lookalikes?sort=newest", "/lookalikes?q=army", "/lookalikes?q=army-2f", "/lookalikes?q=zzqx", "/lookalikes?q=ar",
    "/lookalikes?severity=critical", "/lookalikes?severity=high&ability=unable", "/lookalikes?basis=null_mx",
    "/lookalikes?protected=p7.mil", "/lookalikes?protected=p7.mil&sort=newest", "/lookalikes?technique=omission",
    "/lookalikes?grade=block", "/lookalikes?flag=parked", "/lookalikes?registrar=Registrar%207", "/lookalikes?triage=blocked",
    "/lookalikes?exchange=google.com", "/lookalikes?exchange=mx.navy-1", "/lookalikes?since=2026-11-20T00:00:00Z",
    "/lookalikes?q=mail&protected=p3.mil&sort=name", "/lookalikes?all_hosts=true", "/names/{name}", "/protected",
    "/protected/p7.mil", "/protected?remove=p7.mil", "/block-list", "/events", "/events?kind=mail_became_able",
    "/events?name={name}", "/events?sent=none", "/events?kind=lapsed&sent=digest", "/deliveries",
    "/deliveries?status=rejected", "/deliveries?channel=slack", "/channels", "/silences",
    "/silences?scope=suffix&value=ml", "/silences?scope=technique&value=omission", "/feeds", "/workers", "/health",
    "/audit", "/tokens",
)  # fmt: skip


async def _samples(folder: Path) -> tuple[dict[str, object], str]:
    """Return the cells of one lookalike that was seen, and one event of it, as the templates of a million."""
    world = await make_world(folder)
    await world.protect("army.mil")
    await world.see("army.ml", "army.mil")
    async with world.store.read() as tx:
        row = await lookalikes.find(tx, "army.ml")
        (event,) = await event_log.list_all(tx, limit=1)
    assert row is not None
    await world.store.close()
    return _cells(row), json.dumps(event_json(replace(event, evidence=())))


class Sql:
    """The few words in which the two databases differ."""

    def __init__(self, dialect: str) -> None:
        self.postgresql = dialect == "postgresql"

    def rows(self, last: int) -> str:
        if self.postgresql:
            return f"(SELECT generate_series(1, {last}) AS n) AS numbers"
        return f"(WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < {last}) SELECT n FROM c)"

    def hex(self, value: str, width: int = 0) -> str:
        if self.postgresql:
            return f"lpad(to_hex({value}), {width}, '0')" if width else f"to_hex({value})"
        return f"printf('%0{width}x', {value})" if width else f"printf('%x', {value})"

    def json(self, value: str) -> str:
        return f"({value})::json" if self.postgresql else value

    def at(self, seconds: str) -> str:
        if self.postgresql:
            return f"now() - (({seconds}) || ' seconds')::interval"
        return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({seconds}) || ' seconds') || '000'"


def build(url: str, many: int, happened: int) -> None:
    """Fill an empty database by SQL; the indexes are made at the end."""
    with tempfile.TemporaryDirectory() as folder:
        cells, event = asyncio.run(_samples(Path(folder)))
    asyncio.run(_make(url))
    made = make_url(url)
    engine = create_engine(made if made.get_backend_name() == "sqlite" else made.set(drivername="postgresql+psycopg"))
    sql = Sql(engine.dialect.name)
    indexes = [index for name in ("lookalikes", "resemblances", "traits", "events", "outbox", "alerts", "deliveries")
               for index in tables.metadata.tables[name].indexes]  # fmt: skip
    with engine.begin() as tx:
        if not sql.postgresql:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
                tx.exec_driver_sql(f"PRAGMA {pragma}")
            for trigger in ("added", "gone"):
                tx.exec_driver_sql(f"DROP TRIGGER lookalike_words_{trigger}")
        for index in indexes:
            tx.exec_driver_sql(f"DROP INDEX {index.name}")
        for statement in _filling(sql, cells, event, many, happened):
            begun = time.perf_counter()
            tx.execute(text(statement.replace(":", "\\:")))
            print(f"{statement.split('(')[0].strip()}: {time.perf_counter() - begun:.0f} s", flush=True)
    for index in indexes:
        begun = time.perf_counter()
        index.create(engine)
        print(f"{index.name}: {time.perf_counter() - begun:.0f} s", flush=True)
    with engine.connect() as tx:
        if not sql.postgresql:
            tx.exec_driver_sql("INSERT INTO lookalike_words (name, unicode) SELECT name, unicode FROM lookalikes")
            tx.commit()
            tx.exec_driver_sql("PRAGMA journal_mode=WAL")
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tx:
        tx.exec_driver_sql("ANALYZE")
    engine.dispose()


async def _make(url: str) -> None:
    await (await Store.open_or_create(url, clock=SystemClock())).close()


def _filling(sql: Sql, cells: dict[str, object], event: str, many: int, happened: int):
    from watcher.core.shapes.times import time_json

    def said(value: object) -> str:
        return "'" + json.dumps(value).replace("'", "''") + "'"

    verdict, state = said(cells["verdict"]), said(cells["state"])
    pick = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(WORDS))
    label = f"CASE n % {len(WORDS)} {pick} END || '-' || {sql.hex('n')}"
    name = f"({label} || '.ml')"
    ability = "CASE WHEN n % 10 = 0 THEN 'able' WHEN n % 10 = 1 THEN 'unknown' ELSE 'unable' END"
    rank = "CASE WHEN n % 10 = 0 THEN (n / 10) % 4 ELSE 2 + n % 3 END"
    severity = (
        f"CASE {rank} WHEN 0 THEN 'critical' WHEN 1 THEN 'high' WHEN 2 THEN 'medium' WHEN 3 THEN 'low' ELSE 'info' END"
    )
    triage = "CASE WHEN n % 1000 = 0 THEN 'blocked' WHEN n % 100 = 1 THEN 'ignored' ELSE 'new' END"
    facts = (
        """'{"domain": "' || """
        + name
        + """ || '", "status": "registered", "source": "rdap", "registrar": "Registrar ' || (n % 500) """
        """|| '", "registrar_iana_id": null, "created_at": null, "updated_at": null, "expires_at": null, "statuses": [], """
        """"nameservers": ["ns' || (n % 50000) || '.host.example"], "registrant": {"organisation": "Holder ' || (n % 100000) """
        """|| '", "country": null}, "abuse_email": null, "abuse_phone": null, "fetched_at": """
        + '"2026-11-01T00:00:00Z", "reason": null}\''
    )
    yield (
        "INSERT INTO protected (name, kind, owner, tags, created_at) "
        f"SELECT 'p' || n || '.mil', 'domain', 'team', {sql.json(said([]))}, {sql.at('100')} FROM {sql.rows(PROTECTED)}"
    )
    yield (
        "INSERT INTO shards (protected, tier, enumeration_version, last_started_at, last_finished_at, settled, total) "
        f"SELECT 'p' || (1 + n / 3) || '.mil', n % 3, '1', {sql.at('n')}, {sql.at('n')}, 200, 200 "
        f"FROM {sql.rows(3 * PROTECTED - 3)}"
    )
    yield (
        "INSERT INTO lookalikes (name, registrable_domain, public_suffix, unicode, state, ability, basis, severity, "
        "severity_reasons, next_look_at, attempted_at, settled_at, last_outcome, first_seen_at, registration, triage, "
        "triage_at, verdict, severity_rank, wildcard_of) "
        f"SELECT {name}, {name}, 'ml', {name}, {sql.json(state)}, {ability}, "
        f"CASE WHEN n % 10 = 0 THEN 'explicit_mx' WHEN n % 50 = 3 THEN 'null_mx' ELSE 'no_mail_host' END, {severity}, "
        f"{sql.json(said(['it can receive mail']))}, {sql.at('-86400 - n % 86400')}, {sql.at('n % 86400')}, {sql.at('n % 86400')}, 'settled', "
        f"{sql.at('n * 60')}, {sql.json(facts)}, {triage}, CASE WHEN n % 100 < 2 THEN {sql.at('n')} END, "
        f"{sql.json(f'replace({verdict}, ' + chr(39) + 'army.ml' + chr(39) + f', {name})')}, {rank}, "
        f"CASE WHEN n % 5 = 4 THEN 'wild' || (n / 300) || '.ml' END FROM {sql.rows(many)}"
    )
    techniques = (
        "omission",
        "suffix_edit",
        "homoglyph",
        "addition",
        "transposition",
        "hyphenation",
        "keyboard",
        "vowel_swap",
    )
    technique = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(techniques))
    yield (
        "INSERT INTO resemblances (name, protected, techniques, likelihood, explanation, rank, grade, grade_reason) "
        f"SELECT {name}, 'p' || (1 + n % {PROTECTED}) || '.mil', "
        + sql.json(f"'[\"' || CASE n % 8 {technique} END || '\"]'")
        + f", 1.0 / n, 'the letter `a` left out', n % 20000, CASE WHEN n % 100 = 0 THEN 'block' ELSE 'warn' END, '' "
        f"FROM {sql.rows(many)}"
    )
    for kind, value in (
        ("exchange", f"'mx.' || {name}"), ("exchange", name),
        ("registrar", "'Registrar ' || (n % 500)"), ("registrant", "'Holder ' || (n % 100000)"),
        ("nameserver", "'ns' || (n % 50000) || '.host.example'"),
        ("technique", f"CASE n % 8 {technique} END"),
    ):  # fmt: skip
        yield f"INSERT INTO traits (kind, value, name) SELECT '{kind}', {value}, {name} FROM {sql.rows(many)}"
    yield (
        f"INSERT INTO traits (kind, value, name) SELECT 'exchange', 'google.com', {name} FROM {sql.rows(many)} WHERE n % 5 = 0"
    )
    yield f"INSERT INTO traits (kind, value, name) SELECT 'flag', 'parked', {name} FROM {sql.rows(many)} WHERE n % 700 = 0"
    sample = "'" + event.replace("'", "''") + "'"
    old = json.loads(event)
    identity = f"{sql.hex(f'{1 << 28} + n', 8)} || '-0000-7000-8000-000000000000'"
    kinds = "CASE WHEN n % 1000 = 0 THEN 'mail_became_able' WHEN n % 1000 = 1 THEN 'mail_became_unable' WHEN n % 50000 = 2 THEN 'lapsed' WHEN n % 3 = 0 THEN 'registration_changed' ELSE 'lookalike_found' END"
    of = (
        f"(SELECT n AS e, 1 + (n * 7919) % {many} AS n FROM {sql.rows(happened)} AS inner_rows)"
        if not sql.postgresql
        else f"(SELECT n AS e, (1 + (n::bigint * 7919) % {many})::int AS n FROM {sql.rows(happened)})"
    )
    identity, kinds = identity.replace("+ n", "+ e"), kinds.replace("n %", "e %")
    body = f"replace(replace(replace({sample}, '{old['id']}', {identity}), 'army.ml', {name}), '\"{old['kind']}\"', '\"' || {kinds} || '\"')"
    yield (
        "INSERT INTO events (id, kind, severity, name, registrable_domain, at, protected, body) "
        f"SELECT {identity}, {kinds}, 'medium', {name}, {name}, {sql.at(f'({happened} - e) * 6')}, {sql.json(said(['army.mil']))}, "
        f"{sql.json(body)} FROM {of} AS of"
    )
    yield (
        "INSERT INTO outbox (event_id, group_key, created_at, decision, reason, part, decided_at) "
        f"SELECT {identity}, 'g', {sql.at(f'({happened} - e) * 6')}, CASE WHEN e % 1000 = 0 THEN 'page' WHEN e % 7 = 0 THEN 'digest' ELSE 'none' END, "
        f"'its kind is in the digest', 'p', {sql.at('1')} FROM {of} AS of"
    )
    del time_json


@asynccontextmanager
async def serving(url: str) -> AsyncIterator[tuple[str, World, list[float]]]:
    """Serve the pages over a database; yields the address, and the seconds that each answer took."""
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        spare = await make_world(Path(folder))
        await spare.store.close()
    store = await Store.open_existing(url, clock=clock)
    examiner: Examiner = spare.examiner
    world = World(store, clock, spare.resolver, examiner, Watch(store=store, clock=clock, jitter=lambda: 0.0))  # type: ignore[arg-type]
    took: list[float] = []

    @web.middleware
    async def timed(request: web.Request, handler):
        begun = time.perf_counter()
        try:
            return await handler(request)
        finally:
            took.append(time.perf_counter() - begun)

    tiers = ((200, timedelta(hours=1)), (2000, timedelta(hours=6)), (20000, timedelta(hours=24)))
    app = make_app(make_parts(world, tiers=tiers, poll_seconds=1.0), (*every_endpoint(VERSION), *pages.ENDPOINTS))
    app.middlewares.insert(0, timed)
    await Trends(store, clock).keep()
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", world, took
    finally:
        await runner.cleanup()
        await store.close()


async def measure(url: str, rounds: int) -> None:
    """Print for each view the median and the 99th percentile of the server's time, and its size over the wire."""
    async with serving(url) as (address, world, took), ClientSession() as session:
        async with world.store.read() as tx:
            names = list((await tx.execute(text("SELECT name FROM lookalikes LIMIT 2000"))).scalars())
        every: list[float] = []
        for view in VIEWS:
            times = []
            size = 0
            for number in range(rounds):
                path = view.replace("{name}", random.choice(names))
                async with session.get(f"{address}{path}", headers={"Accept-Encoding": "identity"}) as response:
                    body = await response.read()
                    assert response.status == 200, (path, response.status, body[:300])
                if number:  # the first one warms what a running service has warm
                    times.append(took[-1])
                size = len(gzip.compress(body, 6))
            times.sort()
            every += times
            print(
                f"{view:55} p50 {times[len(times) // 2] * 1e3:7.1f} ms   worst {times[-1] * 1e3:7.1f} ms   {size / 1024:5.1f} KB",
                flush=True,
            )
        every.sort()
        print(f"all views: p99 {every[int(len(every) * 0.99)] * 1e3:.1f} ms of {len(every)} answers")


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(sys.argv[2], int((sys.argv[3:4] or ["1000000"])[0]), int((sys.argv[4:5] or ["10000000"])[0]))
    else:
        asyncio.run(measure(sys.argv[2], int((sys.argv[3:4] or ["20"])[0])))
