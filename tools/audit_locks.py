"""Compare the locks with the known faults in `requirements/advisories.json`: `python tools/audit_locks.py`.

It needs no network and knows no more than that file: refresh it before a release (`tools/refresh_advisories.py`), and
run pip-audit where there is a network. Exit status 1: a locked version has a known fault.
"""

import sys
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from tools.advisories import read
from tools.locks import read_lock

OLD = 60
"""Days after which the file is called old."""


def main() -> int:
    collected, advisories = read()
    packages = {(row.name, row.version, lock) for lock in ("runtime", "build", "dev") for row in read_lock(lock)}
    found = [
        (lock, name, version, advisory)
        for name, version, lock in sorted(packages)
        for advisory in advisories
        if advisory.affects(name, version)
    ]
    for lock, name, version, advisory in found:
        print(f"{lock}: {name} {version} has {advisory.id}, mended in {advisory.fixed or 'no version'}")
    age = (datetime.now(UTC).date() - date.fromisoformat(collected)).days
    print(f"{len(packages)} locked packages, {len(advisories)} advisories of {collected}, {len(found)} found")
    if age > OLD:
        print(f"the advisories are {age} days old: refresh them (tools/refresh_advisories.py)", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
