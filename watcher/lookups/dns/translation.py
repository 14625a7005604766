"""DNS64: resolvers that make AAAA records up from A records, so that IPv6-only clients reach IPv4 by way of NAT64.

The prefix is the operator's own as a rule (RFC 7050 tells how it is learnt). Where such an address leads is a matter of
the IPv4 address inside, and of nobody's IPv6.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network

KNOWN_NAME = "ipv4only.arpa"
"""It has the A records below and no AAAA (RFC 7050 2.2); an AAAA answer is made up, and shows the prefix."""

_INSIDE = frozenset({IPv4Address("192.0.0.170"), IPv4Address("192.0.0.171")})
_LENGTHS = (96, 64, 56, 48, 40, 32)
_WELL_KNOWN = IPv6Network("64:ff9b::/96")  # RFC 6052 2.1


def prefixes(records: Iterable[str]) -> tuple[IPv6Network, ...]:
    """Return the prefixes that the AAAA records of `KNOWN_NAME` show; those of no RFC 6052 form show none."""
    found: dict[IPv6Network, None] = {}
    for address in map(IPv6Address, records):
        for length in _LENGTHS:
            if _inside(address, length) in _INSIDE:
                found[IPv6Network((address, length), strict=False)] = None
                break
    return tuple(found)


def plain(record: str, known: Sequence[IPv6Network]) -> str:
    """Return an address with one of these prefixes with the well-known one instead; any other as it is."""
    address = IPv6Address(record)
    for prefix in known:
        if address in prefix:
            inside = _inside(address, prefix.prefixlen)
            return str(IPv6Address(int(_WELL_KNOWN.network_address) | int(inside)))
    return record


def _inside(address: IPv6Address, length: int) -> IPv4Address:
    """Return the IPv4 address behind a prefix of so many bits (RFC 6052 2.2): bits 64 to 71 are left out."""
    packed = address.packed
    if length == _LENGTHS[0]:
        return IPv4Address(packed[12:])
    return IPv4Address((packed[length // 8 : 8] + packed[9:])[:4])
