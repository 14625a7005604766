"""Admission as plain functions over a request's headers and peer: hosts, origins, peers. No I/O."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from multidict import CIMultiDictProxy

_HOST = re.compile(r"(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,253})(?::[0-9]{1,5})?")
"""`uri-host [ ":" port ]` of RFC 9110 7.2, as far as a name or an address is written there: no user, no escapes."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`hosts` are names (any port) or `name:port` (that port only) that may stand in `Host`; IPv6 in brackets.

    `public_url` is where people reach us through a proxy: its host is known and its origin is ours.
    """

    hosts: tuple[str, ...]
    public_url: str | None = None

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
    if not isinstance(peer, Sequence) or isinstance(peer, str) or not peer:
        return False
    try:
        address = ip_address(str(peer[0]).partition("%")[0])
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def was_forwarded(headers: CIMultiDictProxy[str]) -> bool:
    """Return whether a proxy says it stands between: then the peer's address is not the client's."""
    return any(
        name.lower() in {"forwarded", "via", "x-real-ip"} or name.lower().startswith("x-forwarded-") for name in headers
    )
