"""Other users of the machine do not read the database: registries' replies in it may hold persons' data."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from watcher.store import Store, backup, facts
from watcher.store.migrate import migrate
from watcher.store.sqlite import backup_file

pytestmark = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _usual_umask() -> Iterator[None]:
    """Files are made readable to all where nothing else is asked for."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_a_new_database_is_its_owners_alone(url: str, clock: FakeClock, tmp_path: Path):
    store = await Store.open_or_create(url, clock=clock)
    async with store.write() as tx:
        await facts.save(tx, "a", 1, now=clock.now())
        modes = {path.name: _mode(path) for path in tmp_path.iterdir()}
    await store.close()
    assert modes == dict.fromkeys(("watcher.db", "watcher.db-shm", "watcher.db-wal"), 0o600)


@pytest.mark.parametrize("mode", [0o600, 0o640])
async def test_a_copy_is_read_by_nobody_who_may_not_read_the_database(store, url, tmp_path: Path, mode: int):
    store.place.path.chmod(mode)
    await backup(url, tmp_path / "copy.db")
    assert _mode(tmp_path / "copy.db") == mode


async def test_what_somebody_opened_to_others_stays_so(store, url, clock: FakeClock):
    store.place.path.chmod(0o640)
    await (await Store.open_or_create(url, clock=clock)).close()
    assert _mode(store.place.path) == 0o640


async def test_a_copy_overwrites_nothing_that_somebody_laid_in_its_way(store, url, tmp_path: Path):
    theirs = tmp_path / "theirs"
    theirs.write_text("precious")
    (tmp_path / f".copy.db.{os.getpid()}.part").symlink_to(theirs)
    await backup(url, tmp_path / "copy.db")
    assert theirs.read_text() == "precious"
    assert not (tmp_path / "copy.db").is_symlink()


def test_a_crash_while_copying_does_not_prevent_the_next_copy(tmp_path: Path, clock: FakeClock, url: str):
    """In a container the process has the same number every time."""
    path = tmp_path / "watcher.db"
    migrate(path, now=clock.now())
    part = tmp_path / f".copy.db.{os.getpid()}.part"
    part.write_text("cut short")
    backup_file(path, tmp_path / "copy.db")
    assert not part.exists()
    assert migrate(tmp_path / "copy.db", now=clock.now() + timedelta(days=1)) is None
