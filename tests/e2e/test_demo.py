"""`make demo ONCE=1`: the story is told without a network and without Debian's packages, in half a minute when idle."""

import subprocess
import sys
import time

from tests.e2e.service import HERE


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
