"""The systemd units are well-formed, hardened, and named by the how-to."""

import configparser
import re
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parents[2]
UNITS = sorted((HERE / "watcher" / "data" / "systemd").glob("*.service"))


def unit(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


@pytest.mark.lab
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_systemd_finds_nothing_wrong(path: Path, tmp_path: Path) -> None:
    """The program is put where the test's machine has one: all else is checked as it stands."""
    copy = tmp_path / path.name
    copy.write_text(re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", path.read_text(), flags=re.MULTILINE))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True, timeout=60, check=False
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if path.name in line]
    assert said == []


@pytest.mark.lab
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_its_exposure_is_low(path: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    score = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert score is not None, done.stdout + done.stderr
    assert float(score[1]) <= 2.0


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.stem)
def test_it_waits_for_the_network_and_gives_up_on_wrong_settings(path: Path) -> None:
    read = unit(path)
    assert read["Unit"]["Wants"] == read["Unit"]["After"] == "network-online.target"
    assert read["Service"]["RestartPreventExitStatus"] == "2"
    assert "LoadCredential=" in path.read_text()


def test_the_how_to_names_every_unit() -> None:
    page = (HERE / "docs" / "how-to" / "run-as-a-service.md").read_text()
    for path in UNITS:
        assert path.name in page
