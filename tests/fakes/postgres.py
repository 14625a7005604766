"""A PostgreSQL of the tests' own: Debian's server, a new cluster in a temporary folder, on a Unix socket and on loopback.

The server refuses to run as root; then it runs as the system's user `postgres`, to whom the folder belongs.
"""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import psycopg

_START_SECONDS = 30


def binaries() -> Path:
    """Return the folder of the newest server installed. Raises RuntimeError where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    if found:
        return found[-1]
    if path := shutil.which("initdb"):
        return Path(path).parent
    raise RuntimeError("PostgreSQL's server is missing: tools/lab_packages installs it")


class Postgres:
    """A running cluster; `database()` makes one of the databases that tests use."""

    def __init__(self) -> None:
        self._bin = binaries()
        self._user = "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        self._folder = Path(tempfile.mkdtemp(prefix="watcher-pg-"))
        self._names = (f"test_{number}" for number in itertools.count())
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            shutil.chown(self._folder, self._user)
        data = self._folder / "data"
        self._run("initdb", "-D", str(data), "-U", "watcher", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": str(self._folder),
            "fsync": "off",
            "full_page_writes": "off",
            "shared_buffers": "64MB",
            "max_connections": 200,
            "log_min_messages": "fatal",
        }
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        log = (self._folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(self._bin / "postgres"), "-D", str(self._folder / "data")],
                stdout=log,
                stderr=log,
                **self._as_user(),
            )
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                psycopg.connect(self._dsn("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError as error:
                if time.monotonic() > end or self._process.poll() is not None:
                    shown = (self._folder / "log").read_text()
                    raise RuntimeError(f"PostgreSQL does not start: {error}\n{shown}") from error
                time.sleep(0.05)
            else:
                return

    def stop(self, signum: int = signal.SIGINT) -> None:
        """Stop the server; SIGINT: at once, cutting all connections."""
        if self._process is not None:
            self._process.send_signal(signum)
            self._process.wait(_START_SECONDS)
            self._process = None

    def database(self) -> str:
        """Make an empty database and return its URL."""
        name = next(self._names)
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://watcher@127.0.0.1:{self.port}/{name}"

    def drop(self, url: str) -> None:
        """Drop a database, whoever is connected to it."""
        with psycopg.connect(self._dsn("postgres"), autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]} WITH (FORCE)")

    @contextlib.contextmanager
    def session(self, url: str) -> Iterator[psycopg.Connection]:
        """Give a session of the tests' own, each statement a transaction."""
        with psycopg.connect(url, autocommit=True) as connection:
            yield connection

    def _dsn(self, name: str) -> str:
        return f"host=127.0.0.1 port={self.port} user=watcher dbname={name}"

    def _as_user(self) -> dict[str, str]:
        return {"user": self._user, "cwd": "/"} if os.geteuid() == 0 else {}

    def _run(self, tool: str, *arguments: str) -> None:
        done = subprocess.run(
            [str(self._bin / tool), *arguments], capture_output=True, text=True, check=False, **self._as_user()
        )
        if done.returncode:
            raise RuntimeError(f"{tool}: {done.stderr}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
