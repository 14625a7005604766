"""`watcher mail-log` as a process: it follows logs through rotation and truncation, and asks the DNS when told to."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.background import Background
from tests.e2e.service import HERE, PATIENCE, eventually
from tests.fakes.dns_server import DnsServer

SOA = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"
ABLE = SOA + "@ MX 10 mx\nmx A 93.184.215.14\n"


def line(queue: int, recipient: str, *, sender: str = "secret@corp.example") -> str:
    """What Postfix writes about one message."""
    head = "2026-11-27T09:12:00.5+00:00 mx1 postfix"
    name = f"{0xABCDE00000 + queue:X}"
    return (
        f"{head}/qmgr[1]: {name}: from=<{sender}>, size=1, nrcpt=1 (queue active)\n"
        f"{head}/smtp[2]: {name}: to=<{recipient}>, relay=mx[93.184.215.14]:25, delay=1, delays=0/0/0/1, dsn=2.0.0, "
        "status=sent (250 Ok)\n"
    )


class Following:
    """`watcher mail-log --follow` in a folder; `rows` is what it printed so far."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.folder = folder
        self._out, self._err = folder / "followed", folder / "said"
        with self._out.open("wb") as out, self._err.open("ab") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "watcher", "mail-log", "--follow", "--format", "jsonl", *more, "mail.log"],
                cwd=folder,
                env=environment(),
                stdout=out,
                stderr=err,
            )

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(text) for text in self._out.read_text().splitlines()]

    def counts(self, name: str) -> list[int]:
        """The number of messages to a name, as it was printed each time."""
        return [row["messages"] for row in self.rows if row["name"] == name]

    def until(self, name: str, messages: int) -> None:
        eventually(
            lambda: self.counts(name)[-1:] == [messages],
            f"{messages} messages to {name} are printed",
            log=lambda: f"{self._out.read_text()}{self._err.read_text()}",
        )

    def said(self) -> str:
        return self._err.read_text()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


def environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")}
    return kept | {"PYTHONPATH": str(HERE), "PYTHONUTF8": "1"}


def watcher(folder: Path, *words: str, expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "watcher", *words],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == expect, done
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    watcher(tmp_path, "protect", "add", "army.mil")
    return tmp_path


@pytest.fixture
def follow(folder: Path) -> Iterator[Any]:
    started: list[Following] = []

    def begin(*more: str) -> Following:
        started.append(Following(folder, *more))
        return started[-1]

    yield begin
    for following in started:
        following.process.kill()
        following.process.wait(PATIENCE)


def test_a_log_is_followed_through_all_that_happens_to_it(folder: Path, follow: Any) -> None:
    log = folder / "mail.log"
    following = follow()
    eventually(lambda: following.process.poll() is None, "it waits for a log that is not there")
    log.write_text("2026-11-27T09:12:00.5+00:00 mx1 sshd[1]: not of a mail server\n")
    eventually(lambda: "waits for lines of a known form" in following.said(), "it waits for lines")
    with log.open("a") as out:
        out.write(line(1, "private@army.ml"))
    following.until("army.ml", 1)

    second = line(2, "private@army.ml")
    with log.open("a") as out:
        out.write(second[:-40])
    with log.open("a") as out:  # the rest of the line, and one about somebody else
        out.write(second[-40:] + line(3, "x@example.org"))
    following.until("army.ml", 2)

    log.rename(folder / "mail.log.1")
    with (folder / "mail.log.1").open("a") as out:  # the server has not opened the new one yet
        out.write(line(4, "private@army.ml"))
    log.write_text(line(5, "private@amry.mil.com"))
    following.until("amry.mil.com", 1)
    following.until("army.ml", 3)

    (folder / "copy").write_bytes(log.read_bytes())  # copytruncate
    with log.open("r+") as out:
        out.truncate()
    with log.open("a") as out:
        out.write(line(6, "private@army.ml", sender="secret2@corp.example"))
    following.until("army.ml", 4)
    assert following.rows[-1]["senders"] == 2
    assert following.process.poll() is None
    shown = following.said() + json.dumps(following.rows)
    assert "private" not in shown
    assert "secret" not in shown
    assert following.stop() in {0, -signal.SIGTERM}


def test_what_is_kept_while_following_counts_once_after_a_kill(folder: Path, follow: Any) -> None:
    log = folder / "mail.log"
    log.write_text(line(1, "private@army.ml") + line(2, "private@army.ml"))
    first = follow("--save")
    first.until("army.ml", 2)
    first.process.kill()
    first.process.wait(PATIENCE)
    with log.open("a") as out:
        out.write(line(3, "private@army.ml"))
    follow("--save").until("army.ml", 3)
    known = json.loads(watcher(folder, "mail-log", "--save", "mail.log", "--format", "json"))
    assert [row["messages"] for row in known] == [3]


def test_look_asks_the_dns_and_fails_on_what_is_able(folder: Path, follow: Any) -> None:
    zones = (
        {".": SOA} | dict.fromkeys(("mil", "ml", "com", "il"), SOA) | {"army.ml": ABLE, "army.il": SOA + "@ MX 0 .\n"}
    )
    (folder / "mail.log").write_text(line(1, "a@army.ml") + line(2, "b@army.il") + line(3, "c@army.com"))
    with Background(server := DnsServer(zones)):
        asking = ("--look", "--resolver", server.address, "--format", "json")
        out = watcher(folder, "mail-log", "mail.log", *asking, "--fail-on", "able", expect=1)
        assert {row["name"]: row["ability"] for row in json.loads(out)} == {
            "army.ml": "able",
            "army.il": "unable",
            "army.com": "unable",
        }
        following = follow("--look", "--resolver", server.address, "--fail-on", "able")
        assert following.process.wait(PATIENCE) == 1, following.said()
        assert {row["name"]: row["ability"] for row in following.rows}["army.ml"] == "able"
    silent = watcher(folder, "mail-log", "mail.log", "--format", "json")
    assert {row["ability"] for row in json.loads(silent)} == {None}
