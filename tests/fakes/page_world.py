"""A world for the pages: protected names, lookalikes of every kind, hostile text; served over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from aiohttp import web
from sqlalchemy import text

from tests.fakes.api_client import VERSION, World, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.api.exports import ExportDesk
from watcher.api.parts import Parts
from watcher.core.blocking.selection import Rules
from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.telling.alerts import AlertKind, gathered
from watcher.data import load_tables
from watcher.services.blocking.block_lists import BlockLists
from watcher.services.blocking.list_clients import ListClients
from watcher.services.blocking.publish import Publisher
from watcher.services.feeding.feeding import Feeding
from watcher.services.feeding.health import PREFIX, FeedHealth, health_json
from watcher.services.health.attention import Needed
from watcher.services.looks.examine import LookOptions
from watcher.services.names.tokens import Scope
from watcher.store import audit, event_log, facts, filters, outbox, silences, workers
from watcher.store.audit import AuditRow
from watcher.store.filters import FilterRow
from watcher.store.silences import SilenceRow
from watcher.store.workers import Beat
from watcher.web import pages

ENDPOINTS = (*every_endpoint(VERSION), *pages.ENDPOINTS)
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>\u202egpj.exe"
_HOLDER = "Harmless Holding\u202egnp.exe <script>alert(3)</script>"


async def fill(world: World, *, hostile: bool = True) -> None:
    """Protect two names and see lookalikes of them."""
    await world.protect("army.mil", "navy.mil")
    slips = {
        "army.ml": ("suffix_edit", "the i of `mil` left out"),
        "navy.ml": ("suffix_edit", "the i of `mil` left out"),
        "shop.ml": ("omission", HOSTILE if hostile else "the letters `army` for `shop`"),
    }
    for name, (technique, why) in slips.items():
        look = await world.examiner.look(Fqdn(name), LookOptions(fresh=True))
        alike = [Resemblance("army.mil", (technique,), 0.03, why, 3)]
        await world.watch.record(look, resemblances=alike)
        facts = RegistrationFacts(
            RegistrationStatus.REGISTERED, RegistrationSource.RDAP, world.clock.now(),
            registrar=f"Registrar {HOSTILE}"[:80] if hostile else "Quick Names Ltd", registrant_organisation=_HOLDER if hostile else "Someone Else Inc",
            created_at=world.clock.now(), nameservers=(f"ns.{name}",), abuse_email="abuse@registrar.example",
        )  # fmt: skip
        await world.watch.record_registration(Fqdn(name), facts)


async def busy(world: World, *, hostile: bool = True) -> None:
    """Deliveries, a silence, an audit, a session, clients of the block list, a worker, a feed that fails, a refused resolver."""
    now = world.clock.now()
    odd = f" {HOSTILE}" if hostile else ""
    bad = f"it answered 500{odd}"
    async with world.store.write() as tx:
        events = await event_log.list_all(tx, limit=3)
        await outbox.decide(
            tx, {event.id: ("page", f"its kind is sent at once{odd}"[:80]) for event in events}, now=now
        )
        ids = [world.store.ids(), world.store.ids(), world.store.ids()]
        alert = gathered(ids[0], AlertKind.PAGE, events, total=len(events), group="army.mil", created_at=now)
        new = {"slack": ids[1], "email": ids[2]}
        await outbox.add_alert(tx, alert, [event.id for event in events], new, now=now)
        sent = {"id": ids[1], "now": now.replace(tzinfo=None).isoformat(" ")}
        await tx.execute(text("UPDATE deliveries SET status = 'sent', sent_at = :now WHERE id = :id"), sent)
        failed = {"id": ids[2], "why": bad}
        await tx.execute(text("UPDATE deliveries SET last_error = :why, attempts = 3 WHERE id = :id"), failed)
        await silences.add(tx, SilenceRow(world.store.ids(), "suffix", "example", now, None, f"ours{odd}"[:90]))
        await audit.add(
            tx, AuditRow(world.store.ids(), now, f"anna{odd}"[:60], "POST /protected/import", f"army.mil{odd}"[:90])
        )
        await filters.save(tx, FilterRow(f"able{odd}"[:60], "ability=able", now, "anna"))
        await workers.save_beat(
            tx, Beat("here:1:a", "worker", f"host{odd}"[:60], VERSION, "sweep", ("127.0.0.1:53",), sees_dns=False),
            now=now, lease=timedelta(seconds=30),
        )  # fmt: skip
        health = FeedHealth("names", "names", attempted_at=now, error=bad, names=120_000, matched=12, new=3)
        await facts.save(tx, f"{PREFIX}names", health_json(health), now=now)
    clients = ListClients(world.store, world.clock)
    await clients.note("postfix_access", f"gateway{odd}"[:60], "192.0.2.25", "3f2a91c04d77")
    await clients.note_zone("rpz-key", "192.0.2.53", 1764300000)
    await world.sessions.make_link("anna", [Scope.READ])


async def needed() -> list[Needed]:
    """What needs a person."""
    return [Needed("channel email", f"it has accepted nothing since 2026-11-28 08:00 UTC {HOSTILE}")]


def parts_of(world: World, *, full: bool, hostile: bool, rules: Rules | None) -> Parts:
    lists = BlockLists(world.store, tables=load_tables(), popular=(), rules=rules)
    desk = ExportDesk(lists, Publisher(world.store, lists, world.clock), ListClients(world.store, world.clock))
    more: dict[str, Any] = {}
    if full:
        feeding = Feeding(
            world.store,
            {"names": SimpleNamespace(kind="names")},
            folder=world.store.place.path.parent,
            hits=None,
            logs={},
            clock=world.clock,
        )
        settings = {
            "slack": {"webhook_url": "(set, not shown)"},
            "email": {"smtp_url": "(set, not shown)", "to": ["soc@army.mil"]},
        }
        more = {"feeding": feeding, "channels": ("slack", "email"), "channel_settings": settings}
        if hostile:
            more["needed"] = needed
    return make_parts(world, exports=desk, **more)


@asynccontextmanager
async def serving(
    folder: Path, *, full: bool = True, hostile: bool = True, port: int = 0, rules: Rules | None = None
) -> AsyncIterator[tuple[str, World]]:
    """Serve the pages over a world; yields its address."""
    world = await make_world(folder)
    if full:
        await fill(world, hostile=hostile)
        await busy(world, hostile=hostile)
    parts = parts_of(world, full=full, hostile=hostile, rules=rules)
    runner = web.AppRunner(make_app(parts, ENDPOINTS), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", world
    finally:
        await runner.cleanup()
        await world.store.close()
