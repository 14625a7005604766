"""A world for the pages: protected names, lookalikes of every kind, hostile text; served over a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from tests.fakes.api_client import VERSION, World, make_parts, make_world
from watcher.api.app import every_endpoint, make_app
from watcher.api.exports import ExportDesk
from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.slips.tables import Tables
from watcher.data import load_tables
from watcher.services.blocking.block_lists import BlockLists
from watcher.services.blocking.publish import Publisher
from watcher.services.looks.examine import LookOptions
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


@asynccontextmanager
async def serving(
    folder: Path, *, full: bool = True, hostile: bool = True, port: int = 0
) -> AsyncIterator[tuple[str, World]]:
    """Serve the pages over a world; yields its address."""
    world = await make_world(folder)
    tables: Tables = load_tables()
    lists = BlockLists(world.store, tables=tables, popular=())
    desk = ExportDesk(lists, Publisher(world.store, lists, world.clock))
    if full:
        await fill(world, hostile=hostile)
    runner = web.AppRunner(make_app(make_parts(world, exports=desk), ENDPOINTS), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", world
    finally:
        await runner.cleanup()
        await world.store.close()
