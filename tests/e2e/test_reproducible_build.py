"""Two builds of one tree are the same bytes, whoever builds and whenever: what was published can be made again."""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
EPOCH = 1_700_000_000
LEFT_OUT = (".venv", ".git", "__pycache__", ".*_cache", ".hypothesis", "dist", "build", "*.db")


def build(tree: Path, out: Path, *, umask: int, zone: str, mtime: int) -> dict[str, bytes]:
    """Build wheel and sdist from a copy of the checkout. Returns the files by name."""
    shutil.copytree(HERE, tree, ignore=shutil.ignore_patterns(*LEFT_OUT))
    for path in tree.rglob("*"):
        os.utime(path, (mtime, mtime))
    environment = {**os.environ, "SOURCE_DATE_EPOCH": str(EPOCH), "TZ": zone, "PYTHONHASHSEED": str(umask)}
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(out)],
        cwd=tree, env=environment, umask=umask, check=True, capture_output=True, timeout=180,
    )  # fmt: skip
    return {path.name: path.read_bytes() for path in out.iterdir()}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, bytes]]:
    folder = tmp_path_factory.mktemp("built")
    return [
        build(folder / "a" / "tree", folder / "a" / "dist", umask=0o022, zone="UTC", mtime=1_600_000_000),
        build(folder / "other" / "place", folder / "b", umask=0o077, zone="Asia/Kathmandu", mtime=1_750_000_000),
    ]


def test_wheel_and_source_distribution_are_the_same_byte_for_byte(built: list[dict[str, bytes]]) -> None:
    first, second = ({name: hashlib.sha256(data).hexdigest() for name, data in files.items()} for files in built)
    assert sorted(Path(name).suffix for name in first) == [".gz", ".whl"]
    assert first == second


def test_the_times_in_the_archive_are_those_of_the_source(built: list[dict[str, bytes]], tmp_path: Path) -> None:
    (name,) = (name for name in built[0] if name.endswith(".tar.gz"))
    (tmp_path / name).write_bytes(built[0][name])
    with tarfile.open(tmp_path / name) as archive:
        members = archive.getmembers()
        assert {member.mtime for member in members} == {EPOCH}
        assert {(member.uid, member.uname) for member in members} == {(0, "")}
        inside = {member.name.partition("/")[2] for member in members}
    assert {
        "Dockerfile",
        "Makefile",
        "SECURITY.md",
        "tests/conftest.py",
        "tools/make_venv",
        "watcher/py.typed",
    } <= inside
