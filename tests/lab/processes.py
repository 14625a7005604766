"""Real servers as child processes: started, awaited with a deadline, their log shown when they fail, always stopped."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

SYSTEM_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"


class LabError(Exception):
    """A real server is missing or does not do its work; the message carries the end of its log."""


def program(name: str, package: str) -> str:
    """The path of a server's program. Raises LabError naming the package where it is missing: never a skip."""
    found = shutil.which(name, path=SYSTEM_PATH)
    if found is None:
        raise LabError(f"{name} is missing: install the package {package} (tools/lab_packages does)")
    return found


def await_condition(holds: Callable[[], bool], what: str, *, seconds: float = 120.0, every: float = 0.02) -> None:
    """Return as soon as `holds()`; raises LabError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise LabError(f"not within {seconds:g} s: {what}")
        time.sleep(every)


def run(command: Sequence[str], **options: object) -> str:
    """Standard output of a short command; raises LabError with what it printed when it fails."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise LabError(f"{' '.join(command)} exited {done.returncode}: {done.stdout}{done.stderr}")
    return str(done.stdout)


class Daemon:
    """One server in the foreground with its log in a file; a context manager.

    `ready` is asked until it holds; a server that ends before that is an error with its log.
    """

    def __init__(self, name: str, command: Sequence[str], log: Path, ready: Callable[[], bool]) -> None:
        self.name = name
        self.log = log
        self._command = command
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        try:
            await_condition(lambda: self._ended() or self._ready(), f"{self.name} is ready")
        except LabError as error:
            self.stop()
            raise LabError(f"{error}\n{self.tail()}") from None
        if self._ended():
            raise LabError(f"{self.name} ended at once\n{self.tail()}")

    def _ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def tail(self, lines: int = 40) -> str:
        """The end of the log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else "(no log)"
        return "\n".join(text.splitlines()[-lines:])

    def stop(self) -> None:
        """Ask it to end, then make it; no child of it is left behind."""
        if self._process is None:
            return
        process, self._process = self._process, None
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
