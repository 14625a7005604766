"""A real aiohttp server over a real SQLite database, for every test of the API."""

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ApiClient, World, make_parts, make_world
from watcher.api.app import make_app
from watcher.store.migrate import migrate


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as a new one is; migrating one for each test would be most of their time."""
    path = tmp_path_factory.mktemp("empty") / "watcher.db"
    migrate(path, now=datetime(2026, 1, 1, tzinfo=UTC))
    return path


@pytest.fixture
async def behind(tmp_path: Path, empty_database: Path) -> AsyncIterator[World]:
    """The store and what stands behind the API."""
    shutil.copy(empty_database, tmp_path)
    world = await make_world(tmp_path)
    yield world
    await world.store.close()


@pytest.fixture
async def api(behind: World) -> AsyncIterator[ApiClient]:
    """A client of a server on loopback without tokens."""
    async with TestServer(make_app(make_parts(behind))) as server, ClientSession() as session:
        yield ApiClient(server, session)
