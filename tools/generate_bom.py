"""Write the bill of materials of what runs, CycloneDX 1.6: `python tools/generate_bom.py`.

`requirements/bom.cdx.json` follows from `requirements/runtime.txt` and `requirements/licences.toml` alone, so it is the
same bytes each time. The wheel carries it (PEP 770). The hash in it is that of the lock, which pins every file.
"""

import hashlib
import json
import sys
import uuid
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from tools.locks import FOLDER, PROJECT, Locked, canonical, licences, read_lock

OUT = FOLDER / "bom.cdx.json"
ROOT = f"pkg:pypi/{PROJECT['name']}@{PROJECT['version']}"


def purl(package: Locked) -> str:
    """Return the package's URL (purl-spec, type pypi)."""
    return f"pkg:pypi/{package.name}@{package.version}"


def component(package: Locked, licence: str) -> dict[str, Any]:
    """Return a package as a component."""
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package.name,
        "version": package.version,
        "licenses": [{"expression": licence}],
        "purl": purl(package),
    }
    if package.marker:
        made["properties"] = [{"name": "watcher:marker", "value": package.marker}]
    return made


def bill() -> dict[str, Any]:
    """Return the whole bill."""
    packages = list(read_lock("runtime"))
    known = licences()
    lock = hashlib.sha256((FOLDER / "runtime.txt").read_bytes()).hexdigest()
    wants: dict[str, list[str]] = {ROOT: []} | {purl(package): [] for package in packages}
    for package in packages:
        for name in package.wanted_by:
            refs = [ROOT] if name == canonical(PROJECT["name"]) else [purl(p) for p in packages if p.name == name]
            for ref in refs:
                wants[ref].append(purl(package))
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{ROOT}#{lock}')}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": ROOT,
                "name": PROJECT["name"],
                "version": PROJECT["version"],
                "description": PROJECT["description"],
                "licenses": [{"expression": PROJECT["license"]}],
                "purl": ROOT,
            },
            "properties": [{"name": "watcher:lock:sha256", "value": lock}],
        },
        "components": [component(package, known[package.name]) for package in packages],
        "dependencies": [{"ref": ref, "dependsOn": sorted(set(found))} for ref, found in wants.items()],
    }


def text() -> str:
    """Return the file as it is written."""
    return json.dumps(bill(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    OUT.write_text(text())
    print(f"{OUT.relative_to(FOLDER.parent)}: {len(bill()['components'])} packages")
