"""Bad input and bad settings: one line that says what to do, the right exit code, nothing lost."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.background import Background
from tests.e2e.service import COMMAND, HERE, free_port
from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer

SUFFIX = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"


class Commands:
    """Runs `watcher` in a folder of its own with an environment that holds nothing of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}
        self.environment["PYTHONPATH"] = str(HERE)

    def __call__(self, *words, seconds=180, **variables):
        return subprocess.run(
            [*COMMAND, *words],
            cwd=self.folder,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def refused(self, code, *words, **variables):
        """The one line of a command that must fail with `code`."""
        done = self(*words, **variables)
        lines = done.stderr.strip().splitlines()
        assert done.returncode == code, done.stderr
        assert len(lines) == 1, done.stderr
        assert lines[0].startswith("watcher: ")
        assert "Traceback" not in done.stderr
        return lines[0]


@pytest.fixture
def watcher(tmp_path):
    return Commands(tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "foo..bar",
        "",
        ".example.com",
        "192.0.2.1",
        "army-.mil",
        "army_.mil",
        "a" * 64 + ".com",
        "army.notatld",
        "ar my.mil",
    ],
)
def test_what_is_no_name_is_refused_and_changes_nothing(watcher, name):
    line = watcher.refused(2, "protect", "add", "army.mil", name)
    assert "is not a name" in line
    assert not (watcher.folder / "watcher.db").exists()


def test_a_wrong_name_among_good_ones_adds_none_of_them(watcher):
    assert watcher("protect", "add", "army.mil").returncode == 0
    watcher.refused(2, "protect", "add", "navy.mil", "nonsense..x")
    assert watcher("protect", "list").stdout.split() == ["army.mil"]


def test_what_stands_in_the_issue_is_understood(watcher):
    done = watcher("protect", "add", "army.mil", "mod.gov.uk", ".mil", "postmaster@us.army.mil")
    assert done.returncode == 0, done.stderr
    assert watcher("protect", "list").stdout.split() == ["army.mil", "mil", "mod.gov.uk", "us.army.mil"]


def test_an_unknown_key_is_named(watcher):
    (watcher.folder / "watcher.toml").write_text("[dns]\nresolver = []\n")
    assert "dns.resolver" in watcher.refused(2, "protect", "add", "army.mil")


def test_an_unknown_variable_is_named(watcher):
    assert "dns.typo" in watcher.refused(2, "serve", WATCHER_DNS__TYPO="1")


def test_broken_toml_is_said_to_be_so(watcher):
    (watcher.folder / "watcher.toml").write_text("[dns\n")
    line = watcher.refused(2, "doctor")
    assert "TOML" in line
    assert "watcher.toml" in line


def test_a_file_that_was_named_and_is_not_there(watcher):
    assert "missing.toml" in watcher.refused(2, "--config", "missing.toml", "doctor")


@pytest.mark.parametrize("command", [("serve",), ("sweep", "--once"), ("protect", "add", "army.mil")])
def test_a_database_that_cannot_be_reached(watcher, command):
    line = watcher.refused(3, "--database-url", "sqlite:////nowhere/at/all/watcher.db", *command)
    assert "/nowhere/at/all" in line


def test_a_file_that_is_no_database(watcher):
    (watcher.folder / "watcher.db").write_text("this is a letter to my aunt, not a database" * 50)
    assert "database" in watcher.refused(3, "serve")
    assert (watcher.folder / "watcher.db").read_text().startswith("this is a letter")


def test_commands_that_only_read_say_that_there_is_no_database(watcher):
    for command in (("lookalikes",), ("events",)):
        assert "there is no database" in watcher.refused(3, *command)
        assert not (watcher.folder / "watcher.db").exists()


@pytest.mark.parametrize("command", [("check", "army.ml"), ("scan", "army.mil"), ("sweep", "--once")])
def test_without_a_resolver_that_answers(watcher, command):
    done = watcher(*command, "--resolver", f"127.0.0.1:{free_port()}", WATCHER_DNS__TIMEOUT="200ms")
    assert done.returncode == 3, done.stderr
    assert "no resolver answers" in done.stderr.splitlines()[-1]
    assert done.stdout == ""


def test_a_resolver_that_rewrites_is_refused(watcher):
    liar = DnsServer({".": SUFFIX}, faults=[Fault(Effect.REWRITE)])
    with Background(liar):
        line = watcher.refused(3, "check", "army.ml", "--resolver", liar.address)
    assert "not honest" in line


def test_a_resolver_that_is_no_address(watcher):
    assert "--resolver" in watcher.refused(2, "check", "army.ml", "--resolver", "not an address")


def test_a_port_that_is_taken(watcher):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        line = watcher.refused(3, "serve", WATCHER_API__LISTEN=f"127.0.0.1:{port}")
    assert f"127.0.0.1:{port}" in line
    assert "api.listen" in line


def test_listening_for_everybody_without_a_token(watcher):
    assert "watcher token create" in watcher.refused(2, "serve", WATCHER_API__LISTEN="0.0.0.0:0")


def test_a_command_that_there_is_not(watcher):
    assert "--help" in watcher.refused(2, "frobnicate")


def test_a_newer_database_is_refused_and_left_alone(watcher):
    assert watcher("protect", "add", "army.mil").returncode == 0
    database = watcher.folder / "watcher.db"
    code = (
        "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]);"
        "c.execute(\"update alembic_version set version_num='9999'\"); c.commit()"
    )
    subprocess.run([sys.executable, "-c", code, str(database)], check=True)
    before = database.read_bytes()
    assert "newer version" in watcher.refused(3, "serve")
    assert database.read_bytes() == before


def test_a_broken_database_hinders_no_look(watcher):
    (watcher.folder / "watcher.db").write_bytes(b"this is no database")
    dns = DnsServer(dict.fromkeys(("com", "ml", "net", "org"), SUFFIX))
    with Background(dns):
        done = watcher("check", "army.ml", "--no-registration", "--resolver", dns.address)
    assert (done.returncode, done.stdout) == (0, "army.ml does not exist, seen by 1 resolver\n"), done.stderr
    assert done.stderr.startswith("watcher: without what is known here: database watcher.db cannot be used")
    watcher.refused(3, "lookalikes")
