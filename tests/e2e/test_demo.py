"""`make demo ONCE=1`: the story is told without a network and without Debian's packages, in half a minute when idle."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.service import HERE
from tools.demo.story import Narrator


def test_the_demo_tells_its_story() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo", "--once"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(f"the demo took {time.monotonic() - started:.0f} s")
    said = done.stdout.replace("[.]", ".")
    assert said.index("Somebody registers army.ml") < said.index("gains an exchange")
    assert said.index("gains an exchange") < said.index("┌─ Slack") < said.index("┌─ Mail")
    assert "mx.army.ml" in said[said.index("┌─ Slack") :]


@pytest.mark.parametrize("seconds", [0.1, 0.4, 0.9])
def test_ctrl_c_in_its_first_second_ends_it_and_leaves_nothing(tmp_path: Path, seconds: float) -> None:
    """The signal comes when the process has had so much time of its own, however loaded the machine is."""
    demo = subprocess.Popen(
        [sys.executable, "-m", "tools.demo", "--once"],
        cwd=HERE,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    status = Path(f"/proc/{demo.pid}/stat")
    ticks = os.sysconf("SC_CLK_TCK")
    while sum(map(int, status.read_text().rpartition(")")[2].split()[11:13])) / ticks < seconds:
        assert demo.poll() is None
        time.sleep(0.01)
    os.killpg(demo.pid, signal.SIGINT)  # as a terminal does: to the whole group
    out, err = demo.communicate(timeout=60)
    assert demo.returncode == 0, out + err
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert not [file for file in Path("/proc").glob("[0-9]*/environ") if _mentions(file, str(tmp_path))]


def _mentions(file: Path, text: str) -> bool:
    try:
        return text in file.read_text(errors="replace")
    except OSError:  # it ended meanwhile, or is somebody else's
        return False


def test_it_fits_sixty_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    narrator = Narrator()
    narrator.step("Somebody registers army.ml: nameservers, nothing else, " * 4)
    narrator.box("Slack, 0.5 s after the change", "https://example.invalid/" + "x" * 200 + "\n\nshort")
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 60
