"""A disk that is really full: the service says so, goes on, and tells everything once there is room again."""

import contextlib
import errno
import json
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.background import Background
from tests.e2e.outside import mentions
from tests.e2e.service import Service, eventually
from tests.fakes.dns_server import DnsServer
from tests.fakes.slack_receiver import SlackReceiver

pytestmark = pytest.mark.lab  # a disk of its own needs the lab's mount namespace

SOA = "@ 1 SOA ns1.hosting.net. hostmaster.hosting.net. 1 3600 600 86400 1\n@ 1 NS ns1.hosting.net.\n"
ZONES = dict.fromkeys(("com", "il", "mil", "ml", "net"), SOA) | {"hosting.net": SOA + "mx 1 A 185.199.108.25\n"}
ABLE = SOA + "@ 1 MX 10 mx.hosting.net.\n"
MOST_LINES = 30
BEFORE, MEANWHILE = "army.com", "army.ml"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of eight megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True, timeout=60)
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True, timeout=60)


def _fill(disk: Path) -> Path:
    """The file that takes up all that is left."""
    ballast = disk / "ballast"
    for size in (65536, 1024, 1):
        with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
            while file.write(b"x" * size) == size:
                pass
    with pytest.raises(OSError) as full, (disk / "one more").open("wb", buffering=0) as file:
        file.write(b"x" * 8192)
    assert full.value.errno == errno.ENOSPC
    return ballast


def test_a_full_disk_is_said_and_loses_nothing(tmp_path: Path, disk: Path) -> None:
    dns, slack = DnsServer(ZONES | {BEFORE: ABLE}), SlackReceiver()
    dns.logging = False

    def told(name: str) -> list[str]:
        return [one.alert_id for one in list(slack.accepted) if mentions(one.text, name)]

    def said() -> int:
        return service.tail(5000).count("make room on its disk")

    with Background(dns, slack):
        database = disk / "watcher.db"
        service = Service(
            tmp_path,
            {
                "WATCHER_DATABASE_URL": f"sqlite:///{database}",
                "WATCHER_DNS__RESOLVERS": json.dumps([dns.address]),
                "WATCHER_DNS__MAX_RATE": "2000",
                "WATCHER_SWEEP__TIERS": '[[100, "1s"]]',
                "WATCHER_CONFIRM__DELAY": "1s",
                "WATCHER_ALERTS__GROUP_WAIT": "1s",
                "WATCHER_ALERTS__DIGEST": "never",
                "WATCHER_ALERTS__SLACK__WEBHOOK_URL": slack.webhook_url,
                "WATCHER_REGISTRATION__ENABLED": "false",
            },
        )
        service.run("protect", "add", "army.mil")
        with service:
            eventually(lambda: told(BEFORE), "the baseline is told", log=service.tail)
            eventually(lambda: any("disk is nearly full" in one.text for one in slack.accepted), "a warning")
            with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as reader:
                reader.execute("BEGIN")
                reader.execute("SELECT count(*) FROM events").fetchone()  # nothing written after this is overwritten
                ballast = _fill(disk)
                eventually(lambda: said() >= 1, "it says so", log=service.tail)
                dns.load(MEANWHILE, ABLE)
                before = said()
                eventually(lambda: said() >= before + 2, "it goes on saying so", log=service.tail)
            assert service.get("/healthz") is not None, "it goes on"
            ballast.unlink()
            eventually(lambda: told(MEANWHILE), "it tells what it could not write", log=service.tail)
            events = service.get("/api/v1/events?limit=500")["items"]
            assert [row["kind"] for row in events if row["name"] == MEANWHILE].count("mail_became_able") == 1
            assert "Traceback" not in service.tail(100_000)
            assert said() < MOST_LINES, "one line for all that cannot be written, at growing waits"
        assert len(set(told(MEANWHILE))) == 1
        assert slack.problems == []
        with contextlib.closing(sqlite3.connect(database)) as reader:
            assert reader.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
