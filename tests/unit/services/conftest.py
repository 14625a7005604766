"""What tests of several services stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.telling_office import Office
from watcher.store import Store


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = FakeClock()
    url = f"sqlite:///{tmp_path}/watcher.db"
    store = await Store.open_or_create(url, clock=clock)
    yield Office(store, clock, url)
    await store.close()
