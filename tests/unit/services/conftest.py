"""What tests of several services stand on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.telling_office import Office
from watcher.data import load_suffixes
from watcher.services.names.protect import protect
from watcher.store import Store


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = FakeClock()
    url = f"sqlite:///{tmp_path}/watcher.db"
    store = await Store.open_or_create(url, clock=clock)
    yield Office(store, clock, url)
    await store.close()


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[tuple[Store, FakeClock]]:
    """A database in which army.mil is protected, and its clock."""
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    await protect(store, ["army.mil"], suffixes=load_suffixes(), now=clock.now())
    yield store, clock
    await store.close()
