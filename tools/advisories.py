"""Known faults of dependencies, as `requirements/advisories.json` keeps them, and which of them a version has."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

from tools.locks import FOLDER, canonical

FILE = FOLDER / "advisories.json"


@dataclass(frozen=True, slots=True)
class Advisory:
    """A fault of one package from `introduced` on and before `fixed`; None: never mended."""

    id: str
    package: str
    introduced: str
    fixed: str | None
    summary: str = ""

    def affects(self, name: str, version: str) -> bool:
        """Return whether a version of a package has the fault. A bound that is no version is taken for a yes."""
        if canonical(name) != self.package:
            return False
        try:
            found = Version(version)
            return found >= Version(self.introduced) and (self.fixed is None or found < Version(self.fixed))
        except InvalidVersion:
            return True


def read() -> tuple[str, list[Advisory]]:
    """Return the day the file was made and its advisories."""
    data = json.loads(FILE.read_text())
    return data["collected"], [Advisory(**row) for row in data["advisories"]]


def write(day: str, advisories: Iterable[Advisory]) -> None:
    """Write the file, sorted."""
    rows = [asdict(row) for row in sorted(advisories, key=lambda row: (row.package, row.id, row.introduced))]
    FILE.write_text(json.dumps({"collected": day, "advisories": rows}, indent=1) + "\n")


def of_osv(record: dict[str, Any], wanted: set[str]) -> Iterator[Advisory]:
    """Yield what a record in the OSV format (ossf.github.io/osv-schema) says of the wanted packages.

    A record that was withdrawn says nothing. A range without an end stays open, so that nothing is missed.
    """
    if record.get("withdrawn"):
        return
    for affected in record.get("affected", ()):
        package = affected.get("package", {})
        name = canonical(str(package.get("name", "")))
        if package.get("ecosystem") != "PyPI" or name not in wanted:
            continue
        for found in affected.get("ranges", ()):
            if found.get("type") != "ECOSYSTEM":
                continue
            introduced: str | None = None
            for event in found.get("events", ()):
                if "introduced" in event:
                    introduced = str(event["introduced"])
                elif "fixed" in event and introduced is not None:
                    yield Advisory(record["id"], name, introduced, str(event["fixed"]), record.get("summary", ""))
                    introduced = None
            if introduced is not None:
                yield Advisory(record["id"], name, introduced, None, record.get("summary", ""))
