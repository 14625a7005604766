"""Exim from Debian's packages, unpacked beside Postfix (as packages they exclude each other), with an ACL of the how-to."""

import shutil
import smtplib
import tempfile
from pathlib import Path
from typing import Self

from tests.lab.processes import Daemon, LabError

ROOT = Path("/var/cache/watcher-lab/exim")
"""Where tools/lab_packages unpacks it."""


class Exim:
    """One Exim with configuration, spool and log in a folder of its own; a context manager. Mail goes to `relay`."""

    def __init__(self, acl: str, *, port: int, relay: str) -> None:
        self.port = port
        self._folder = Path(tempfile.mkdtemp(prefix="watcher-exim-"))
        program = ROOT / "usr/sbin/exim4"
        if not program.exists():
            raise LabError(f"{program} is missing: tools/lab_packages unpacks it")
        self._folder.chmod(0o755)
        for name in ("spool", "log"):
            (self._folder / name).mkdir()
            shutil.chown(self._folder / name, "Debian-exim", "Debian-exim")
        configuration = self._folder / "exim.conf"
        configuration.write_text(
            f"""\
primary_hostname = sender.lab
exim_path = {program}
spool_directory = {self._folder}/spool
log_file_path = {self._folder}/log/%slog
pid_file_path = {self._folder}/spool/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
acl_smtp_rcpt = check_rcpt
exim_user = Debian-exim
exim_group = Debian-exim
never_users =
queue_only = false
begin acl
check_rcpt:
{acl}
  accept
begin routers
all:
  driver = manualroute
  route_list = * {relay} byname
  transport = remote
begin transports
remote:
  driver = smtp
  hosts_try_prdr =
  allow_localhost
begin retry
* * F,2h,15m
"""
        )
        self._daemon = Daemon(
            "exim",
            [str(program), "-C", str(configuration), "-bdf", "-q1m"],
            self._folder / "exim.out",
            self._listens,
        )

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def log(self) -> str:
        """The main log."""
        path = self._folder / "log" / "mainlog"
        return path.read_text(errors="replace") if path.exists() else ""

    def send(self, *recipients: str, sender: str = "anna@corp.example") -> list[tuple[int, str]]:
        """Send one message; what was said to each recipient."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as client:
            client.ehlo("pc.corp.example")
            client.mail(sender)
            said = [client.docmd("RCPT", f"TO:<{recipient}>") for recipient in recipients]
            if any(code == 250 for code, _ in said):
                client.data("Subject: a message of the lab\r\n\r\nNothing.\r\n")
        return [(code, reply.decode()) for code, reply in said]

    def _listens(self) -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=1):
                return True
        except OSError:
            return False
