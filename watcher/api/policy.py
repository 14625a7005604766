"""Admission as plain functions over a request's headers and peer: hosts, origins, peers. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

from watcher.services.names.tokens import Scope

_HOST = re.compile(r"(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?")
"""`uri-host [ ":" port ]` of RFC 9110 7.2, as far as a name or an address is written there: no user, no escapes."""

_USER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@\\+ -]{0,63}")
"""A user as proxies name them: a login, an address, `DOMAIN\\login`."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are names (any port) or `name:port` (that port only) that may stand in `Host`; IPv6 in brackets.

    `public_url` is where people reach us through a proxy: its host is known and its origin is ours.
    `user_header`: the header in which a proxy at one of `user_peers` names the user, who then has `user_scopes`.
    """

    hosts: tuple[str, ...]
    public_url: str | None = None
    user_header: str | None = None
    user_peers: tuple[IPv4Network | IPv6Network, ...] = ()
    user_scopes: frozenset[Scope] = frozenset({Scope.READ})

    @property
    def secure(self) -> bool:
        """Return whether browsers reach us over TLS."""
        return (self.public_url or "").startswith("https:")

    @property
    def cookie(self) -> str:
        """Return the name of the session's cookie: browsers keep `__Host-` for this host, over TLS only."""
        return "__Host-watcher" if self.secure else "watcher_session"

    def knows_host(self, host: str) -> bool:
        """Return whether `Host: host` is one of ours: the answer to DNS rebinding."""
        host = host.lower()
        if _HOST.fullmatch(host) is None:
            return False
        bare = without_port(host)
        known = {entry.lower() for entry in self.hosts}
        if self.public_url:
            known.add(urlsplit(self.public_url).netloc.lower())
            known.add((urlsplit(self.public_url).hostname or "").lower())
        known.discard("")
        return host in known or bare in known

    def named_user(self, headers: CIMultiDictProxy[str], peer: object) -> str | None:
        """Return the user that a proxy names, where it may; an empty text for a header that names nobody well."""
        if self.user_header is None or self.user_header not in headers or not self._may_name(peer):
            return None
        given = headers.getall(self.user_header)
        return given[0] if len(given) == 1 and _USER.fullmatch(given[0]) else ""

    def _may_name(self, peer: object) -> bool:
        address = _address_of(peer)
        return address is not None and any(
            address in network for network in self.user_peers if network.version == address.version
        )

    def is_our_origin(self, origin: str, host: str) -> bool:
        """Return whether a page of ours sent this: same host and port as `Host`, or the public URL's origin."""
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"}:
            return False
        if self.public_url:
            ours = urlsplit(self.public_url)
            if (parts.scheme, parts.netloc.lower()) == (ours.scheme, ours.netloc.lower()):
                return True
        return parts.netloc.lower() == host.lower()


def without_port(host: str) -> str:
    """Return `Host` without its port; an IPv6 address keeps its brackets."""
    if host.startswith("["):
        end = host.find("]")
        return host[: end + 1] if end > 0 else host
    return host.partition(":")[0]


def is_loopback(peer: object) -> bool:
    """Return whether a socket's peer name is on this machine; anything unclear is not."""
    address = _address_of(peer)
    return address is not None and address.is_loopback


def _address_of(peer: object) -> IPv4Address | IPv6Address | None:
    """Return the address in a socket's peer name, an IPv4 one where it was mapped; None where there is none."""
    if not isinstance(peer, Sequence) or isinstance(peer, str) or not peer:
        return None
    try:
        address = ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def was_forwarded(headers: CIMultiDictProxy[str]) -> bool:
    """Return whether a proxy says it stands between: then the peer's address is not the client's."""
    return any(
        name.lower() in {"forwarded", "via", "x-real-ip"} or name.lower().startswith("x-forwarded-") for name in headers
    )
