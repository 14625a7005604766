"""The reach of an address: whether a sender anywhere on the Internet can connect to it.

The table is our own, from the IANA IPv4 and IPv6 Special-Purpose Address Registries (as of 2025-10-09) and RFC 4291:
`ipaddress.is_global` differs between patch releases of Python, and calls multicast, and tunnels to private addresses,
global.
"""

from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address


class Reach(StrEnum):
    """The place where a connection to an address ends."""

    GLOBAL = "global"
    LOOPBACK = "loopback"
    """The sender's own machine."""
    UNSPECIFIED = "unspecified"
    """0.0.0.0 or ::, which systems take for the sender's own machine too."""
    UNROUTABLE = "unroutable"
    """Private, link-local, shared (CGNAT), documentation, multicast, reserved, or no address at all."""
    CONTROLLED_INTERRUPTION = "controlled_interruption"
    """127.0.53.53, ICANN's signal of a name collision."""


AS_OF = "2025-10-09"
"""The date of the registries the table was made from."""

_INTERRUPTION = IPv4Address("127.0.53.53")

_UNROUTABLE_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network"
        "10.0.0.0/8",  # private use
        "100.64.0.0/10",  # shared address space (CGNAT)
        "169.254.0.0/16",  # link local
        "172.16.0.0/12",  # private use
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relay anycast, withdrawn (RFC 7526)
        "192.168.0.0/16",  # private use
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and limited broadcast
    )
)
_GLOBAL_4 = frozenset(
    {IPv4Address("192.0.0.9"), IPv4Address("192.0.0.10")}
)  # PCP and TURN anycast, inside 192.0.0.0/24

_METADATA = frozenset(map(ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254", "fd20:ce::254")))
"""Addresses where clouds (AWS, Azure, GCP, Oracle; Alibaba; AWS and GCP over IPv6) hand out their machines' secrets."""

_MAPPED = IPv6Network("::ffff:0:0/96")  # systems connect to the IPv4 address inside
_NAT64 = IPv6Network("64:ff9b::/96")
_TEREDO = IPv6Network("2001::/32")
_SIX_TO_FOUR = IPv6Network("2002::/16")

_UNICAST = IPv6Network("2000::/3")  # all that RFC 4291 and IANA allocate from; the rest is reserved or special
_UNROUTABLE_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF protocol assignments
        "2001:db8::/32",  # documentation
        "3fff::/20",  # documentation
    )
)
_GLOBAL_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001:1::1/128",  # PCP anycast
        "2001:1::2/128",  # TURN anycast
        "2001:1::3/128",  # DNS-SD SRP anycast
        "2001:3::/32",  # AMT
        "2001:4:112::/48",  # AS112
        "2001:20::/28",  # ORCHIDv2
        "2001:30::/28",  # drone remote identification
    )
)


def reach(text: str) -> Reach:
    """Return where an address in its usual text leads; text that is no address leads nowhere (UNROUTABLE)."""
    try:
        address = ip_address(text)
    except ValueError:
        return Reach.UNROUTABLE
    if isinstance(address, IPv4Address):
        return _reach_4(address)
    return _reach_6(address)


def is_global(text: str) -> bool:
    """Return whether a sender anywhere can connect to the address; False for text that is no address."""
    return reach(text) is Reach.GLOBAL


def may_be_posted_to(text: str) -> bool:
    """Return whether a receiver that the operator named may have this address. Private and loopback ones may.

    Link-local, multicast and unspecified ones may not, nor those where clouds hand out their machines' secrets.
    """
    try:
        address = ip_address(text)
    except ValueError:  # a scope (`fe80::1%eth0`) is link-local anyway
        return False
    if isinstance(address, IPv6Address) and (address.ipv4_mapped or _tunnelled(address)):
        inside = (address.ipv4_mapped,) if address.ipv4_mapped else _tunnelled(address)
        return all(may_be_posted_to(str(item)) for item in inside)
    if address in _METADATA or (isinstance(address, IPv6Address) and address.scope_id is not None):
        return False
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def dotted_quad(text: str) -> str | None:
    """`text` when it is an IPv4 address written as a host name, else None."""
    try:
        return str(IPv4Address(text))
    except AddressValueError:
        return None


def _reach_4(address: IPv4Address) -> Reach:
    if address == _INTERRUPTION:
        return Reach.CONTROLLED_INTERRUPTION
    if address.is_loopback:
        return Reach.LOOPBACK
    if address.is_unspecified:
        return Reach.UNSPECIFIED
    if address not in _GLOBAL_4 and any(address in network for network in _UNROUTABLE_4):
        return Reach.UNROUTABLE
    return Reach.GLOBAL


def _reach_6(address: IPv6Address) -> Reach:
    if address.scope_id is None and address.is_unspecified:
        return Reach.UNSPECIFIED
    if address.scope_id is None and address.is_loopback:
        return Reach.LOOPBACK
    if address in _MAPPED:
        return _reach_4(IPv4Address(address.packed[12:]))
    return Reach.GLOBAL if _is_global_6(address) else Reach.UNROUTABLE


def _is_global_6(address: IPv6Address) -> bool:
    if address.scope_id is not None:
        return False
    inside = _tunnelled(address)
    if inside:
        return all(_reach_4(item) is Reach.GLOBAL for item in inside)
    if any(address in network for network in _GLOBAL_6):
        return True
    return address in _UNICAST and not any(address in network for network in _UNROUTABLE_6)


def _tunnelled(address: IPv6Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that traffic to a NAT64, 6to4 or Teredo address has to reach; empty for any other."""
    packed = address.packed
    if address in _NAT64:
        return (IPv4Address(packed[12:]),)
    if address in _SIX_TO_FOUR:
        return (IPv4Address(packed[2:6]),)
    if address in _TEREDO:  # RFC 4380 4: server, then the client with every bit inverted
        return (IPv4Address(packed[4:8]), IPv4Address(bytes(byte ^ 0xFF for byte in packed[12:])))
    return ()
