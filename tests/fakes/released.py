"""Databases and settings of released versions, as tools/make_upgrade_fixture.py kept them."""

import sqlite3
from contextlib import closing
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "upgrades"
VERSIONS = sorted(path.stem for path in FOLDER.glob("*.sql"))


def load_database(version: str, path: Path) -> None:
    """Make the database of a released version at `path`."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((FOLDER / f"{version}.sql").read_text(encoding="utf-8"))


def settings_file(version: str) -> Path:
    """Return the settings of a released version, each at its default."""
    return FOLDER / f"{version}.toml"
