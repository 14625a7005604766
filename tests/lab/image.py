"""The image, built by buildah on a base made of Debian's packages, and containers that run it.

A container is a process in namespaces of its own for mounts, processes, host name and messages: the image's files are
read-only, /data is a folder, /tmp is empty, the user is the image's, without capabilities and without a way to new
ones. Its network is the lab's. buildah itself isolates by chroot, which needs no engine.
"""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from tests.e2e.service import PATIENCE, eventually, free_port

HERE = Path(__file__).parents[2]
PREPARED = Path(os.environ.get("LAB_IMAGE", "/var/cache/watcher-lab/image"))
"""What tools/lab_image made."""
BASE, TAG = "localhost/debian-python", "localhost/watcher"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFINED = "--reuid {user} --regid {group} --clear-groups --no-new-privs --inh-caps=-all --bounding-set=-all"

ENTER = """
set -e
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
cd "$root"
exec chroot . /usr/bin/setpriv {confined} /usr/bin/env --ignore-environment --chdir=/data "$@"
"""


class Image:
    """The built image: its files in `root`, its configuration in `config`."""

    def __init__(self, folder: Path) -> None:
        self._storage = ["--storage-driver", "vfs", "--root", str(folder / "storage"), "--runroot", str(folder / "run")]
        self._folder = folder
        self.root = Path()
        self.config: dict[str, Any] = {}

    def buildah(self, *words: str, seconds: float = 600) -> str:
        """Return what `buildah WORDS` prints."""
        command = ["buildah", *self._storage, *words]
        done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=seconds, check=False)
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-4000:]}"
        return done.stdout.strip()

    def __enter__(self) -> Self:
        """Build it without a network, by `tools/build_image`."""
        assert (PREPARED / "base.tar").exists(), "tools/lab_image prepares the base and the wheels"
        base = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", base, str(PREPARED / "base.tar"), "/")
        self.buildah("config", "--env", f"PATH={PATH}", base)
        self.buildah("commit", "--quiet", "--rm", base, BASE)
        pip = self._folder / "pip.conf"
        pip.write_text("[global]\nno-index = true\nfind-links = /wheels\n")
        mounts = f"--volume {PREPARED / 'wheels'}:/wheels:ro --volume {pip}:/etc/pip.conf:ro"
        environment = {
            **os.environ,
            "BUILDER": "buildah",
            "BASE": BASE,
            "BUILD_OPTIONS": f"--isolation chroot {' '.join(self._storage)} {mounts}",
        }
        done = subprocess.run(
            ["tools/build_image", TAG], cwd=HERE, env=environment, capture_output=True, text=True, timeout=900, check=False
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        self.config = json.loads(self.buildah("inspect", "--type", "image", TAG))["Docker"]["config"]
        self.root = Path(self.buildah("mount", self.buildah("from", TAG)))
        return self

    def __exit__(self, *_: object) -> None:
        self.buildah("umount", "--all")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def size(self) -> int:
        """Return the bytes of all its files."""
        return sum(path.lstat().st_size for path in self.root.rglob("*") if path.is_file() and not path.is_symlink())


class Container:
    """One container of `image` with its /data in `folder`; `settings` are more environment variables."""

    def __init__(self, image: Image, folder: Path, settings: Mapping[str, str]) -> None:
        self.port = free_port()
        self.data = folder / "data"
        self._image = image
        self._log = folder / "container.log"
        self._process: subprocess.Popen[bytes] | None = None
        user = image.config["User"].split(":")[0]
        self.data.mkdir(exist_ok=True)
        for path in (self.data, *self.data.iterdir()):
            os.chown(path, int(user), int(user))
        self._settings = {"WATCHER_API__LISTEN": f"0.0.0.0:{self.port}", **settings}

    def _command(self, words: Sequence[str]) -> tuple[list[str], dict[str, str]]:
        user, _, group = self._image.config["User"].partition(":")
        enter = ENTER.replace("{confined}", CONFINED.format(user=user, group=group))
        inside = [*self._image.config["Env"], *(f"{key}={value}" for key, value in self._settings.items()), *words]
        isolated = [
            "unshare",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
            "--uts",
            "--ipc",
        ]
        environment = {"PATH": PATH, "root": str(self._image.root), "data": str(self.data)}
        return [*isolated, "--", "sh", "-c", enter, "sh", *inside], environment

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command in the container, as `docker exec` does."""
        command, environment = self._command(words)
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False, cwd="/"
        )

    def start(self) -> Self:
        """Start what the image starts with, and return at once."""
        command, environment = self._command([*self._image.config["Entrypoint"], *self._image.config["Cmd"]])
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            # the kernel forgets `--kill-child` when the first process becomes somebody else
            os.kill(self.first_process, signal.SIGKILL)
            self._process.wait(60)

    @property
    def first_process(self) -> int:
        """Return the process that is number 1 inside."""
        assert self._process is not None
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        assert children, self.log()
        return int(children[0])

    @property
    def ended(self) -> int | None:
        """Return the exit status, None while it runs."""
        return None if self._process is None else self._process.poll()

    def stop(self, seconds: float) -> tuple[int, float]:
        """Send SIGTERM to the first process, as an engine does; return its exit status and the seconds it took."""
        assert self._process is not None
        begin = time.monotonic()
        os.kill(self.first_process, signal.SIGTERM)
        status = self._process.wait(seconds)
        return status, time.monotonic() - begin

    def healthy(self) -> bool:
        """Run the image's health check."""
        kind, *words = self._image.config["Healthcheck"]["Test"]
        assert kind == "CMD"
        return self.run(*words).returncode == 0

    def until_healthy(self) -> None:
        """Return once the health check is green. Raises ServiceError."""

        def settled() -> bool:
            assert self.ended is None, self.log()
            return self.healthy()

        eventually(settled, "the container is healthy", log=self.log)

    def log(self) -> str:
        """Return what it printed."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""
