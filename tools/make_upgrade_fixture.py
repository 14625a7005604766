"""Make the fixture of a released version: `python tools/make_upgrade_fixture.py VERSION COMMIT`.

The code of COMMIT plays its own demo, keeps silences, tokens and names of its own, and leaves
`tests/fixtures/upgrades/VERSION.sql`, a dump of its SQLite database, and `VERSION.toml`, every setting that its
reference lists, at its default. The tests open both with the present code. No network is used.
"""

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[1]
FOLDER = HERE / "tests" / "fixtures" / "upgrades"

STORY = """
import asyncio, sys
from pathlib import Path
from tools.demo.service import Service
from tools.demo.story import Narrator, tell
from tools.demo.world import PROTECTED, World

class Patient(Service):
    async def until(self, *words, seconds=20, **options):
        return await super().until(*words, seconds=seconds * 5, **options)

async def main():
    async with World() as world:
        service = Patient(Path(sys.argv[1]), world.settings())
        await service.run("protect", "add", PROTECTED)
        async with service:
            await tell(world, service, Narrator())
        # a token is made last: from then on the API asks for one
        await service.run("protect", "add", "mod.gov.uk", ".mil")
        await service.run("own", "add", "army-mil.example.com")
        await service.run("silence", "add", "army.il", "--note", "known to us")
        await service.run("token", "create", "siem", "--scope", "read")
        await service.run("token", "create", "old", "--scope", "read,write")
        await service.run("token", "revoke", "old")
        await service.run("triage", "takedown", "army.ml")

asyncio.run(main())
"""
"""The story that is played in the old tree, by the old tree's own demo."""

ROW = re.compile(r"^\| `([a-z0-9_.<>]+)` \| (.+?) \| ", re.MULTILINE)


def database(tree: Path, folder: Path) -> str:
    """Play the story with the code in `tree`. Returns the dump of the database that it leaves."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}
    command = [sys.executable, "-c", STORY, str(folder)]
    subprocess.run(command, cwd=tree, env=environment | {"PYTHONPATH": str(tree)}, check=True, timeout=400)
    with sqlite3.connect(folder / "demo.db") as connection:
        return "\n".join(connection.iterdump()) + "\n"


def configuration(reference: str) -> str:
    """Return a settings file with every setting that a page of reference lists and that has a default."""
    tables: dict[str, list[str]] = {"": []}
    for name, shown in ROW.findall(reference):
        default = shown.strip().strip("`")
        if default.startswith("unset") or "<" in name:
            continue
        table, _, key = name.rpartition(".")
        value = default if default != "{}" else "{}"
        tables.setdefault(table, []).append(f"{key} = {value}")
    parts = ["\n".join(tables.pop(""))]
    parts += [f"[{table}]\n" + "\n".join(lines) for table, lines in tables.items()]
    return "\n\n".join(parts) + "\n"


def main() -> int:
    version, commit = sys.argv[1:]
    with tempfile.TemporaryDirectory(prefix="watcher-upgrade-") as name:
        tree, folder = Path(name) / "tree", Path(name) / "data"
        folder.mkdir()
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(tree), commit], cwd=HERE, check=True)
        try:
            dump = database(tree, folder)
            settings = configuration((tree / "docs" / "reference" / "settings.md").read_text())
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(tree)], cwd=HERE, check=True)
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{version}.sql").write_text(dump)
    (FOLDER / f"{version}.toml").write_text(settings)
    print(f"{version}: {len(dump)} bytes of SQL, {len(settings.splitlines())} lines of settings")
    return 0


if __name__ == "__main__":
    sys.exit(main())
