import pytest

from tests.fakes.clock import FakeClock
from watcher.store import Store


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path}/watcher.db"


@pytest.fixture
async def store(url, clock):
    store = await Store.open_or_create(url, clock=clock)
    yield store
    await store.close()
