"""Postfix, the judge: a real message is queued to a name, and what Postfix decided is read from its log."""

import ipaddress
import re
import shutil
import smtplib
import subprocess
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from tests.lab.addresses import BLOCKING, RECEIVING
from tests.lab.processes import LabError, await_condition, program, run

SUBMISSION = ("127.0.0.1", 10025)


class Decision(StrEnum):
    """What a sender's mail server makes of a name, in the words of our verdict."""

    ABLE = "able"
    UNABLE = "unable"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Fate:
    """The first thing Postfix wrote about a message: `status` is sent, bounced or deferred, with its reason."""

    status: str
    dsn: str
    reason: str

    @property
    def connecting_to(self) -> str | None:
        """The address in `connect to host[address]:25: ...`, or None."""
        found = re.search(r"connect to \S*\[([0-9A-Fa-f.:]+)\]:25", self.reason)
        return found[1] if found else None

    @property
    def decision(self) -> Decision:
        """Sent, or deferred by `connect to` a global address: able; bounced, or by a non-global one: unable.

        Raises LabError for a fate that is none of these: the table must not guess.
        """
        match self.status:
            case "sent":
                return Decision.ABLE
            case "bounced":
                return Decision.UNABLE
            case "deferred" if self.connecting_to is not None:
                return Decision.ABLE if ipaddress.ip_address(self.connecting_to).is_global else Decision.UNABLE
            case "deferred" if "name service error" in self.reason.lower():
                return Decision.UNKNOWN
            case _:
                raise LabError(f"nothing follows from {self.status}: {self.reason}")


class Postfix:
    """One Postfix with configuration, queue and log in a folder of its own; a context manager.

    Its resolver is that of /etc/resolv.conf, Unbound in the lab. `own` addresses are those of loopback only, so that the
    global addresses of the lab are other machines to it. At RECEIVING it takes mail for rejecting.com, whose mailboxes it
    knows, and for any mailbox of accepting.com; at BLOCKING it takes none. `settings` are further lines of main.cf; one
    that does not receive only takes submissions at `port`.
    """

    def __init__(self, *, port: int = SUBMISSION[1], settings: str = "", receives: bool = True) -> None:
        self.port = port
        self._settings = settings
        self._receives = receives
        # Not below pytest's folders: Postfix' own users must be able to reach it.
        self._folder = Path(tempfile.mkdtemp(prefix="watcher-postfix-"))
        self._conf = self._folder / "etc"
        self._log = self._folder / "mail.log"
        self._configure()

    def __enter__(self) -> Self:
        run([program("postfix", "postfix"), "-c", str(self._conf), "start"])
        try:
            await_condition(self._listens, "postfix listens")
        except LabError as error:
            tail = self.log()[-4000:]
            self.__exit__()
            raise LabError(f"{error}\n{tail}") from None
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(
            [program("postfix", "postfix"), "-c", str(self._conf), "abort"],
            capture_output=True,
            check=False,
            timeout=120,
        )
        shutil.rmtree(self._folder, ignore_errors=True)

    def queue(self, recipient: str) -> str:
        """Hand over a message to `recipient`; its queue id. The sender is empty, so that a bounce ends there."""
        with smtplib.SMTP(SUBMISSION[0], self.port, timeout=60) as client:
            client.ehlo("sender.lab")
            client.mail("<>")
            code, reply = client.rcpt(f"<{recipient}>")
            if code != 250:
                raise LabError(f"postfix did not take a message to {recipient}: {reply!r}")
            code, reply = client.data(f"To: {recipient}\r\nSubject: a message of the lab\r\n\r\nNothing.\r\n")
        found = re.search(rb"queued as (\w+)", reply)
        if code != 250 or found is None:
            raise LabError(f"postfix did not queue a message to {recipient}: {reply!r}")
        return found[1].decode()

    def fate_of_submitted(self, recipient: str) -> Fate:
        """Hand a message over as local programs do, by `sendmail`; what became of it."""
        before = len(self.log())
        sendmail = [program("sendmail", "postfix"), "-C", str(self._conf), "-f", "alice@sender.lab", recipient]
        run(sendmail, input=f"To: {recipient}\nSubject: a message of the lab\n\nNothing.\n")
        line = re.compile(rf"(\w+): to=<{re.escape(recipient)}>.*status=(?:sent|bounced|deferred)")
        await_condition(lambda: bool(line.search(self.log()[before:])), f"postfix decides about {recipient}")
        found = line.search(self.log()[before:])
        assert found is not None
        return self.fate(found[1])

    def fate(self, queue_id: str, *, seconds: float = 180) -> Fate:
        """What became of a message at the first try; raises LabError when Postfix did not decide in time."""
        line = re.compile(rf"{queue_id}: to=.*?, dsn=([0-9.]+), status=(sent|bounced|deferred) \((.*)\)$", re.MULTILINE)
        try:
            await_condition(lambda: bool(line.search(self.log())), f"postfix decides about {queue_id}", seconds=seconds)
        except LabError as error:
            raise LabError(f"{error}\n{self.log()[-4000:]}") from None
        found = line.search(self.log())
        assert found is not None
        return Fate(found[2], found[1], found[3])

    def log(self) -> str:
        """Everything Postfix wrote so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""

    def _listens(self) -> bool:
        try:
            with smtplib.SMTP(SUBMISSION[0], self.port, timeout=1):
                return True
        except OSError:
            return False

    def _configure(self) -> None:
        self._folder.chmod(0o755)
        self._conf.mkdir()
        (self._folder / "spool").mkdir()
        state = self._folder / "state"
        state.mkdir()
        shutil.chown(state, "postfix")
        (self._conf / "main.cf").write_text(
            f"""\
