"""The cost of a full reading of a reply, estimated from its bytes before any of it is read.

Whoever runs a name's nameservers decides what comes back. Names of a hundred labels, pointed to from every record, make
a reply of 4 KiB cost seconds and one of 64 KiB half a minute in the library that reads it, while the service waits.
"""

import struct

_HEADER_SIZE = 12
_POINTER = 0xC0
_MOST_LABELS = 128
_A_RECORD, _AN_OWNER_LABEL = 100, 10
_NO_NAMES = frozenset({1, 16, 28, 41, 43, 44, 48, 52})  # A, TXT, AAAA, OPT, DS, SSHFP, DNSKEY, TLSA
_NAME_AT = {2: 0, 5: 0, 6: 0, 12: 0, 15: 2, 39: 0}  # NS, CNAME, SOA, PTR, MX, DNAME
_WORST = _MOST_LABELS**2

MOST = 200_000
"""About a tenth of a second. Five hundred exchanges with names of five labels and as many addresses cost 160,000."""


def too_costly(wire: bytes) -> bool:
    """Return whether a full reading of `wire` costs more than MOST. Raises IndexError or struct.error where cut."""
    questions, *others = struct.unpack_from(">HHHH", wire, 4)
    at = _HEADER_SIZE
    for _ in range(min(questions, _MOST_LABELS)):
        at = _name(wire, at)[0] + 4
    cost = 0
    for _ in range(sum(others)):
        at, labels = _name(wire, at)
        rdtype, _, _, size = struct.unpack_from(">HHIH", wire, at)
        at += 10
        cost += _A_RECORD + _AN_OWNER_LABEL * labels
        if rdtype not in _NO_NAMES:  # a name in the data is hashed label by label, each time from its end
            inside = _NAME_AT.get(rdtype)
            cost += _WORST if inside is None or not size else _name(wire, at + inside)[1] ** 2
        if cost > MOST:
            return True
        at += size
    return False


def _name(wire: bytes, at: int) -> tuple[int, int]:
    """Return the end of the name at `at`, and the number of its labels when written out (at most 128 are counted)."""
    labels, end = 0, 0
    while labels < _MOST_LABELS:
        length = wire[at]
        if length >= _POINTER:
            end = end or at + 2
            target = (length & 0x3F) << 8 | wire[at + 1]
            if target >= at:  # no reader follows it forwards
                return end, labels
            at = target
        elif length == 0:
            return end or at + 1, labels
        else:
            labels += 1
            at += 1 + length
    return end or at, labels
