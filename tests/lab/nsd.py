"""NSD, the authoritative server: zones in master-file syntax that a test can change while it runs."""

import re
import time
from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

from tests.lab.processes import Daemon, await_condition, program, run

HEADER = """\
$TTL {ttl}
@ SOA ns.{apex} hostmaster.{apex} {serial} 3600 600 86400 {ttl}
"""


class Nsd:
    """One NSD on port 53 of `address`. Zones are put and removed while it runs; `put` returns when they are served."""

    def __init__(self, folder: Path, address: str, *, ttl: int = 1) -> None:
        self.address = address
        self._ttl = ttl
        self._folder = folder
        self._zones: set[str] = set()
        self._serial = int(time.time())
        folder.mkdir(parents=True)
        (folder / "nsd.conf").write_text(
            f"""\
server:
  ip-address: {address}
  server-count: 1
  username: ""
  chroot: ""
  database: ""
  zonesdir: "{folder}"
  pidfile: "{folder}/nsd.pid"
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  rrl-ratelimit: 0
  rrl-whitelist-ratelimit: 0
  verbosity: 1
remote-control:
  control-enable: yes
  control-interface: {folder}/control.sock
pattern:
  name: lab
  zonefile: "%s.zone"
"""
        )
        self._daemon = Daemon(
            f"nsd at {address}",
            [program("nsd", "nsd"), "-d", "-c", str(folder / "nsd.conf")],
            folder / "nsd.log",
            ready=lambda: self._ask("watcher.invalid", "SOA") is not None,
        )

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()

    def put(self, zone: str, records: str) -> None:
        """Serve `zone` with these records, the SOA apart; on return the server answers with them."""
        self._serial += 1
        apex = "" if zone == "." else f"{zone}."
        text = (
            f"$ORIGIN {apex or '.'}\n" + HEADER.format(ttl=self._ttl, apex=apex, serial=self._serial) + records + "\n"
        )
        self._file(zone).write_text(text)
        if zone in self._zones:
            self._control("reload", zone)
        else:
            self._control("addzone", zone, "lab")
            self._zones.add(zone)
        serial = str(self._serial)
        try:
            await_condition(lambda: serial in (self._ask(zone, "SOA") or ""), f"nsd serves {zone} of serial {serial}")
        except Exception as error:
            error.add_note(f"{text}\n{self._daemon.tail()}")
            raise

    def remove(self, zone: str) -> None:
        """Serve `zone` no more (REFUSED); no error when it was not served."""
        if zone in self._zones:
            self._zones.discard(zone)
            self._control("delzone", zone)
            self._file(zone).unlink()
            await_condition(lambda: "SOA ns." not in (self._ask(zone, "SOA") or ""), f"nsd has forgotten {zone}")

    def _file(self, zone: str) -> Path:
        if not re.fullmatch(r"[a-z0-9._-]+", zone):
            raise ValueError(zone)
        return self._folder / f"{zone}.zone"

    def _control(self, *words: str) -> None:
        run([program("nsd-control", "nsd"), "-c", str(self._folder / "nsd.conf"), *words])

    def _ask(self, name: str, kind: str) -> str | None:
        query = dns.message.make_query(name, kind)
        try:
            answer = dns.query.udp(query, self.address, timeout=0.5)
        except (dns.exception.DNSException, OSError):
            return None
        return "\n".join(rrset.to_text() for rrset in answer.answer) or dns.rcode.to_text(answer.rcode())
