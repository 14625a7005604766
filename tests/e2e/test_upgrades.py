"""A database and settings of every released version are taken over: each row is kept, and the watch goes on with them."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.background import Background
from tests.e2e.service import Service
from tests.fakes.dns_server import DnsServer
from tests.fakes.released import FOLDER, VERSIONS, load_database, settings_file
from watcher.settings.settings import load
from watcher.store.schema import head

pytestmark = pytest.mark.parametrize("version", VERSIONS)

Rows = dict[str, list[dict[str, Any]]]
OWN = {"alembic_version"}
"""Tables whose rows a migration is there to change."""


def rows_of(path: Path) -> Rows:
    """Return every row of every table."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        connection.row_factory = sqlite3.Row
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        return {name: [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')] for (name,) in tables}


@pytest.fixture
def service(version: str, tmp_path: Path) -> Iterator[Service]:
    """A service, not started, in a folder with the database of that version."""
    load_database(version, tmp_path / "watcher.db")
    dns = DnsServer()
    with Background(dns):
        yield Service(
            tmp_path,
            {
                "WATCHER_DNS__RESOLVERS": f'["{dns.address}"]',
                "WATCHER_REGISTRATION__ENABLED": "false",
                "WATCHER_ALERTS__DIGEST": "never",
                "WATCHER_ALERTS__SUMMARY": "never",
            },
        )


def test_the_fixture_holds_what_people_would_miss(service: Service, version: str) -> None:
    before = rows_of(service.folder / "watcher.db")
    for table in (
        "protected",
        "own",
        "lookalikes",
        "resemblances",
        "events",
        "alerts",
        "deliveries",
        "silences",
        "tokens",
    ):
        assert before[table], table
    assert (FOLDER / f"{version}.sql").stat().st_size < 400_000


def test_migrating_keeps_every_row(service: Service, version: str) -> None:
    before = rows_of(service.folder / "watcher.db")
    service.run("migrate")
    after = rows_of(service.folder / "watcher.db")
    assert after["alembic_version"] == [{"version_num": head()}]
    for table, rows in before.items():
        if table in OWN:
            continue
        kept = after[table]
        assert len(kept) >= len(rows), table
        for row in rows:
            columns = row.keys() & (kept[0].keys() if kept else set())
            assert columns, table
            assert any(all(found[key] == row[key] for key in columns) for found in kept), (table, row)


def test_its_settings_are_still_settings(service: Service, version: str) -> None:
    text = settings_file(version).read_text()
    assert "[sweep]" in text
    (service.folder / "watcher.toml").write_text(text)
    _, warnings = load(service.folder / "watcher.toml")
    assert warnings == ()


def test_the_watch_goes_on_with_it(service: Service, version: str) -> None:
    before = rows_of(service.folder / "watcher.db")
    names = {row["name"] for row in before["lookalikes"]}
    with service:
        token = service.run("token", "create", "reader", "--scope", "read").strip()
        assert token
    protected = json.loads(service.run("protect", "list", "--format", "json"))
    assert {row["name"] for row in protected} == {row["name"] for row in before["protected"]}
    after = rows_of(service.folder / "watcher.db")
    assert {row["name"] for row in after["lookalikes"]} >= names
    shown = json.loads(service.run("lookalikes", "--format", "json"))
    assert {row["name"] for row in shown} & names, "what was known is shown"
    events = json.loads(service.run("events", "--format", "json"))
    assert {row["id"] for row in events} >= {row["id"] for row in before["events"]}
    ids = [row["id"] for row in events]
    assert len(ids) == len(set(ids))
    deliveries = {row["id"]: row["status"] for row in before["deliveries"]}
    kept = {row["id"]: row["status"] for row in after["deliveries"]}
    assert {key: kept[key] for key, status in deliveries.items() if status == "sent"} == {
        key: "sent" for key, status in deliveries.items() if status == "sent"
    }, "what was sent is not sent again"
