"""A real aiohttp server over a real SQLite database, for every test of the API."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ApiClient, World, make_parts, make_world
from watcher.api.app import make_app


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[World]:
    """The store and what stands behind the API."""
    world = await make_world(tmp_path)
    yield world
    await world.store.close()


@pytest.fixture
async def api(behind: World) -> AsyncIterator[ApiClient]:
    """A client of a server on loopback without tokens."""
    async with TestServer(make_app(make_parts(behind))) as server, ClientSession() as session:
        yield ApiClient(server, session)
