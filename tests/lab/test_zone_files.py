"""The checkers of NSD and BIND accept the zone that is exported, in every action and with names of every size."""

import subprocess
from pathlib import Path

import pytest

from tests.fakes.block_entries import SAMPLES, block_entry
from tests.lab.processes import program
from watcher.exports import FORMATS
from watcher.exports.form import About, Omitted, RpzAction, written

ZONE = "rpz.watcher.invalid"
LONG = ".".join(["a" * 63, "b" * 63, "c" * 63, "army.ml"])
ENTRIES = sorted(
    [*SAMPLES, block_entry("foo_bar.ml"), block_entry(LONG), *(block_entry(f"army-{n:05}.ml") for n in range(2_000))],
    key=lambda entry: entry.name,
)
CHECKERS = {"NSD": ("nsd-checkzone", "nsd"), "BIND": ("named-checkzone", "bind9-utils")}


@pytest.mark.parametrize("action", RpzAction)
@pytest.mark.parametrize("maker", CHECKERS)
def test_a_checker_accepts_the_zone(maker: str, action: RpzAction, tmp_path: Path) -> None:
    file = tmp_path / "rpz.zone"
    file.write_text("".join(written(FORMATS["rpz"], ENTRIES, About(serial=7, action=action), omitted=Omitted())))
    command = [program(*CHECKERS[maker]), *(("-k", "fail") if maker == "BIND" else ()), ZONE, str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ok" in (done.stdout + done.stderr).lower()
