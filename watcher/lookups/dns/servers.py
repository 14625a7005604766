"""The address of a resolver: its text form, and the form that a socket takes."""

import ipaddress
import socket
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from watcher.core.errors import ConfigurationError

DNS_PORT = 53
TLS_PORT = 853
_MAX_PORT = 65535


class Transport(StrEnum):
    """The transport of questions to a server."""

    PLAIN = "plain"
    """UDP, and TCP for what is cut."""
    TLS = "tls"
    """DNS over TLS (RFC 7858)."""
    HTTPS = "https"
    """DNS over HTTPS (RFC 8484)."""


@dataclass(frozen=True, slots=True)
class Server:
    """One DNS server. `address` is an IPv4 or IPv6 address, with its zone where it is link-local (`fe80::1%eth0`).

    Over TLS `hostname` is what its certificate must name, the address where None; over HTTPS `url` is all there is.
    """

    address: str
    port: int = DNS_PORT
    transport: Transport = Transport.PLAIN
    hostname: str | None = None
    url: str | None = None

    @property
    def name(self) -> str:
        """Return the form of `Answer.resolver`: the address alone on port 53, else `ADDR:PORT` or `[ADDR6]:PORT`.

        Encrypted: as it is written in the settings.
        """
        if self.url is not None:
            return self.url
        if self.transport is Transport.TLS:
            address = f"[{self.address}]" if ":" in self.address else self.address
            port = "" if self.port == TLS_PORT else f":{self.port}"
            return f"tls://{address}{port}" + (f"#{self.hostname}" if self.hostname else "")
        if self.port == DNS_PORT:
            return self.address
        return f"[{self.address}]:{self.port}" if ":" in self.address else f"{self.address}:{self.port}"

    @property
    def family(self) -> socket.AddressFamily:
        """Return the socket family that reaches it."""
        return socket.AF_INET6 if ":" in self.address else socket.AF_INET

    @property
    def socket_address(self) -> tuple[str, int] | tuple[str, int, int, int]:
        """Return the address in the form that `socket.connect` takes."""
        if ":" not in self.address:
            return (self.address, self.port)
        address, _, zone = self.address.partition("%")
        if not zone:
            return (address, self.port, 0, 0)
        return (address, self.port, 0, int(zone) if zone.isdigit() else socket.if_nametoindex(zone))


def parse_server(text: str, *, setting: str = "dns.resolvers") -> Server:
    """Return the server in `text`: `ADDR`, `ADDR4:PORT`, `[ADDR6]` or `[ADDR6]:PORT`, `tls://` before it, or a DoH URL.

    After a `tls://` address `#NAME` may say what its certificate names. Raises ConfigurationError for `setting` where
    it is none: names are not accepted, they would need a resolver (that of the system, for the host of a URL).
    """
    text = text.strip()
    if text.startswith("https://"):
        return _over_https(text, setting)
    if text.startswith("tls://"):
        place, _, hostname = text.removeprefix("tls://").partition("#")
        at = _plain(place, setting, TLS_PORT)
        return Server(at.address, at.port, Transport.TLS, hostname or None)
    return _plain(text, setting, DNS_PORT)


def _over_https(text: str, setting: str) -> Server:
    try:
        parts = urlsplit(text)
        port = parts.port or 443
    except ValueError:
        parts, port = urlsplit(""), 0
    if not parts.hostname or not parts.path.strip("/") or parts.query or parts.fragment or parts.username:
        raise ConfigurationError(setting, f"{text!r} is no DoH address: write https://9.9.9.10/dns-query")
    return Server(parts.hostname, port, Transport.HTTPS, url=text)


def _plain(text: str, setting: str, usual_port: int) -> Server:
    address, port = _split(text, usual_port)
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


def _split(text: str, usual_port: int) -> tuple[str, str]:
    if text.startswith("["):
        address, closed, rest = text[1:].partition("]")
        if not closed or ":" not in address or (rest and not rest.startswith(":")):
            return "", ""
        return address, rest[1:] if rest else str(usual_port)
    if text.count(":") == 1:
        address, _, port = text.partition(":")
        return address, port
    return text, str(usual_port)
