"""The lock files as data: the pinned packages, their markers, and which packages want them."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parents[1]
FOLDER = HERE / "requirements"
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())["project"]

_ENTRY = re.compile(r"^[A-Za-z0-9].*?(?=^[A-Za-z0-9]|\Z)", re.MULTILINE | re.DOTALL)
_HEAD = re.compile(
    r"(?P<name>[A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==(?P<version>[^\s;\\]+)(?:\s*;\s*(?P<marker>[^\\\n]+?))?\s*\\?\n"
)
_VIA = re.compile(r"^\s+#\s+(?:via\s+)?([A-Za-z0-9._-]+)(?:\s.*)?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Locked:
    """One pinned package. `marker` limits it to some machines, None: everywhere. `wanted_by` are package names."""

    name: str
    version: str
    marker: str | None
    hashes: tuple[str, ...]
    wanted_by: tuple[str, ...]


def canonical(name: str) -> str:
    """Return a package's name in its normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock(name: str) -> Iterator[Locked]:
    """Yield the packages of `requirements/NAME.txt` in its order."""
    for entry in _ENTRY.findall((FOLDER / f"{name}.txt").read_text()):
        head = _HEAD.match(entry)
        assert head is not None, entry[:80]
        hashes = tuple(re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
        wanted_by = tuple(canonical(found) for found in _VIA.findall(entry) if found not in {"via", "-r"})
        yield Locked(canonical(head["name"]), head["version"], head["marker"], hashes, wanted_by)


def licences() -> dict[str, str]:
    """Return the licence of each locked package as an SPDX expression, from `requirements/licences.toml`."""
    return {
        canonical(name): text for name, text in tomllib.loads((FOLDER / "licences.toml").read_text())["licence"].items()
    }
