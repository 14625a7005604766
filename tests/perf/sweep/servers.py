"""A root, a suffix zone with many delegations, the delegated zones, and a resolver with room to work."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.lab.addresses import HOSTING, REGISTRY, ROOT
from tests.lab.nsd import Nsd
from tests.lab.processes import Daemon, program
from tests.lab.unbound import Unbound

EXISTING_SHARE = 25
"""One name in so many exists (4 %)."""
_LEAF = "$TTL 3600\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns1.hosting.net.\n@ MX 10 mx\nmx A 93.184.215.14\n"
_ROOMY = """\
  msg-cache-size: 128m
  rrset-cache-size: 256m
  outgoing-range: 8192
  num-queries-per-thread: 4096
  so-rcvbuf: 8m
  qname-minimisation: no
"""


def names(count: int) -> list[str]:
    """The candidates: the existing ones begin with x."""
    return [f"{'x' if number % EXISTING_SHARE == 0 else 'army'}{number}.ml" for number in range(count)]


class Servers:
    """Start them with the processor they are to run on already chosen: they inherit it."""

    def __init__(self, folder: Path, count: int) -> None:
        self._stack = ExitStack()
        self._names = [name for name in names(count) if name.startswith("x")]
        self.root = Nsd(folder / "root", ROOT, ttl=3600)
        self.registry = Nsd(folder / "registry", REGISTRY, ttl=3600)
        self.unbound = Unbound(folder / "unbound", max_ttl=3600, extra=_ROOMY)
        hosting = folder / "hosting"
        hosting.mkdir(parents=True)
        (hosting / "leaf.zone").write_text(_LEAF)
        net = "$TTL 3600\n@ SOA ns h 1 3600 600 86400 60\n@ NS ns1\nns1 A " + HOSTING + "\n"
        (hosting / "hosting.net.zone").write_text(net)
        zones = "".join(f'zone:\n  name: "{name}"\n  zonefile: "leaf.zone"\n' for name in self._names)
        zones += 'zone:\n  name: "hosting.net"\n  zonefile: "hosting.net.zone"\n'
        (hosting / "nsd.conf").write_text(
            f"server:\n  ip-address: {HOSTING}\n  server-count: 1\n"
            f'  username: ""\n  chroot: ""\n  database: ""\n  zonesdir: "{hosting}"\n  pidfile: "{hosting}/nsd.pid"\n'
            f'  zonelistfile: "{hosting}/zone.list"\n  xfrdfile: "{hosting}/xfrd.state"\n  xfrdir: "{hosting}"\n'
            f"  rrl-ratelimit: 0\nremote-control:\n  control-enable: no\n{zones}"
        )
        self._hosting = Daemon(
            "nsd of the leaf zones",
            [program("nsd", "nsd"), "-d", "-c", str(hosting / "nsd.conf")],
            hosting / "nsd.log",
            ready=lambda: _answers(HOSTING),
        )

    def __enter__(self) -> Self:
        for server in (self.root, self.registry, self.unbound):
            self._stack.enter_context(server)
        self._hosting.start()
        self._stack.callback(self._hosting.stop)
        glue = f"ns.{{0}}. A {REGISTRY}\n"
        root = "@ NS a.root-servers.net.\na.root-servers.net. A " + ROOT + "\n"
        for top in ("ml", "net"):
            root += f"{top}. NS ns.{top}.\n" + glue.format(top)
        self.root.put(".", root)
        ours = f"@ NS ns\nns A {REGISTRY}\n"
        self.registry.put("net", ours + f"hosting NS ns1.hosting\nns1.hosting A {HOSTING}\n")
        self.registry.put("ml", ours + "".join(f"{name[:-3]} NS ns1.hosting.net.\n" for name in self._names))
        self.unbound.flush()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _answers(address: str) -> bool:
    import dns.exception
    import dns.message
    import dns.query

    try:
        dns.query.udp(dns.message.make_query("hosting.net", "SOA"), address, timeout=0.5)
    except (dns.exception.DNSException, OSError):
        return False
    return True
