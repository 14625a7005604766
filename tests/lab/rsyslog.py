"""rsyslog, a real receiver of syslog over TCP and TLS, with what it took in a file, one message a line."""

import socket
from pathlib import Path
from typing import Self

import trustme

from tests.lab.processes import Daemon, program

HOST = "127.0.0.1"


class Rsyslog:
    """One rsyslogd; `address` is for the setting `alerts.syslog.address`, `trust` the authority of its certificate."""

    def __init__(self, folder: Path, *, tls: bool) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.trust = trustme.CA()
        self.received = folder / "received"
        with socket.socket() as probe:
            probe.bind((HOST, 0))
            self._port = int(probe.getsockname()[1])
        self.address = f"{'tls' if tls else 'tcp'}://{HOST}:{self._port}"
        certificate = self.trust.issue_cert(HOST)
        self.trust.cert_pem.write_to_path(folder / "ca.pem")
        certificate.private_key_pem.write_to_path(folder / "key.pem")
        certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        secure = (
            f'global(workDirectory="{folder}" defaultNetstreamDriver="gtls"'
            f' defaultNetstreamDriverCAFile="{folder}/ca.pem" defaultNetstreamDriverCertFile="{folder}/cert.pem"'
            f' defaultNetstreamDriverKeyFile="{folder}/key.pem")\n'
            'module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon")\n'
        )
        plain = f'global(workDirectory="{folder}")\nmodule(load="imtcp")\n'
        configuration = folder / "rsyslog.conf"
        configuration.write_text(
            (secure if tls else plain)
            + f'input(type="imtcp" port="{self._port}" address="{HOST}")\n'
            + 'template(name="whole" type="string" string="%pri% %app-name% %msgid% %timestamp:::date-rfc3339% %msg%\\n")\n'
            + f'*.* action(type="omfile" file="{self.received}" template="whole")\n'
        )
        self._daemon = Daemon(
            "rsyslogd",
            [program("rsyslogd", "rsyslog"), "-n", "-f", str(configuration), "-i", str(folder / "pid")],
            folder / "log",
            self._ready,
        )

    def _ready(self) -> bool:
        try:
            socket.create_connection((HOST, self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def lines(self) -> list[str]:
        """Return what was received, oldest first, but for rsyslog's own lines."""
        text = self.received.read_text() if self.received.exists() else ""
        return [line for line in text.splitlines() if " watcher " in line]

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()
