"""A command: a program of the operator's own, run for each event with its JSON on standard input.

No shell: the arguments are handed over as they are, and nothing from outside is among them. The program inherits
neither our environment, in which secrets may stand, nor our open files; what it writes goes nowhere.
"""

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from watcher.channels.form import Means, Setting
from watcher.checks import VOCABULARY
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected
from watcher.core.shapes.hooks import HookMessage, hook_messages
from watcher.core.telling.alerts import Alert
from watcher.core.telling.hook_progress import TURN_SECONDS, HookProgress

NAME = "command"

_ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
_DATA_ERROR = os.EX_DATAERR


class Command:
    """Runs `arguments`, the program first; `timeout` is the time limit of one run in seconds.

    A try goes on to the next event for `turn` seconds. Raises ConfigurationError for a program that is named neither by
    its whole path nor by a name to be looked up.
    """

    name = NAME
    every_event = True

    def __init__(self, *, arguments: Sequence[str], timeout: float = 25.0, turn: float = TURN_SECONDS) -> None:
        if not arguments or not arguments[0] or any("\0" in argument for argument in arguments):
            raise ConfigurationError("alerts.command", 'a program and its arguments: ["/usr/local/bin/page-me", "-v"]')
        if "/" in arguments[0] and not Path(arguments[0]).is_absolute():
            raise ConfigurationError("alerts.command", "give the program's whole path, or a name alone")
        self._arguments = tuple(arguments)
        self._timeout = timeout
        self._turn = turn
        self._progress = HookProgress()

    def __repr__(self) -> str:
        return f"Command({self._arguments[0]})"

    async def send(self, alert: Alert) -> None:
        """Return when the program ended with 0 for every event. Raises DeliveryFailed, DeliveryRejected (exit 65).

        Events are handed over one after another, oldest first; the next try goes on with the first that failed.
        """
        time = asyncio.get_running_loop().time
        end, went = time() + self._turn, False
        for message in hook_messages(alert, VOCABULARY):
            if self._progress.has(alert, message.id):
                continue
            if went and time() > end:
                raise DeliveryFailed(f"{NAME}: accepted so far, the rest follows", progressed=True)
            await self._run(alert, message)
            self._progress.accepted(alert, message.id)
            went = True
        self._progress.end(alert)

    async def _run(self, alert: Alert, message: HookMessage) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=_ENVIRONMENT | {"WATCHER_ALERT_ID": alert.id, "WATCHER_EVENT_ID": message.id},
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise DeliveryFailed(f"command: the program cannot be run ({why})") from None
        try:
            async with asyncio.timeout(self._timeout):
                await process.communicate(message.body + b"\n")  # a program that reads nothing has its reasons
        except TimeoutError:
            raise DeliveryFailed(f"command: did not end within {self._timeout:.0f} s") from None
        finally:
            await _end(process)
        self._judge(process.returncode or 0)

    def _judge(self, status: int) -> None:
        if status == 0:
            return
        if status == _DATA_ERROR:
            raise DeliveryRejected(f"command: the program refused it (exit status {status})")
        how = f"exit status {status}" if status > 0 else f"killed by signal {-status}"
        raise DeliveryFailed(f"command: not accepted ({how})")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the program and all that it started in its session."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


SETTING = Setting(
    tuple[str, ...],
    (),
    "A program and its arguments, run without a shell for each event, its JSON on its input",
)


def make(settings: tuple[str, ...], means: Means) -> Command | None:  # noqa: ARG001 (every channel is made alike)
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    return Command(arguments=settings) if settings else None
