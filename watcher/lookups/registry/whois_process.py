"""Parses WHOIS replies outside the event loop, in a process that is killed when a reply takes too long.

A thread cannot be killed, and python-whois has expressions that a long reply makes quadratic. The process is started
at the first reply and kept; it gets no environment of ours, so no secrets.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from contextlib import suppress
from datetime import datetime

from watcher.core.errors import LookupFailed
from watcher.lookups.registry.whois_fields import WhoisFields
from watcher.lookups.registry.whois_lines import bounded

_MOST_ANSWER = 256 * 1024
_TIMES = ("created_at", "updated_at", "expires_at")
_LISTS = ("statuses", "nameservers")


class WhoisProcess:
    """One parser process, one reply at a time. `timeout` is seconds for a reply, the start of the process included.

    Close it with `close`.
    """

    def __init__(self, *, timeout: float = 10.0, command: tuple[str, ...] = ()) -> None:
        self._timeout = timeout
        self._command = command or (sys.executable, "-m", "watcher.lookups.registry.whois_worker")
        self._process: Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def parse(self, domain: str, text: str) -> WhoisFields:
        """Return the fields of a reply; raises LookupFailed when they do not come in time or the process dies."""
        request = json.dumps({"domain": domain, "text": bounded(text)}).encode() + b"\n"
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(self._timeout):
                    return _fields(await self._exchange(request))
            except TimeoutError as error:
                await self._kill()
                raise LookupFailed("WHOIS", "the reply could not be parsed in time") from error
            except (OSError, ValueError, TypeError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
                await self._kill()
                raise LookupFailed("WHOIS", "the reply could not be parsed") from error
            except asyncio.CancelledError:
                await self._kill()  # its answer would be taken for the next reply's
                raise

    async def close(self) -> None:
        """End the process."""
        await self._kill()

    async def _exchange(self, request: bytes) -> bytes:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, limit=_MOST_ANSWER, env=_environment()
            )
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise OSError("no pipes")
        process.stdin.write(request)
        await process.stdin.drain()
        return await process.stdout.readuntil(b"\n")

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        if process.stdin is not None:
            process.stdin.close()
        await process.wait()


def _environment() -> dict[str, str]:
    """Just enough to find Python's modules."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "SYSTEMROOT") if name in os.environ}
    return {**kept, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path), "PYTHONUTF8": "1"}


def _fields(answer: bytes) -> WhoisFields:
    values = json.loads(answer)
    for key in _TIMES:
        if values.get(key) is not None:
            values[key] = datetime.fromisoformat(values[key])
    for key in _LISTS:
        values[key] = tuple(values.get(key) or ())
    return WhoisFields(**values)
