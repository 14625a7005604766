"""`watcher policy` as a process over a database of its own, as a mail server meets it."""

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from tests.lab.processes import LabError, await_condition
from watcher.bootstrap.network import system_clock
from watcher.core.events import Grade, Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.states.lookalike import Lookalike
from watcher.data import load_suffixes
from watcher.services.names.protect import protect
from watcher.services.names.triage import Triage, decide
from watcher.store import Store, lookalikes, resemblances

PORT = 10040
PROTECTED = "us.army.mil"
BLOCKED = "us.army.ml"
LIKE = "us.army.mil with the last i left out"


def fill(database: Path, blocked: str = BLOCKED) -> None:
    """Make a database that protects `PROTECTED` and blocks one lookalike of it."""

    async def made() -> None:
        clock = system_clock()
        store = await Store.open_or_create(f"sqlite:///{database}", clock=clock)
        now = clock.now()
        await protect(store, [PROTECTED], suffixes=load_suffixes(), now=now)
        async with store.write() as tx:
            await lookalikes.save(tx, [Lookalike(Fqdn(blocked), None, "ml", blocked, first_seen_at=now)])
            alike = Resemblance(PROTECTED, ("suffix_edit",), 0.03, LIKE, grade=Grade.BLOCK)
            await resemblances.save(tx, Fqdn(blocked), [alike])
        await decide(store, [Fqdn(blocked)], Triage.BLOCKED, note=None, now=now)
        await store.close()

    asyncio.run(made())


class PolicyService:
    """The process; a context manager. It runs in a folder of its own."""

    def __init__(self, folder: Path, *, port: int = PORT, ask: bool = False) -> None:
        self.port = port
        self.database = folder / "watcher.db"
        self._log = folder / "policy.log"
        self._environment = {
            **os.environ,
            "WATCHER_DATABASE_URL": f"sqlite:///{self.database}",
            "WATCHER_POLICY__ASK": "true" if ask else "false",
        }
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if not self.database.exists():
            fill(self.database)
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        """Start, and wait until the list is in memory."""
        command = [sys.executable, "-m", "watcher", "policy", "--listen", f"127.0.0.1:{self.port}"]
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                command, stdout=out, stderr=out, cwd=self._folder, env=self._environment, start_new_session=True
            )
        try:
            await_condition(lambda: self.answers(f"x@{BLOCKED}").startswith("550"), "the policy service refuses")
        except LabError as error:
            self.kill()
            raise LabError(f"{error}\n{self._log.read_text()[-4000:]}") from None

    def answers(self, recipient: str) -> str:
        """The action for a recipient; empty when nobody answers."""
        given = f"request=smtpd_access_policy\nprotocol_state=RCPT\nsender=a@corp.example\nrecipient={recipient}\n\n"
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
                connection.sendall(given.encode())
                return connection.recv(4096).decode().removeprefix("action=").strip()
        except OSError:
            return ""

    def hang(self) -> None:
        """Stop it in its tracks: its port accepts, and nothing answers."""
        assert self._process is not None
        os.kill(self._process.pid, signal.SIGSTOP)

    def kill(self) -> None:
        """End it at once."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait(10)
            self._process = None


@contextlib.contextmanager
def locked(database: Path) -> Iterator[None]:
    """Keep everybody else from writing to the database."""
    connection = sqlite3.connect(database, isolation_level=None, timeout=60)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
    finally:
        connection.rollback()
        connection.close()
