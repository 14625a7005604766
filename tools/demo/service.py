"""The demo's `watcher serve`: a real process with settings from the environment, and its HTTP API."""

import asyncio
import atexit
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import aiohttp

COMMAND = (sys.executable, "-m", "watcher")
PREFERRED_PORT = 8080


class DemoError(Exception):
    """Something did not happen; the message is for the person in front of the terminal."""


def port() -> int:
    """8080 where nobody has it, else one of the system's choice."""
    for wanted in (PREFERRED_PORT, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", wanted))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise DemoError("no free port on 127.0.0.1")


class Service:
    """The service in `folder`; `async with` starts it and ends it."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.url = f"http://127.0.0.1:{port()}"
        self.log = folder / "serve.log"
        self._folder = folder
        self._environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("WATCHER_")},
            "PYTHONPATH": str(Path(__file__).parents[2]),
            "WATCHER_DATABASE_URL": f"sqlite:///{folder}/demo.db",
            "WATCHER_API__LISTEN": self.url.removeprefix("http://"),
            # a file is never refreshed: the demo asks nobody outside
            "WATCHER_REGISTRATION__RDAP_BOOTSTRAP": str(Path(__file__).parents[2] / "watcher/data/rdap_bootstrap.json"),
            **settings,
        }
        self._process: asyncio.subprocess.Process | None = None
        self._client: aiohttp.ClientSession | None = None

    async def run(self, *words: str) -> str:
        """Standard output of `watcher WORDS`; raises DemoError when it fails."""
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            *words,
            cwd=self._folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            out, error = await process.communicate()
        except BaseException:  # Ctrl-C: nothing is left behind
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            raise
        if process.returncode:
            raise DemoError(f"watcher {' '.join(words)}: {error.decode().strip()}")
        return out.decode()

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        with self.log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *COMMAND,
                "serve",
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        atexit.register(self._kill)  # after a second Ctrl-C
        try:
            await self.until("/readyz", lambda _: True, "the service is ready", seconds=30)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.close()
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), 10)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)

    async def until(
        self, path: str, found: Callable[[Any], Any], what: str, *, seconds: float = 20, every: float = 0.1
    ) -> Any:
        """What `found` makes of `GET path`, as soon as that is true; raises DemoError after `seconds`."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            if self._process is not None and self._process.returncode is not None:
                raise DemoError(f"the service ended with {self._process.returncode}:\n{self.tail()}")
            value = await self._get(path)
            if value is not None and (result := found(value)):
                return result
            if asyncio.get_running_loop().time() > deadline:
                raise DemoError(f"not within {seconds:g} s: {what}\n{self.tail()}")
            await asyncio.sleep(every)

    async def wait(self) -> None:
        """Return when the service ends by itself."""
        if self._process is not None:
            await self._process.wait()

    async def _get(self, path: str) -> Any:
        """The JSON at `path` (an empty dict where it is no JSON), or None where it is not served."""
        assert self._client is not None
        try:
            async with self._client.get(self.url + path) as reply:
                if reply.status != 200:
                    return None
                text = await reply.text()
        except (aiohttp.ClientError, TimeoutError):
            return None
        try:
            return json.loads(text)
        except ValueError:
            return {}

    def tail(self, lines: int = 25) -> str:
        """The end of the service's log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else "(no log)"
        return "\n".join(text.splitlines()[-lines:])
