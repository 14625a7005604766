"""`tools/make_venv`: a half-made .venv is made anew, and a missing network is said to be the reason."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parents[2]


def test_a_half_made_venv_is_made_anew_and_a_missing_network_is_named(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "requirements").mkdir()
    shutil.copy(HERE / "tools" / "make_venv", tmp_path / "tools")
    (tmp_path / "requirements" / "runtime.txt").write_text(f"click==8.1.0 --hash=sha256:{'0' * 64}\n")
    half = tmp_path / ".venv" / "bin"
    half.mkdir(parents=True)
    (half / "python").symlink_to("/nowhere/python3")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "UV_"))}
    nobody = {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    done = subprocess.run(
        [tmp_path / "tools" / "make_venv", "runtime"],
        env={**environment, **nobody, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert ".venv was left half-made; making it anew" in done.stderr
    assert "the network is missing" in done.stderr.splitlines()[-1]
    assert (half / "python").exists()
