"""Refresh `requirements/advisories.json`: `python tools/refresh_advisories.py PATH`.

PATH is OSV's export for PyPI (`all.zip`), or a folder of records in the OSV format as JSON or YAML, such as a clone of
the Python Packaging Advisory Database. Only what concerns a locked package is kept.
"""

import json
import sys
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parents[1]))
from tools.advisories import of_osv, write
from tools.locks import read_lock

READERS = {".json": json.loads, ".yaml": yaml.safe_load, ".yml": yaml.safe_load}


def records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield every record of an export or a folder."""
    if path.is_file():
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    yield json.loads(archive.read(name))
        return
    for file in sorted(path.rglob("*")):
        if file.suffix in READERS:
            yield READERS[file.suffix](file.read_text(encoding="utf-8"))


def main() -> int:
    wanted = {package.name for lock in ("runtime", "build", "dev") for package in read_lock(lock)}
    read = list(records(Path(sys.argv[1])))
    if not read:
        print(f"no records in {sys.argv[1]}: the file stays as it is", file=sys.stderr)
        return 1
    found = {row for record in read for row in of_osv(record, wanted)}
    write(f"{datetime.now(UTC):%Y-%m-%d}", found)
    print(f"{len(read)} records read, {len(found)} concern what is locked")
    return 0


if __name__ == "__main__":
    sys.exit(main())
