"""The lab's DNS as a whole: a root, suffix zones, leaf zones on a hosting server, faulty nameservers and a resolver."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from tests.lab.addresses import (
    CUTTING,
    DENYING,
    HOSTING,
    LAME,
    NO_MX,
    REFUSING,
    REGISTRY,
    ROOT,
    SERVFAIL,
    SILENT,
)
from tests.lab.faulty import Fault, FaultyNameserver
from tests.lab.nsd import Nsd
from tests.lab.unbound import Unbound

SUFFIXES = (
    *("cm", "co", "co.uk", "com", "de", "gov", "gov.ug", "gov.uk", "il", "info", "int", "it", "me.uk", "mil", "ml"),
    *("net", "nl", "om", "org", "org.uk", "ru", "ug", "uk", "uk.com", "us"),
)
"""What the root and its suffixes delegate; a suffix of two labels is delegated by its parent."""

NAMESERVERS = {
    "ns1.hosting.net": HOSTING,
    "refusing.hosting.net": REFUSING,
    "servfail.hosting.net": SERVFAIL,
    "silent.hosting.net": SILENT,
    "lame.hosting.net": LAME,
    "no-mx.hosting.net": NO_MX,
    "denying.hosting.net": DENYING,
    "cutting.hosting.net": CUTTING,
}
"""Every leaf zone is delegated to one or more of these."""

OWN_NS = "@ NS ns1.hosting.net.\n"


class World:
    """Change what the DNS says while a test runs; every change is served, and seen by the resolver, on return.

    A name given to `host` and `delegate` is a registrable domain under one of SUFFIXES.
    """

    def __init__(self, folder: Path) -> None:
        self._delegations: dict[str, dict[str, tuple[str, ...]]] = {suffix: {} for suffix in SUFFIXES}
        self._hosted: set[str] = set()
        self._extra: dict[str, str] = {}
        self._servers = ExitStack()
        self.root = Nsd(folder / "root", ROOT)
        self.registry = Nsd(folder / "registry", REGISTRY)
        self.hosting = Nsd(folder / "hosting", HOSTING)
        self.unbound = Unbound(folder / "unbound")
        self.faulty = tuple(
            FaultyNameserver(address, fault)
            for address, fault in (
                (REFUSING, Fault.REFUSING),
                (SERVFAIL, Fault.SERVFAIL),
                (SILENT, Fault.SILENT),
                (LAME, Fault.LAME),
                (NO_MX, Fault.NO_MX),
                (DENYING, Fault.DENYING),
                (CUTTING, Fault.CUTTING),
            )
        )

    def __enter__(self) -> Self:
        with ExitStack() as servers:
            for server in (self.root, self.registry, self.hosting, *self.faulty, self.unbound):
                servers.enter_context(server)
            self._put_root()
            self._delegations["net"]["hosting.net"] = ("ns1.hosting.net",)
            for suffix in SUFFIXES:
                self._put_suffix(suffix)
            hosts = "".join(f"{name}. A {address}\n" for name, address in NAMESERVERS.items())
            self.hosting.put("hosting.net", OWN_NS + hosts)
            self._servers = servers.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._servers.close()

    def host(self, name: str, records: str = "", *, nameservers: tuple[str, ...] = ("ns1.hosting.net",)) -> None:
        """Register `name` and serve `records` for it (its SOA and NS are added); again: change what is served."""
        self.hosting.put(name, "".join(f"@ NS {nameserver}.\n" for nameserver in nameservers) + records)
        self._hosted.add(name)
        self.delegate(name, *nameservers)

    def delegate(self, name: str, *nameservers: str) -> None:
        """Register `name` with these nameservers, whatever they make of it."""
        delegations = self._delegations[_suffix(name)]
        if delegations.get(name) != nameservers:
            delegations[name] = nameservers
            self._put_suffix(_suffix(name))
        self.unbound.flush(name)

    def remove(self, *names: str) -> None:
        """The names are registered no more: NXDOMAIN."""
        for suffix in {_suffix(name) for name in names}:
            gone = [name for name in names if self._delegations[suffix].pop(name, None) is not None]
            if gone:
                self._put_suffix(suffix)
        for name in names:
            if name in self._hosted:
                self._hosted.discard(name)
                self.hosting.remove(name)
            self.unbound.flush(name)

    def registered(self) -> tuple[str, ...]:
        """Every registered name but the hosting server's own."""
        return tuple(sorted(name for names in self._delegations.values() for name in names if name != "hosting.net"))

    @staticmethod
    def can_host(name: str) -> bool:
        """Whether `name` stands directly under a suffix of the lab."""
        return name.partition(".")[2] in SUFFIXES

    def suffix_records(self, suffix: str, records: str) -> None:
        """Add records to a suffix zone itself (a registry's wildcard); empty: take them away again."""
        self._extra[suffix] = records
        self._put_suffix(suffix)
        self.unbound.flush(suffix)

    def _put_root(self) -> None:
        lines = ["@ NS a.root-servers.net.", f"a.root-servers.net. A {ROOT}"]
        for suffix in SUFFIXES:
            if "." not in suffix:
                lines += [f"{suffix}. NS ns.nic.{suffix}.", f"ns.nic.{suffix}. A {REGISTRY}"]
        self.root.put(".", "\n".join(lines))

    def _put_suffix(self, suffix: str) -> None:
        lines = [f"@ NS ns.nic.{suffix}.", f"ns.nic.{suffix}. A {REGISTRY}", self._extra.get(suffix, "")]
        for below in SUFFIXES:
            if below.endswith(f".{suffix}"):
                lines += [f"{below}. NS ns.nic.{below}.", f"ns.nic.{below}. A {REGISTRY}"]
        for name, nameservers in self._delegations[suffix].items():
            lines += [f"{name}. NS {nameserver}." for nameserver in nameservers]
        if "hosting.net" in self._delegations[suffix]:
            lines += [f"{name}. A {address}" for name, address in NAMESERVERS.items()]
        self.registry.put(suffix, "\n".join(lines))


def _suffix(name: str) -> str:
    """The longest of SUFFIXES that `name` stands directly under."""
    suffix = name.partition(".")[2]
    if suffix not in SUFFIXES:
        raise ValueError(f"{name} is not directly under a suffix of the lab")
    return suffix
