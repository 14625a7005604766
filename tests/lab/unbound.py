"""Unbound, the recursive resolver, from the lab's own root downwards."""

from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query

from tests.lab.addresses import RESOLVER, ROOT
from tests.lab.processes import Daemon, program, run


class Unbound:
    """One Unbound on port 53 of `address`. Nothing is remembered longer than `max_ttl` seconds; no validation.

    A failing nameserver is given up within a second and asked again at once, so that tests of faults are quick and a
    repaired zone is seen.
    """

    def __init__(self, folder: Path, address: str = RESOLVER, *, max_ttl: int = 1, extra: str = "") -> None:
        self.address = address
        self._conf = folder / "unbound.conf"
        folder.mkdir(parents=True)
        (folder / "root.hints").write_text(f". 3600 IN NS a.root-servers.net.\na.root-servers.net. 3600 IN A {ROOT}\n")
        self._conf.write_text(
            f"""\
server:
  interface: {address}
  interface-automatic: no
  access-control: 0.0.0.0/0 allow
  access-control: ::0/0 allow
  do-daemonize: no
  use-syslog: no
  log-time-ascii: yes
  verbosity: 1
  username: ""
  chroot: ""
  directory: "{folder}"
  pidfile: "{folder}/unbound.pid"
  root-hints: "{folder}/root.hints"
  module-config: "iterator"
  num-threads: 1
  cache-min-ttl: 0
  cache-max-ttl: {max_ttl}
  cache-max-negative-ttl: {max_ttl}
  infra-host-ttl: 1
  infra-keep-probing: yes
  infra-cache-max-rtt: 500
  outbound-msg-retry: 2
  ratelimit: 0
  ip-ratelimit: 0
{extra}
remote-control:
  control-enable: yes
  control-interface: {folder}/control.sock
  control-use-cert: no
"""
        )
        self._daemon = Daemon(
            f"unbound at {address}",
            [program("unbound", "unbound"), "-d", "-c", str(self._conf)],
            folder / "unbound.log",
            ready=self._answers,
        )

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()

    def flush(self, name: str = ".") -> None:
        """Forget `name` and everything below it, and what was learnt about nameservers."""
        self.control("flush_zone", name)
        self.control("flush_infra", "all")

    def control(self, *words: str) -> str:
        """What `unbound-control` says to these words."""
        return run([program("unbound-control", "unbound"), "-c", str(self._conf), *words])

    def _answers(self) -> bool:
        try:
            dns.query.udp(dns.message.make_query("localhost", "A"), self.address, timeout=0.5)
        except (dns.exception.DNSException, OSError):
            return False
        return True
