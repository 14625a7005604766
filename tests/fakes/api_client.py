"""A client of the API under test that holds every answer to the OpenAPI document, and the parts to build one from."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import ZoneResolver
from watcher.api.app import every_endpoint
from watcher.api.exports import ExportDesk
from watcher.api.metrics import Metrics
from watcher.api.openapi import document, good_statuses
from watcher.api.parts import Parts
from watcher.api.policy import Policy
from watcher.checks import ALL as CHECKS
from watcher.core.blocking.selection import Rules
from watcher.core.events import Resemblance
from watcher.core.mail.dns import Question
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import parse_protected
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.data import load_suffixes, load_tables
from watcher.data.popular import load_popular_names
from watcher.services.answers.lookup import Lookup
from watcher.services.blocking.block_lists import BlockLists
from watcher.services.blocking.list_clients import ListClients
from watcher.services.blocking.publish import Publisher
from watcher.services.looks.examine import Examiner, LookOptions
from watcher.services.looks.watch import Watch
from watcher.services.names.protect import protect
from watcher.services.names.sessions import Sessions
from watcher.services.names.tokens import Gatekeeper, Scope, create
from watcher.store import Store

ZONES = {
    ".": "ml. NS ns.ml.\nmil. NS ns.mil.",
    "ml": "army NS ns.army\nnavy NS ns.navy\nshop NS ns.shop\n",
    "army.ml": "@ MX 10 mx\nmx A 93.184.215.14\n",
    "navy.ml": "@ MX 0 .\n",
    "shop.ml": "@ A 93.184.215.20\n",
}
VERSION = "0.0.test"
ENDPOINTS = every_endpoint(VERSION)
DOCUMENT = document(ENDPOINTS, VERSION)


@dataclass
class World:
    """A store with what stands behind the API; `asked` are the questions that went out."""

    store: Store
    clock: FakeClock
    resolver: ZoneResolver
    examiner: Examiner
    watch: Watch
    facts: dict[str, RegistrationFacts] = field(default_factory=dict)
    tested: list[str] = field(default_factory=list)
    changes: int = 0

    @property
    def asked(self) -> list[Question]:
        return self.resolver.asked

    async def see(self, name: str, *protected: str, technique: str = "suffix_edit") -> None:
        """A recorded look at a name that resembles these."""
        look = await self.examiner.look(Fqdn(name), LookOptions(fresh=True))
        alike = [Resemblance(one, (technique,), 0.03, f"it resembles {one}", 3) for one in protected]
        await self.watch.record(look, resemblances=alike)

    @property
    def sessions(self) -> Sessions:
        """Those of the pages."""
        return Sessions(self.store, self.clock)

    async def protect(self, *names: str) -> None:
        await protect(self.store, names, suffixes=load_suffixes(), now=self.clock.now())

    async def token(self, name: str, *scopes: Scope) -> dict[str, str]:
        """The header of a new token."""
        text = await create(self.store, name, scopes, now=self.clock.now())
        return {"Authorization": f"Bearer {text}"}

    async def registration(self, domain: Fqdn) -> RegistrationFacts:
        """The registry's answer."""
        return self.facts.get(
            domain, RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, self.clock.now())
        )


