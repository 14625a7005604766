"""Many datagrams of one size in one system call, where the system can cut them apart itself (UDP_SEGMENT).

Over loopback that takes half of what a name of a sweep costs in the kernel; on the wire they are the same datagrams.
"""

import errno
import socket
import struct
import sys
from collections.abc import Sequence
from functools import cache

MOST = 64
"""Datagrams in one call."""

_UDP_SEGMENT = 103  # linux/udp.h
_REFUSED = frozenset({errno.EIO, errno.EINVAL, errno.ENOPROTOOPT, errno.EOPNOTSUPP, errno.EMSGSIZE})


class Unable(Exception):
    """The system or the device cannot do it: none was sent."""


@cache
def known() -> bool:
    """Return whether the system knows UDP_SEGMENT (Linux 4.18+). One that does not would send all as one datagram."""
    if sys.platform != "linux":
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(socket.IPPROTO_UDP, _UDP_SEGMENT, 512)
        except OSError:
            return False
    return True


def send_together(opened: socket.socket, messages: Sequence[bytes]) -> int:
    """Send at most `MOST` messages of one size; how many went. Fewer: an earlier one's ICMP error came up instead.

    What the send buffer has no room for is lost, as on the way. Raises Unable.
    """
    size = [(socket.IPPROTO_UDP, _UDP_SEGMENT, struct.pack("H", len(messages[0])))]
    try:
        opened.sendmsg([b"".join(messages)], size)
    except BlockingIOError:
        pass
    except OSError as error:
        if error.errno in _REFUSED:
            raise Unable from error
        return 0
    return len(messages)


def send_each(opened: socket.socket, messages: Sequence[bytes]) -> int:
    """Send messages of any size one by one, on every system; return how many went."""
    send = opened.send
    for count, message in enumerate(messages):
        try:
            send(message)
        except BlockingIOError:
            pass
        except OSError:
            return count
    return len(messages)
