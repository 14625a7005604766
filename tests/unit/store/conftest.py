import pytest

from tests.fakes.clock import FakeClock
from watcher.store import Store


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of a database that is not there yet, or empty: each test runs on both kinds."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/watcher.db"
        return
    server = request.getfixturevalue("postgres")
    made = server.database()
    yield made
    server.drop(made)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path}/watcher.db"


@pytest.fixture
async def store(url, clock):
    store = await Store.open_or_create(url, clock=clock)
    yield store
    await store.close()
