"""`watcher serve` as a real subprocess: started with settings from the environment, awaited, killed, asked over HTTP."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

COMMAND = (sys.executable, "-m", "watcher")
HERE = Path(__file__).parents[2]
PATIENCE = 180.0
"""Seconds for whatever takes a few on an idle machine: tests run beside heavy ones, on two cores."""


class ServiceError(AssertionError):
    """The service did not do what was awaited; the message carries the end of its log."""


def free_port() -> int:
    """A TCP port of loopback that nobody uses just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(get: Callable[[], Any], what: str, *, seconds: float = PATIENCE, log: Callable[[], str] = str) -> Any:
    """The first true value of `get()`; raises ServiceError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (value := get()):
        if time.monotonic() > deadline:
            raise ServiceError(f"not within {seconds:g} s: {what}\n{log()}")
        time.sleep(0.05)
    return value


class Service:
    """One watcher in `folder`: its database, its settings, its process. `start` and `kill` as often as one likes."""

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] | None = None,
        *,
        command: Sequence[str] = COMMAND,
        pythonpath: str | None = str(HERE),
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self._command = tuple(command)
        self._log = folder / "serve.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith(("WATCHER_", "PYTHONPATH"))},
            **({"PYTHONPATH": pythonpath} if pythonpath else {}),
            "WATCHER_DATABASE_URL": f"sqlite:///{folder}/watcher.db",
            "WATCHER_API__LISTEN": f"127.0.0.1:{self.port}",
            "WATCHER_REGISTRATION__RDAP_BOOTSTRAP": str(
                HERE / "watcher/data/rdap_bootstrap.json"
            ),  # a file: no refresh
            **(settings or {}),
        }

    def run(self, *words: str, expect: int = 0, seconds: float = PATIENCE) -> str:
        """Standard output of `watcher WORDS` with the service's settings; raises ServiceError for another exit code."""
        done = subprocess.run(
            [*self._command, *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if done.returncode != expect:
            raise ServiceError(f"watcher {' '.join(words)} exited {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def launch(self) -> Self:
        """Start `watcher serve` and return at once."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, "serve"],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def start(self, *, seconds: float = PATIENCE) -> Self:
        """Start `watcher serve` and return when it is ready."""
        self.launch()
        try:
            eventually(self._ready, "the service is ready", seconds=seconds, log=self.tail)
        except BaseException:
            self.kill()
            raise
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill(signal.SIGTERM)

    def kill(self, how: signal.Signals = signal.SIGKILL, *, seconds: float = PATIENCE) -> int:
        """End it with this signal; its exit status. Raises ServiceError when it does not end."""
        if self._process is None:
            return 0
        process, self._process = self._process, None
        if process.poll() is None:
            process.send_signal(how)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(60)
            raise ServiceError(f"did not end within {seconds:g} s of {how.name}\n{self.tail()}") from None

    def get(self, path: str) -> Any:
        """What `GET path` answers: JSON where it is JSON, else text. Raises urllib.error.HTTPError."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=60) as reply:
            text = reply.read().decode()
            return json.loads(text) if "json" in reply.headers.get_content_type() else text

    def post(self, path: str) -> None:
        """`POST path` without a body's worth. Raises urllib.error.HTTPError."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", b"{}", {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=60):
            pass

    def tail(self, lines: int = 60) -> str:
        """The end of the service's log."""
        text = self._log.read_text(errors="replace") if self._log.exists() else "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def _ready(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise ServiceError(f"ended at once with {self._process.returncode}\n{self.tail()}")
        try:
            self.get("/readyz")
        except (urllib.error.URLError, OSError):
            return False
        return True
