"""The addresses open to registration lookups: global ones, checked after resolution, and those the operator listed.

Host names of registries come from outside (bootstrap, redirect, referral). Whoever controls one could point us at our
own network, so the addresses that a name resolves to are checked, and exactly those are connected to.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiohttp.abc import AbstractResolver, ResolveResult

_MOST_ADDRESSES = 8


class NotGlobal(OSError):
    """A host has no global address, so nothing may connect to it."""

    def __init__(self, host: str) -> None:
        super().__init__(f"{host} has no global address")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A resolved address that may be connected to."""

    family: int
    address: str
    port: int


class Gate:
    """Resolves hosts and lets only global addresses through, except for the `trusted` (host, port) pairs.

    `is_global` judges an address in its canonical text.
    """

    def __init__(self, is_global: Callable[[str], bool], trusted: Iterable[tuple[str, int]] = ()) -> None:
        self._is_global = is_global
        self._trusted = frozenset((host.lower(), port) for host, port in trusted)

    async def endpoints(self, host: str, port: int, family: int = socket.AF_UNSPEC) -> tuple[Endpoint, ...]:
        """Return the addresses of `host` that may be connected to, in the system's order.

        Raises NotGlobal when there are addresses and none is global; OSError when resolution fails.
        """
        loop = asyncio.get_running_loop()
        try:
            rows = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise OSError(f"{host[:80]!r} cannot be resolved") from error
        found = [Endpoint(row[0], str(row[4][0]), port) for row in rows]
        passed = tuple(endpoint for endpoint in found if self.admits(host, port, endpoint.address))
        if found and not passed:
            raise NotGlobal(host)
        return passed[:_MOST_ADDRESSES]

    def admits(self, host: str, port: int, address: str) -> bool:
        """Return whether `address`, which `host` resolved to, may be connected to."""
        if self.trusts(host, port):
            return True
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:  # a scope (`fe80::1%eth0`) is link-local anyway
            return False
        mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
        return self._is_global(str(mapped or parsed))

    def trusts(self, host: str, port: int) -> bool:
        """Return whether the operator listed this host and port."""
        return (host.lower(), port) in self._trusted

    def check_literal(self, host: str, port: int) -> None:
        """Raise NotGlobal for an address written in place of a name: no resolver ever sees that one."""
        try:
            ipaddress.ip_address(host)
        except ValueError:
            return
        if not self.admits(host, port, host):
            raise NotGlobal(host)


class GatedResolver(AbstractResolver):
    """The gate as aiohttp's resolver: what it returns is what gets connected to."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the admitted addresses of `host`; raises OSError."""
        return [
            ResolveResult(
                hostname=host,
                host=endpoint.address,
                port=port,
                family=endpoint.family,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for endpoint in await self._gate.endpoints(host, port, family)
        ]

    async def close(self) -> None:
        """Nothing is held."""
