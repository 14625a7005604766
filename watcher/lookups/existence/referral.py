"""The answer of a public suffix's own nameserver about a name below it, asked without recursion.

A referral means that the name is delegated, an authoritative NXDOMAIN with the suffix's own SOA that it is not.
Anything that a proper server would not say (no authority over the zone, a referral upwards) says nothing.
"""

import struct

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype

from watcher.core.ports import Presence
from watcher.lookups.dns.reading_cost import too_costly
from watcher.lookups.dns.wire import HEADER_SIZE, NXDOMAIN, clean_nxdomain

_AUTHORITATIVE = 0x04
_OWNER_IS_NAME = b"\xc0\x0c"
_NS_IN = b"\x00\x02\x00\x01"
_ERRORS = (dns.exception.DNSException, ValueError, IndexError, KeyError, struct.error)


def denies(reply: bytes, question_size: int, name: str, zone: str) -> bool:
    """Return whether `reply` is of the usual form that says with authority that `name` does not exist."""
    if reply[3] & 0x0F != NXDOMAIN or not reply[2] & _AUTHORITATIVE:
        return False
    return clean_nxdomain(reply, question_size) == len(name) - len(zone)


def read_referral(reply: bytes, question_size: int, name: str, zone: str) -> Presence | None:
    """ABSENT, LOOK (delegated, or there in another way), or None: it says nothing about `name`.

    `reply` is matched and not cut; `zone` is the zone that the server was asked for, an ancestor of `name`. A reply
    that would take too long to read (`reading_cost`) says nothing.
    """
    code = reply[3] & 0x0F
    if denies(reply, question_size, name, zone):
        return Presence.ABSENT
    if code == 0 and reply[6:8] == b"\x00\x00" and reply[8:10] != b"\x00\x00":
        at = HEADER_SIZE + question_size
        if reply[at : at + 2] == _OWNER_IS_NAME and reply[at + 2 : at + 6] == _NS_IN:
            return Presence.LOOK
    try:
        if too_costly(reply):
            return None
        message = dns.message.from_wire(reply, ignore_trailing=True)
        return _in_full(message, dns.name.from_text(name), dns.name.from_text(zone))
    except _ERRORS:
        return None


def _in_full(message: dns.message.Message, name: dns.name.Name, zone: dns.name.Name) -> Presence | None:
    authoritative = bool(message.flags & dns.flags.AA)
    code = message.rcode()
    if message.answer and code in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return Presence.LOOK if authoritative else None
    owners = {rrset.name for rrset in message.authority if rrset.rdtype == dns.rdatatype.SOA}
    if code == dns.rcode.NXDOMAIN and authoritative:
        return Presence.ABSENT if owners == {zone} else None
    if code != dns.rcode.NOERROR:
        return None
    if any(rrset.rdtype == dns.rdatatype.NS and rrset.name == name for rrset in message.authority):
        return Presence.LOOK
    return Presence.LOOK if authoritative and owners and all(name.is_subdomain(owner) for owner in owners) else None
