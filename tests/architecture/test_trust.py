"""The bill of materials follows from the lock, and no locked version has a fault that is written down."""

import importlib
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import jsonschema
import pytest
from referencing import Registry, Resource

from tools import generate_bom
from tools.advisories import Advisory, of_osv, read
from tools.locks import FOLDER, read_lock

HERE = Path(__file__).parents[2]
BILL = json.loads((FOLDER / "bom.cdx.json").read_text())


def test_the_bill_is_made_from_the_lock() -> None:
    assert (FOLDER / "bom.cdx.json").read_text() == generate_bom.text(), "run tools/generate_bom.py"


def test_the_bill_is_cyclonedx() -> None:
    schemas = importlib.import_module("cyclonedx.schema._res")
    folder = Path(schemas.__path__[0])
    read_schema = {
        name: json.loads((folder / name).read_text())
        for name in ("bom-1.6.SNAPSHOT.schema.json", "spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    }
    registry = Registry().with_resources(
        [(schema["$id"], Resource.from_contents(schema)) for schema in read_schema.values()]
    )
    schema = read_schema["bom-1.6.SNAPSHOT.schema.json"]
    jsonschema.Draft7Validator(schema, registry=registry).validate(BILL)


def test_the_bill_names_every_package_with_what_wants_it() -> None:
    names = {component["bom-ref"] for component in BILL["components"]}
    assert names == {f"pkg:pypi/{package.name}@{package.version}" for package in read_lock("runtime")}
    wanted = {ref for row in BILL["dependencies"] for ref in row["dependsOn"]}
    assert wanted == names, "every package is there because somebody wants it"


def test_no_locked_version_has_a_known_fault() -> None:
    done = subprocess.run(
        [sys.executable, "tools/audit_locks.py"], cwd=HERE, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("name", "version", "found"),
    [
        ("A.B", "1.9", True),
        ("a-b", "2.0", False),
        ("a_b", "0.9", False),
        ("other", "1.5", False),
        ("a-b", "1.0rc1", False),
    ],
)
def test_an_advisory_concerns_versions_from_its_beginning_to_its_mend(name: str, version: str, found: bool) -> None:
    assert Advisory("X-1", "a-b", "1.0", "2.0").affects(name, version) is found


def test_records_of_osv_are_read_as_they_are_meant() -> None:
    record = {
        "id": "PYSEC-1",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "Jinja2"},
                "ranges": [
                    {"type": "GIT", "events": [{"introduced": "0"}]},
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "0"}, {"fixed": "1.0"}, {"introduced": "2.0"}],
                    },
                ],
            },
            {"package": {"ecosystem": "npm", "name": "jinja2"}, "ranges": []},
        ],
    }
    assert list(of_osv(record, {"jinja2"})) == [
        Advisory("PYSEC-1", "jinja2", "0", "1.0"),
        Advisory("PYSEC-1", "jinja2", "2.0", None),
    ]
    assert list(of_osv(record, {"aiohttp"})) == []
    assert list(of_osv(record | {"withdrawn": "2026-01-01T00:00:00Z"}, {"jinja2"})) == []


def test_an_export_without_records_leaves_the_file_alone(tmp_path: Path) -> None:
    empty = tmp_path / "all.zip"
    zipfile.ZipFile(empty, "w").close()
    before = read()
    done = subprocess.run(
        [sys.executable, "tools/refresh_advisories.py", str(empty)], cwd=HERE, capture_output=True, timeout=60, check=False
    )  # fmt: skip
    assert done.returncode == 1
    assert read() == before
