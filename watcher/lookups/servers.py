"""What a resolver's address is: its text form, and how a socket reaches it."""

import ipaddress
import socket
from dataclasses import dataclass

from watcher.core.errors import ConfigurationError

DNS_PORT = 53
_MAX_PORT = 65535


@dataclass(frozen=True, slots=True)
class Server:
    """One DNS server. `address` is an IPv4 or IPv6 address, with its zone where it is link-local (`fe80::1%eth0`)."""

    address: str
    port: int = DNS_PORT

    @property
    def name(self) -> str:
        """The form of `Answer.resolver`: the address alone on port 53, else `ADDR:PORT` or `[ADDR6]:PORT`."""
        if self.port == DNS_PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """The socket family that reaches it."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @property
    def socket_address(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """What `connect` wants."""
        if ":" not in self.address:
            return (self.address, self.port)
        address, _, zone = self.address.partition("%")
        if not zone:
            return (address, self.port, 0, 0)
        return (address, self.port, 0, int(zone) if zone.isdigit() else socket.if_nametoindex(zone))


def parse_server(text: str, *, setting: str = "dns.resolvers") -> Server:
    """The server in `text`: `ADDR`, `ADDR4:PORT`, `[ADDR6]` or `[ADDR6]:PORT`.

    Raises ConfigurationError for `setting` where it is none: names are not accepted, they would need a resolver.
    """
    address, port = _split(text.strip())
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        why = f"{text!r} is not an address: write 192.0.2.1, 192.0.2.1:5300, 2001:db8::1 or [2001:db8::1]:5300"
        raise ConfigurationError(setting, why) from None
    if parsed.is_multicast or parsed.is_unspecified:
        raise ConfigurationError(setting, f"{text!r} is not the address of one server")
    number = int(port) if port.isascii() and port.isdigit() and len(port) <= len(str(_MAX_PORT)) else 0
    if not 0 < number <= _MAX_PORT:
        raise ConfigurationError(setting, f"{text!r} has no port between 1 and {_MAX_PORT}")
    return Server(str(parsed), number)


def _split(text: str) -> tuple[str, str]:
    if text.startswith("["):
        address, closed, rest = text[1:].partition("]")
        if not closed or ":" not in address or (rest and not rest.startswith(":")):
            return "", ""
        return address, rest[1:] if rest else str(DNS_PORT)
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, port
    return text, str(DNS_PORT)
