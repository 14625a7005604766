"""A sweep over ten million names stays small: they are drawn as there is room."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.soak  # five to eight minutes on two cores, half of it the client's CPU
def test_ten_million_names_take_less_than_300_mib():
    command = [sys.executable, "-m", "tests.perf.bench_sweep", "10000000"]
    done = subprocess.run(command, cwd=Path(__file__).parents[4], check=True, capture_output=True, text=True)
    found = re.search(r"(\d+) MiB at most", done.stdout)
    assert found is not None, done.stdout
    assert int(found[1]) < 300
