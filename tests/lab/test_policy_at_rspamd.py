"""rspamd asks `POST /policy:check` as the how-to says."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.policy_service import BLOCKED, PROTECTED, fill
from tests.lab.processes import Daemon, await_condition, program

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "refuse-at-the-mail-server.md"
API, RSPAMD = 18099, 11399
MESSAGE = b"From: anna@corp.example\r\nTo: bob@us.army.ml\r\nSubject: a message of the lab\r\n\r\nNothing.\r\n"


def rule() -> str:
    """The Lua of the how-to, at this module's port, without a token."""
    part = HOW_TO.read_text().partition("```lua\n")[2].partition("```")[0]
    token = ', ["Authorization"] = "Bearer TOKEN"'
    assert ":8080/" in part
    assert token in part
    return part.replace(":8080/", f":{API}/").replace(token, "")


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    folder = tmp_path_factory.mktemp("serve")
    fill(folder / "watcher.db")
    environment = {
        **os.environ,
        "WATCHER_DATABASE_URL": f"sqlite:///{folder}/watcher.db",
        "WATCHER_API__LISTEN": f"127.0.0.1:{API}",
    }
    environment["WATCHER_DNS__RESOLVERS"] = '["127.0.0.1:9"]'
    with (folder / "serve.log").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "watcher", "serve"],
            stdout=out,
            stderr=out,
            cwd=folder,
            env=environment,
            start_new_session=True,
        )
    try:
        await_condition(lambda: _asked(f"bob@{BLOCKED}") == "reject", "the API answers")
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def _asked(recipient: str) -> str:
    given = json.dumps({"recipient": recipient}).encode()
    question = urllib.request.Request(
        f"http://127.0.0.1:{API}/api/v1/policy:check", given, {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(question, timeout=5) as answer:
            return str(json.load(answer)["action"])
    except (OSError, ValueError):
        return ""


@pytest.fixture(scope="module")
def rspamd() -> Iterator[None]:
    folder = Path(tempfile.mkdtemp(prefix="watcher-rspamd-"))
    folder.chmod(0o777)
    (folder / "watcher.lua").write_text(rule())
    (folder / "rspamd.conf").write_text(
        f"""\
options {{ pidfile = "{folder}/pid"; dns {{ nameserver = ["127.0.0.1"]; }} hs_cache_dir = "{folder}"; control_socket = "{folder}/control mode=0600"; }}
logging {{ type = "console"; level = "info"; }}
lua = "{folder}/watcher.lua";
actions {{ reject = 100; }}
worker "normal" {{ bind_socket = "127.0.0.1:{RSPAMD}"; count = 1; }}
"""
    )
    daemon = Daemon(
        "rspamd",
        [program("rspamd", "rspamd"), "-f", "-i", "-c", str(folder / "rspamd.conf")],
        folder / "out",
        lambda: _judged(f"x@{PROTECTED}") is not None,
    )
    daemon.start()
    try:
        yield
    finally:
        daemon.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _judged(recipient: str) -> dict[str, object] | None:
    question = urllib.request.Request(
        f"http://127.0.0.1:{RSPAMD}/checkv2",
        MESSAGE,
        {"Rcpt": recipient, "From": "anna@corp.example", "IP": "10.0.0.9"},
    )
    try:
        with urllib.request.urlopen(question, timeout=30) as answer:
            return dict(json.load(answer))
    except (OSError, ValueError):
        return None


def test_a_lookalike_is_refused_with_the_sentence_and_the_real_name_passes(api: None, rspamd: None) -> None:
    refused = _judged(f"bob@{BLOCKED}")
    assert refused is not None
    assert refused["action"] == "reject", refused
    assert f"{BLOCKED} is a lookalike of {PROTECTED}. Did you mean bob@{PROTECTED}?" in json.dumps(refused["messages"])
    passed = _judged(f"bob@{PROTECTED}")
    assert passed is not None
    assert passed["action"] != "reject"