class FactsRegistry:
    """The port, over a dictionary."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def facts(  # its arguments are the port's
        self,
        domain: Fqdn,
        *,
        worth: float = 0.0,
        since: datetime | None = None,
    ) -> RegistrationFacts:
        return await self._world.registration(domain)


async def make_world(folder: Path) -> World:
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{folder / 'watcher.db'}", clock=clock)
    resolver = ZoneResolver(clock, ZONES)
    examiner = Examiner(resolver, clock, load_suffixes(), CHECKS, lambda: "x7k2q9v4")
    return World(store, clock, resolver, examiner, Watch(store=store, clock=clock, jitter=lambda: 0.0))


def enumerate_some(name: str, limit: int, techniques: Sequence[str]) -> list[dict[str, Any]]:
    """A thousand candidates of any name, in the candidate shape. Raises InvalidName."""
    name = parse_protected(name, load_suffixes())[0]
    return [
        {
            "name": f"{name}-{rank}.ml",
            "unicode": f"{name}-{rank}.ml",
            "registrable_domain": f"{name}-{rank}.ml",
            "techniques": list(techniques) or ["omission"],
            "likelihood": 1 / rank,
            "impersonation": 0.1,
            "rank": rank,
            "marks": [],
            "protected": name,
        }
        for rank in range(1, min(limit, 1000) + 1)
    ]


def make_parts(world: World, **changes: Any) -> Parts:
    async def resembling(name: Fqdn) -> Sequence[Resemblance]:
        return [Resemblance("army.mil", ("suffix_edit",), 0.03, "i left out", 3)] if name == "army.ml" else []

    async def relook(name: Fqdn) -> None:
        await world.watch.record(await world.examiner.look(name, LookOptions(fresh=True)))

    async def test_channel(name: str) -> None:
        world.tested.append(name)

    async def changed() -> None:
        world.changes += 1

    lookup = Lookup(
        clock=world.clock,
        suffixes=load_suffixes(),
        looker=world.examiner,
        resembling=resembling,
        registry=FactsRegistry(world),
        store=world.store,
        relook=relook,
    )
    values: dict[str, Any] = {
        "store": world.store,
        "clock": world.clock,
        "policy": Policy(("localhost", "127.0.0.1", "[::1]")),
        "gatekeeper": Gatekeeper(world.store, world.clock),
        "metrics": Metrics(VERSION, world.clock),
        "suffixes": load_suffixes(),
        "lookup": lookup,
        "enumerate": enumerate_some,
        "version": VERSION,
        "channels": ("slack",),
        "test_channel": test_channel,
        "tiers": ((200, timedelta(hours=1)), (2000, timedelta(hours=6))),
        "protected_changed": changed,
        "poll_seconds": 0.01,
        "exports": export_desk(world),
    }
    return Parts(**{**values, **changes})


def export_desk(world: World, rules: Rules | None = None) -> ExportDesk:
    lists = BlockLists(world.store, tables=load_tables(), popular=load_popular_names(), rules=rules)
    return ExportDesk(lists, Publisher(world.store, lists, world.clock), ListClients(world.store, world.clock))


@dataclass
class Answered:
    """One answer, already held to the document."""

    status: int
    headers: Any
    body: bytes
    json: Any


class ApiClient:
    """Requests over a real socket. `host` is what stands in `Host` when nothing else is given."""

    def __init__(self, server: TestServer, session: ClientSession) -> None:
        self.server = server
        self.session = session

    async def __call__(self, method: str, path: str, **options: Any) -> Answered:
        from yarl import URL

        url = URL(f"http://127.0.0.1:{self.server.port}{path}", encoded=True)
        async with self.session.request(method, url, **options) as response:
            body = await response.read()
            answer = Answered(response.status, response.headers, body, None)
            if re.search(r"json(?!l)", response.headers.get("Content-Type", "")):
                answer.json = await response.json(content_type=None)
        conforms(method, path, answer)
        return answer

    async def get(self, path: str, **options: Any) -> Answered:
        return await self("GET", path, **options)

    async def post(self, path: str, data: Any = None, **options: Any) -> Answered:
        return await self("POST", path, json={} if data is None else data, **options)

    async def patch(self, path: str, data: Any, **options: Any) -> Answered:
        return await self("PATCH", path, json=data, **options)

    async def delete(self, path: str, **options: Any) -> Answered:
        return await self("DELETE", path, **options)

    async def raw(self, data: bytes) -> bytes:
        """The status line that comes back for these bytes."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.server.port)
        try:
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(10):
                return await reader.readline()
        finally:
            writer.close()
            await writer.wait_closed()


def conforms(method: str, path: str, answer: Answered) -> None:
    """Hold an answer to the document: a known status, its content type, its schema; and the headers all have."""
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Server"] == "watcher"
    if answer.status >= 400 and answer.status != 503:
        assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.body
        _problem(answer)
    bare = path.partition("?")[0]
    matching = (e for e in ENDPOINTS if e.method == method and _matches(e.path, bare))
    endpoint = max(matching, key=lambda e: len(re.sub(r"\{\w+\}", "", e.path)), default=None)
    if endpoint is None or (answer.status == 404 and answer.json["type"].endswith("no_such_path")):
        assert answer.status >= 400
        return
    responses = DOCUMENT["paths"][endpoint.path][method.lower()]["responses"]
    assert str(answer.status) in responses, f"{method} {endpoint.path} gave {answer.status}, which it does not document"
    if answer.status in good_statuses(endpoint) and answer.json is not None and endpoint.answer is not None:
        schema = responses[str(answer.status)]["content"]["application/json"]["schema"]
        _validate(answer.json, schema)
    if answer.status == 204:
        assert answer.body == b""


def _problem(answer: Answered) -> None:
    _validate(answer.json, {"$ref": "#/components/schemas/ProblemDocument"})
    assert answer.json["type"].startswith("urn:watcher:problem:")
    assert answer.json["status"] == answer.status
    assert answer.json["detail"]
    assert "\n" not in answer.json["detail"]
    assert "Traceback" not in answer.json["detail"]


def _validate(data: Any, schema: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(
        {**schema, "components": DOCUMENT["components"]}, format_checker=jsonschema.FormatChecker()
    )
    validator.validate(data)


def _matches(pattern: str, path: str) -> bool:
    regex = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(pattern))
    return re.fullmatch(regex, path) is not None
