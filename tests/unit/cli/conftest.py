"""Command lines run in this process against a database of the test's own."""

import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher.cli.main import run
from watcher.store.migrate import migrate


@dataclass
class Ran:
    """What a command line left."""

    code: int
    out: str
    err: str


@dataclass
class Watcher:
    """`watcher ...` in an empty folder; `database` is where its database is, or would be."""

    database: Path
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Ran:
        code = run(["--database-url", f"sqlite:///{self.database}", *arguments])
        out, err = self.capsys.readouterr()
        return Ran(code, out, err)

    def refused(self, *arguments: str, code: int = 2) -> str:
        """The one line on standard error of a command that must fail with `code`."""
        ran = self(*arguments)
        assert ran.code == code, ran
        assert ran.out == ""
        assert len(ran.err.splitlines()) == 1, ran.err
        assert ran.err.startswith("watcher: ")
        return ran.err


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as a new one is."""
    path = tmp_path_factory.mktemp("migrated") / "watcher.db"
    migrate(path, now=datetime(2026, 1, 1, tzinfo=UTC))
    return path


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Watcher:
    """The command where no database is yet."""
    monkeypatch.chdir(tmp_path)
    return Watcher(tmp_path / "watcher.db", capsys)


@pytest.fixture
def watcher(bare: Watcher, migrated: Path) -> Watcher:
    """The command with an empty database."""
    shutil.copy(migrated, bare.database)
    return bare
