"""Prometheus' Alertmanager, the real one, on loopback: what it holds is asked of its own API."""

import json
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Self

from tests.lab.processes import Daemon, program


class RealAlertmanager:
    """One Alertmanager that notifies nobody; `url` is for the setting `alerts.alertmanager.url`."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        settings = folder / "alertmanager.yml"
        settings.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
        self._daemon = Daemon(
            "prometheus-alertmanager",
            [
                program("prometheus-alertmanager", "prometheus-alertmanager"),
                f"--config.file={settings}",
                f"--storage.path={folder}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            folder / "log",
            self._ready,
        )

    def firing(self) -> list[dict[str, Any]]:
        """Return the alerts that fire."""
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts?active=true", timeout=10) as reply:
            return list(json.loads(reply.read()))

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5) as reply:
                return bool(reply.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()
