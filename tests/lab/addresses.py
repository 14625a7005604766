"""Who has which address in the lab; `tools/in_lab` puts these networks on the loopback interface."""

import socket

ROOT = "198.41.0.4"
"""NSD with the root zone."""
REGISTRY = "198.41.0.53"
"""NSD with the suffix zones (ml, uk, co.uk, ...)."""
HOSTING = "198.41.0.101"
"""NSD with the leaf zones."""
REFUSING, SERVFAIL, SILENT, LAME = "198.41.0.102", "198.41.0.103", "198.41.0.104", "198.41.0.105"
"""Nameservers that answer REFUSED, SERVFAIL, nothing at all, and with a referral to the root."""

NO_MX, DENYING, CUTTING = "198.41.0.106", "198.41.0.107", "198.41.0.108"
"""Nameservers that know an address of every name, and answer MX with SERVFAIL, NXDOMAIN, and a reply cut off for good."""

RESOLVER = "127.0.0.1"
"""Unbound; /etc/resolv.conf names it."""

MAILBOX = "93.184.215.14"
SECOND_MAILBOX = "93.184.215.25"
MAILBOX_V6 = "2a00:1450:4001::25"
"""The mail server listens here on port 25 and takes everything."""

RECEIVING, BLOCKING = "93.184.215.30", "93.184.215.31"
"""Postfix listens here on port 25: as somebody's mail server, and as one that takes nothing from anybody."""

NOBODY = "93.184.215.99"
"""A global address of the lab where no mail server listens: connecting is refused."""
UNREACHABLE = "93.185.1.1"
"""A global address to which the lab has no route."""


def in_lab() -> bool:
    """Whether this process lives in the lab's network: only there can the root server's address be bound."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((ROOT, 0))
        except OSError:
            return False
    return True
