"""The built wheel in an empty environment: it holds everything that running takes."""

import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

import watcher
from tests.e2e.background import Background
from tests.e2e.service import HERE, Service
from tests.fakes.dns_server import DnsServer


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without fetching anything."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", str(HERE), "--no-deps", "--no-index", "--no-build-isolation"]
    run([*build, "--disable-pip-version-check", "--quiet", "--wheel-dir", str(folder)])
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel in it.

    The dependencies are those of the running one, by a path file: that shows neither the checkout nor what is
    installed there as editable.
    """
    folder = tmp_path_factory.mktemp("environment") / "venv"
    run([sys.executable, "-m", "venv", "--without-pip", str(folder)])
    install = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "install", "--no-deps"]
    run([*install, "--disable-pip-version-check", "--quiet", "--no-index", str(wheel)])
    (site,) = (folder / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def run(command: list[str], cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_the_wheel_holds_migrations_data_and_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert "watcher/_migrations/env.py" in names
    package = HERE / "watcher"
    expected = {
        str(path.relative_to(HERE))
        for path in package.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and "_migrations" not in path.parts
    }
    assert expected <= names
    versions = {f"watcher/_migrations/versions/{path.name}" for path in (HERE / "migrations" / "versions").glob("*.py")}
    assert versions
    assert versions <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/NOTICE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "tools/"))]


def test_the_command_runs_from_the_wheel(environment: Path, tmp_path: Path) -> None:
    program = str(environment / "bin" / "watcher")
    assert run([program, "--version"], cwd=tmp_path) == f"watcher {watcher.__version__}\n"
    where = run([str(environment / "bin" / "python"), "-c", "import watcher; print(watcher.__file__)"], cwd=tmp_path)
    assert where.startswith(str(environment))
    assert "army.ml" in run([program, "candidates", "army.mil", "--limit", "50"], cwd=tmp_path).split()


def test_the_wheel_serves(environment: Path, tmp_path: Path) -> None:
    program = (str(environment / "bin" / "watcher"),)
    dns = DnsServer()
    with (
        Background(dns),
        Service(
            tmp_path, {"WATCHER_DNS__RESOLVERS": f'["{dns.address}"]'}, command=program, pythonpath=None
        ) as service,
    ):
        assert service.get("/version")["version"] == watcher.__version__
        assert service.get("/openapi.json")["openapi"].startswith("3.1")
    assert (tmp_path / "watcher.db").exists()
