"""The rules the tree keeps about itself: layers, sizes, locks, versions, and nothing of anybody's machine."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

import watcher

HERE = Path(__file__).parents[2]
PROJECT = tomllib.loads((HERE / "pyproject.toml").read_text())
LONGEST = 500
"""Lines at which a module fails; aim at 150, and above LONG the test prints the module."""
LONG = 300


def modules() -> list[Path]:
    return sorted((HERE / "watcher").rglob("*.py"))


def tracked() -> Iterator[tuple[str, str]]:
    """Every tracked text file with its path."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=HERE, capture_output=True, text=True, timeout=30, check=False
    )
    if listed.returncode == 0:
        paths = [path for path in listed.stdout.split("\0") if path]
    else:  # an unpacked source distribution
        paths = [
            str(path.relative_to(HERE)) for path in HERE.rglob("*") if path.is_file() and ".venv" not in path.parts
        ]
    for path in paths:
        try:
            yield path, (HERE / path).read_text(encoding="utf-8")
        except (UnicodeDecodeError, FileNotFoundError, IsADirectoryError):
            continue


def test_the_import_contracts_are_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [str(program), "--no-cache"], cwd=HERE, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_module_is_too_long() -> None:
    sizes = {str(path.relative_to(HERE)): len(path.read_text().splitlines()) for path in modules()}
    for path, lines in sorted(sizes.items(), key=lambda row: -row[1]):
        if lines > LONG:
            print(f"{lines:5} {path}")
    assert {path: lines for path, lines in sizes.items() if lines >= LONGEST} == {}


def test_every_module_says_what_one_would_come_for() -> None:
    missing = [str(path) for path in modules() if not ast.get_docstring(ast.parse(path.read_text()))]
    assert missing == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    empty = re.compile(r"(^|_)(utils?|helpers?|misc|common|managers?|handlers?|base)$")
    assert [str(path) for path in modules() if empty.search(path.stem)] == []


def test_there_is_one_migration_head() -> None:
    """Each migration says what it follows; exactly one is followed by none."""
    revisions: dict[str, str | None] = {}
    for path in (HERE / "migrations" / "versions").glob("*.py"):
        values = {}
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                values |= {target.id: node.value.value for target in node.targets if isinstance(target, ast.Name)}
            elif isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Constant):
                values[ast.unparse(node.target)] = node.value.value
        revisions[values["revision"]] = values["down_revision"]
    heads = set(revisions) - set(revisions.values())
    assert len(heads) == 1, revisions
    assert list(revisions.values()).count(None) == 1


@pytest.mark.parametrize("name", ["runtime", "build", "dev"])
def test_locks_hold_hashes_and_no_addresses(name: str) -> None:
    text = (HERE / "requirements" / f"{name}.txt").read_text()
    assert "://" not in text
    assert not re.search(r"^\s*(-i|--index|--extra-index|--find-links|-f|--trusted)", text, re.MULTILINE)
    entries = re.split(r"\n(?=[A-Za-z0-9])", text)
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_the_locks_hold_every_declared_dependency() -> None:
    locked = {row.lower() for row in re.findall(r"^([A-Za-z0-9._-]+)", _lock("runtime"), re.MULTILINE)}
    declared = {re.match(r"[A-Za-z0-9._-]+", row)[0].lower() for row in PROJECT["project"]["dependencies"]}  # type: ignore[index]
    assert declared <= locked


def test_the_dev_lock_pins_what_the_runtime_lock_pins() -> None:
    runtime, dev = _versions("runtime"), _versions("dev")
    assert {name: dev.get(name) for name in runtime} == runtime


def _lock(name: str) -> str:
    return (HERE / "requirements" / f"{name}.txt").read_text()


def _versions(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;]+)", _lock(name), re.MULTILINE))


def test_no_tracked_file_names_somebodys_machine() -> None:
    """Homes and checkouts are nobody else's business, and break everywhere else."""
    places = re.compile(r"(?<![\w/.])/(?:root|work|Users/[\w.-]+|home/(?!watcher\b)[\w.-]+)/")
    registries = re.compile(r"\b(?:files\.pythonhosted\.org|index-url|extra-index)\b")
    found = [
        f"{path}: {match[0]}"
        for path, text in tracked()
        if not path.startswith("tests/architecture/")
        for match in (*places.finditer(text), *registries.finditer(text))
        if path != "tools/lock"
    ]
    assert found == []


def test_the_version_is_the_same_everywhere() -> None:
    version = PROJECT["project"]["version"]
    assert watcher.__version__ == version
    assert f"image: watcher:{version}" in (HERE / "compose.yaml").read_text()
    assert f'image.version="{version}"' in (HERE / "Dockerfile").read_text()
    changelog = (HERE / "CHANGELOG.md").read_text()
    assert re.search(rf"^## .*({re.escape(version)}|[Uu]nreleased)", changelog, re.MULTILINE)
    try:
        installed = metadata.version("mx-watcher")
    except metadata.PackageNotFoundError:
        return
    assert installed == version


def test_everything_that_is_run_can_be_run() -> None:
    for path in (
        ".ci/run",
        "tools/make_venv",
        "tools/in_lab",
        "tools/lab_packages",
        "tools/lab_image",
        "tools/build_image",
        "tools/lock",
    ):
        assert (HERE / path).stat().st_mode & 0o100, path


def test_names_of_test_files_are_unique_within_their_folder() -> None:
    """Pytest's own report would not tell two of one name apart."""
    for folder in (HERE / "tests").iterdir():
        if folder.is_dir():
            names = [path.name for path in folder.rglob("test_*.py")]
            assert len(names) == len(set(names)), sorted({name for name in names if names.count(name) > 1})
