"""What every test may rely on: the lab's servers, the real-world samples, and a last line that says what was left out."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.fakes.postgres import Postgres
from tests.lab.addresses import in_lab
from tests.lab.mailbox import Mailbox
from tests.lab.postfix import Postfix
from tests.lab.world import World

LAB = os.environ.get("WATCHER_LAB")
CORPUS = os.environ.get("WATCHER_CORPUS")
"""How this run was asked for. The service under test warns of variables that it does not know, so tests do not see them."""

LAB_FOLDERS = ("lab",)
"""Folders under tests/ whose tests all need the lab; elsewhere a test says so itself with the marker."""

SERIAL_FOLDERS = ("tests/lab/", "tests/e2e/")
"""Where tests share the lab's servers, which exist once."""


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # a shell that starts this run in the background lets it ignore Ctrl-C, and the programs under test would inherit that
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-docs", action="store_true", help="write the pages of docs/ that tests measure")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.path.relative_to(here).parts[0] in LAB_FOLDERS:
            item.add_marker(pytest.mark.lab)
    if LAB == "skip":
        _leave_out(config, items, "lab")
    if corpus_folder() is None:
        _leave_out(config, items, "corpus")


def _leave_out(config: pytest.Config, items: list[pytest.Item], marker: str) -> None:
    gone = [item for item in items if item.get_closest_marker(marker)]
    if gone:
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=gone)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """There is one lab: all its tests go to one worker. Everything else is handed out file by file.

    (`--dist loadgroup` would say the same by a marker, but its marks are lost on pytest 9.)
    """

    class OneLab(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "lab" if file.startswith(SERIAL_FOLDERS) else file

    return OneLab(config, log)


def corpus_folder() -> Path | None:
    """The folder of real-world samples: WATCHER_CORPUS, or ../shared/data beside the checkout; None where absent."""
    folder = Path(CORPUS) if CORPUS else Path(__file__).parents[2] / "shared" / "data"
    return folder if folder.is_dir() else None


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Make pytest's summary, the last line, say what this run left out."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None:  # a worker of xdist
        return
    original = reporter.build_summary_stats_line

    def with_notes() -> tuple[list[tuple[str, dict[str, bool]]], str]:
        parts, color = original()
        return [*parts, *((note, {"yellow": True}) for note in notes())], color

    reporter.build_summary_stats_line = with_notes


def notes() -> list[str]:
    """What the last line adds to pytest's own counts."""
    said = []
    if LAB == "skip":
        said.append("LAB NOT RUN (WATCHER_LAB=skip)")
    if corpus_folder() is None:
        said.append("corpus not run (no folder in WATCHER_CORPUS)")
    if note := os.environ.get("TEST_NOTE"):
        said.append(note)
    return said


def pytest_runtest_setup(item: pytest.Item) -> None:
    """A lab test outside the lab is an error, never a skip."""
    if item.get_closest_marker("lab") and not in_lab():
        pytest.fail("this test needs the lab's network: tools/in_lab .venv/bin/pytest ... (as root)", pytrace=False)


@pytest.fixture(autouse=True)
def _nothing_of_this_run_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WATCHER_LAB", "WATCHER_CORPUS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of real-world samples; for tests marked `corpus`."""
    folder = corpus_folder()
    assert folder is not None, "only tests marked corpus may ask for it"
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this run; a test makes a database of its own."""
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The lab's DNS: NSD three times, faulty nameservers, Unbound. Shared: a test uses names of its own."""
    with World(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def own_world(world: World) -> Iterator[World]:
    """The lab's DNS for one test: the names that it registers are gone afterwards."""
    yield world
    world.remove(*world.registered())


@pytest.fixture(scope="session")
def mailbox() -> Iterator[Mailbox]:
    """The mail server behind the lab's exchange addresses."""
    with Mailbox() as mailbox:
        yield mailbox


@pytest.fixture(scope="session")
def postfix(world: World) -> Iterator[Postfix]:
    """The judge; its resolver is the world's."""
    with Postfix() as postfix:
        yield postfix
