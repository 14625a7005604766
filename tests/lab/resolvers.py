"""Resolvers of other makes, from the lab's own root downwards, each with the policy zone of watcher."""

from pathlib import Path
from typing import Self

import dns.exception
import dns.message
import dns.query
import dns.rcode

from tests.lab.addresses import ROOT
from tests.lab.processes import Daemon, program, run
from tests.lab.unbound import Unbound

ZONE = "rpz.watcher.invalid"
KEY_NAME, KEY_SECRET = "watcher", "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
BIND, UNBOUND, POWERDNS, KNOT = "127.0.0.1:5311", "127.0.0.12:53", "127.0.0.13:53", "127.0.0.14:53"
"""Where each of them listens. BIND takes addresses of an interface only."""

_HINTS = f". 3600 IN NS a.root-servers.net.\na.root-servers.net. 3600 IN A {ROOT}\n"


def rcode(address: str, name: str, kind: str = "MX") -> str:
    """Return what the resolver at `address` says of a name: the code, or NODATA, or a word for its silence."""
    host, _, port = address.partition(":")
    try:
        answer = dns.query.udp(dns.message.make_query(name, kind), host, port=int(port), timeout=3)
    except (dns.exception.DNSException, OSError) as error:
        return type(error).__name__
    code = dns.rcode.to_text(answer.rcode())
    return "NODATA" if code == "NOERROR" and not answer.answer else code


def _host(address: str) -> str:
    return address.partition(":")[0]


def _port(address: str) -> str:
    return address.partition(":")[2]


class Resolver:
    """One resolver in a folder of its own; a context manager."""

    def __init__(self, name: str, address: str, folder: Path, command: list[str]) -> None:
        self.name = name
        self.address = address
        self._daemon = Daemon(
            f"{name} at {address}",
            command,
            folder / "log",
            ready=lambda: rcode(address, "localhost", "A") in {"NOERROR", "NXDOMAIN", "NODATA", "SERVFAIL"},
        )

    def __enter__(self) -> Self:
        self._daemon.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._daemon.stop()

    def tail(self) -> str:
        return self._daemon.tail()


def bind(folder: Path, primary: tuple[str, int] | None = None, file: Path | None = None) -> Resolver:
    """BIND as a signed secondary of `primary`, or with the zone in a file."""
    folder.mkdir(parents=True)
    (folder / "root.hints").write_text(_HINTS)
    if primary is not None:
        source = f'type secondary; primaries {{ {primary[0]} port {primary[1]} key {KEY_NAME}; }}; file "rpz.bin";'
    else:
        source = f'type primary; file "{file}";'
    (folder / "named.conf").write_text(
        f"""\
key {KEY_NAME} {{ algorithm hmac-sha256; secret "{KEY_SECRET}"; }};
controls {{ }};
options {{
  directory "{folder}"; pid-file "{folder}/named.pid"; session-keyfile "{folder}/session.key";
  listen-on port {_port(BIND)} {{ {_host(BIND)}; }}; listen-on-v6 {{ none; }}; dnssec-validation no; recursion yes; allow-query {{ any; }};
  max-cache-ttl 1; max-ncache-ttl 1; empty-zones-enable no; allow-recursion {{ any; }};
  response-policy {{ zone "{ZONE}"; }} min-update-interval 1;
}};
zone "." {{ type hint; file "root.hints"; }};
zone "{ZONE}" {{ {source} allow-query {{ none; }}; }};
"""
    )
    command = [program("named", "bind9"), "-g", "-4", "-c", str(folder / "named.conf"), "-n", "1"]
    return Resolver("BIND", BIND, folder, command)


def powerdns(folder: Path, primary: tuple[str, int]) -> Resolver:
    """PowerDNS Recursor, which polls the primary."""
    folder.mkdir(parents=True)
    (folder / "root.hints").write_text(_HINTS)
    (folder / "rpz.lua").write_text(
        f'rpzPrimary("{primary[0]}:{primary[1]}", "{ZONE}", {{refresh=2, tsigname="{KEY_NAME}", '
        f'tsigalgo="hmac-sha256", tsigsecret="{KEY_SECRET}"}})\n'
    )
    (folder / "recursor.conf").write_text(
        f"local-address={_host(POWERDNS)}\nsocket-dir={folder}\nhint-file={folder}/root.hints\ndnssec=off\ndaemon=no\n"
        f"lua-config-file={folder}/rpz.lua\nmax-cache-ttl=1\nmax-negative-ttl=1\nsecurity-poll-suffix=\nthreads=1\n"
        "dont-query=\npacketcache-ttl=1\npacketcache-servfail-ttl=1\n"
    )
    return Resolver("PowerDNS", POWERDNS, folder, [program("pdns_recursor", "pdns-recursor"), f"--config-dir={folder}"])


def knot(folder: Path, file: Path) -> Resolver:
    """Knot Resolver, which watches the zone's file."""
    folder.mkdir(parents=True)
    (folder / "root.hints").write_text(_HINTS)
    (folder / "kresd.conf").write_text(
        f"""\
net.listen('{_host(KNOT)}', 53, {{ kind = 'dns' }})
modules.unload('ta_signal_query')
trust_anchors.remove('.')
modules = {{ 'hints > iterate', 'policy' }}
hints.root_file('{folder}/root.hints')
cache.size = 10 * MB
cache.min_ttl(0)
cache.max_ttl(1)
policy.add(policy.rpz(policy.DENY, '{file}', true))
"""
    )
    command = [program("kresd", "knot-resolver"), "-n", "-c", str(folder / "kresd.conf"), str(folder)]
    return Resolver("Knot Resolver", KNOT, folder, command)


def unbound(folder: Path, primary: tuple[str, int]) -> Unbound:
    """Unbound, which transfers without a signature and is told by NOTIFY."""
    extra = f"""\
  module-config: "respip iterator"
  do-not-query-localhost: no
rpz:
  name: {ZONE}
  primary: {primary[0]}@{primary[1]}
  allow-notify: {primary[0]}
"""
    return Unbound(folder, _host(UNBOUND), extra=extra)


__all__ = ["BIND", "KNOT", "POWERDNS", "UNBOUND", "bind", "knot", "powerdns", "rcode", "run", "unbound"]
