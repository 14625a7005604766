"""`make demo ONCE=1`: the story is told, in under a minute, without a network and without Debian's packages."""

import subprocess
import sys
import time

from tests.e2e.service import HERE


def test_the_demo_tells_its_story_in_under_a_minute() -> None:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo", "--once"],
        cwd=HERE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert time.monotonic() - started < 60
    said = done.stdout.replace("[.]", ".")
    assert said.index("Somebody registers army.ml") < said.index("gains an exchange")
    assert said.index("gains an exchange") < said.index("┌─ Slack") < said.index("┌─ Mail")
    assert "mx.army.ml" in said[said.index("┌─ Slack") :]