compatibility_level = 3.6
queue_directory = {self._folder}/spool
data_directory = {state}
maillog_file = {self._log}
maillog_file_prefixes = {self._folder}
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ
myhostname = sender.lab
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
mynetworks = 127.0.0.0/8
inet_interfaces = loopback-only
inet_protocols = all
smtp_host_lookup = dns
smtp_dns_support_level = enabled
smtp_connect_timeout = 2s
smtp_helo_timeout = 5s
smtp_tls_security_level = none
smtputf8_enable = no
virtual_mailbox_domains = rejecting.com accepting.com
virtual_mailbox_base = {self._folder}
virtual_mailbox_maps = inline:{{ {{someone@rejecting.com=x}} {{@accepting.com=x}} }}
biff = no
maximal_queue_lifetime = 1d
notify_classes =
{self._settings}"""
        )
        rows = [
            f"{SUBMISSION[0]}:{self.port} inet n - n - - smtpd",
            f"{RECEIVING}:25 inet n - n - - smtpd -o smtpd_relay_restrictions=reject_unauth_destination",
            f"{BLOCKING}:25 inet n - n - - smtpd -o smtpd_delay_reject=no -o smtpd_client_restrictions=reject",
            "pickup unix n - n 60 1 pickup",
            "cleanup unix n - n - 0 cleanup",
            "qmgr unix n - n 300 1 qmgr",
            "rewrite unix - - n - - trivial-rewrite",
            *(f"{name} unix - - n - 0 bounce" for name in ("bounce", "defer", "trace")),
            "verify unix - - n - 1 verify",
            "flush unix n - n 1000? 0 flush",
            "proxymap unix - - n - - proxymap",
            "smtp unix - - n - - smtp",
            "relay unix - - n - - smtp",
            *(f"{name} unix - - n - - {name}" for name in ("showq", "error", "local", "virtual")),
            "retry unix - - n - - error",
            "discard unix - - n - - discard",
            "anvil unix - - n - 1 anvil",
            "scache unix - - n - 1 scache",
            "tlsmgr unix - - n 1000? 1 tlsmgr",
            "postlog unix-dgram n - n - 1 postlogd",
        ]
        if not self._receives:
            rows = [row for row in rows if not row.startswith((RECEIVING, BLOCKING))]
        (self._conf / "master.cf").write_text("\n".join(rows) + "\n")
