"""The image is built and run as an engine runs it: read-only, as nobody in particular, without capabilities."""

import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.background import Background
from tests.e2e.service import eventually
from tests.fakes.dns_server import DnsServer
from tests.fakes.released import load_database
from tests.lab.image import Container, Image

GRACE = 30
"""Seconds that compose.yaml gives it to stop."""


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Image]:
    with Image(tmp_path_factory.mktemp("image")) as image:
        yield image


@pytest.fixture
def dns() -> Iterator[DnsServer]:
    server = DnsServer()
    with Background(server):
        yield server


def settings(dns: DnsServer) -> dict[str, str]:
    return {
        "WATCHER_DNS__RESOLVERS": f'["{dns.address}"]',
        "WATCHER_DNS__TIMEOUT": "500ms",
        "WATCHER_REGISTRATION__ENABLED": "false",
    }


def get(container: Container, path: str, token: str | None = None) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{container.port}{path}")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.loads(reply.read())


def status_of(container: Container) -> dict[str, str]:
    lines = Path(f"/proc/{container.first_process}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def test_it_starts_from_nothing_and_stops_when_it_is_told(image: Image, dns: DnsServer, tmp_path: Path) -> None:
    with Container(image, tmp_path, settings(dns)) as container:
        container.until_healthy()
        token = container.data / "token"
        assert token.stat().st_mode & 0o777 == 0o600
        assert token.stat().st_uid == 10001
        assert get(container, "/api/v1/protected", token.read_text().strip())["items"] == []
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(container, "/api/v1/protected")

        status = status_of(container)
        assert status["Name"] == "watcher", "signals reach the service, not a shell"
        assert status["Uid"].split() == ["10001"] * 4
        assert status["NoNewPrivs"] == "1"
        assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
        environment = Path(f"/proc/{container.first_process}/environ").read_bytes().split(b"\0")
        assert not [entry for entry in environment if entry.startswith(b"HOME=")]
        assert container.run("sh", "-c", "echo > /opt/watcher/x").returncode != 0
        assert container.run("sh", "-c", "echo > /data/x && echo > /tmp/x").returncode == 0

        code, seconds = container.stop(GRACE)
        assert code == 0, container.log()
        assert seconds < GRACE
    assert (container.data / "watcher.db").exists()
    assert "Traceback" not in container.log()


def test_its_health_check_turns_red_when_the_watch_is_blind(image: Image, dns: DnsServer, tmp_path: Path) -> None:
    blind = DnsServer(port=dns.port + 1 if dns.port < 65535 else dns.port - 1)
    seen = Background(blind)
    with Container(image, tmp_path, settings(blind)) as container:
        with seen:
            container.until_healthy()
        eventually(lambda: not container.healthy(), "the health check is red", log=container.log)
        assert container.ended is None, "a blind watch goes on; only its health says so"
        with Background(DnsServer(port=blind.port)):
            container.until_healthy()


def test_it_takes_over_the_data_of_the_first_version(image: Image, dns: DnsServer, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    load_database("0.1.0", tmp_path / "data" / "watcher.db")
    with closing(sqlite3.connect(tmp_path / "data" / "watcher.db")) as before:
        (events,) = before.execute("SELECT count(*) FROM events").fetchone()
    with Container(image, tmp_path, settings(dns)) as container:
        container.until_healthy()
        token = (container.data / "token").read_text().strip()
        assert len(get(container, "/api/v1/events?limit=500", token)["items"]) >= events > 0
        assert {row["name"] for row in get(container, "/api/v1/protected", token)["items"]} >= {
            "army.mil",
            "mod.gov.uk",
        }
    assert list(container.data.glob("watcher.db.*.bak")), "a copy was made before"


def test_it_goes_on_though_every_token_is_revoked(image: Image, dns: DnsServer, tmp_path: Path) -> None:
    with Container(image, tmp_path, settings(dns)) as container:
        container.until_healthy()
        assert container.run("watcher", "token", "revoke", "first").returncode == 0
        container.stop(GRACE)
    with container:
        container.until_healthy()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            get(container, "/api/v1/protected", (container.data / "token").read_text().strip())
        made = container.run("watcher", "token", "create", "second", "--scope", "read")
        assert get(container, "/api/v1/protected", made.stdout.strip())["items"] == []


def test_it_says_what_it_is_and_carries_no_tools_of_the_build(image: Image, tmp_path: Path) -> None:
    labels = image.config["Labels"]
    assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
    assert image.config["Volumes"] == {"/data": {}}
    assert list(image.config["ExposedPorts"]) == ["8080/tcp"]
    assert not (image.root / "opt" / "build").exists()
    assert not list((image.root / "wheels").glob("*")), "what the build was given is mounted, not copied"
    assert not list((image.root / "opt" / "watcher" / "bin").glob("pip*"))
    added = sum(path.lstat().st_size for path in (image.root / "opt" / "watcher").rglob("*") if path.is_file())
    print(f"the image: {image.size / 2**20:.0f} MiB, of it watcher and its dependencies {added / 2**20:.0f} MiB")
    assert added < 300 * 2**20
