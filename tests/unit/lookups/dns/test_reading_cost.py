"""Replies made to be costly are not read, and real ones always are."""

import struct
import time
from datetime import UTC, datetime

import dns.message
import dns.rrset
import pytest

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.lookups.dns import wire
from watcher.lookups.dns.reading_cost import too_costly

QUESTION = wire.encode_name("army.ml") + wire.TYPE_IN[RRType.MX]
_BASE = 12 + len(QUESTION)
_LONG = b"".join(b"\x01" + bytes([97 + number % 26]) for number in range(120)) + b"\x00"
_POINTER = struct.pack(">H", 0xC000 | _BASE)
_TTL = b"\x00\x00\x00\x3c"

HOSTILE = {
    "exchanges of 120 labels": lambda n: (
        b"\xc0\x0c\x00\x0f\x00\x01" + _TTL + b"\x00\x04" + struct.pack(">H", n % 65536) + _POINTER
    ),
    "aliases of 120 labels": lambda _: b"\xc0\x0c\x00\x05\x00\x01" + _TTL + b"\x00\x02" + _POINTER,
    "owners of 120 labels": lambda n: _POINTER + b"\x00\x01\x00\x01" + _TTL + b"\x00\x04" + struct.pack(">I", n),
    "addresses": lambda n: b"\xc0\x0c\x00\x01\x00\x01" + _TTL + b"\x00\x04" + struct.pack(">I", n),
    "records that nobody asked for": lambda n: b"\xc0\x0c\x00\x21\x00\x01" + _TTL + b"\x00\x08" + bytes(6) + _POINTER,
}


def reply_of(record, size: int) -> bytes:
    """A reply of about `size` bytes: one long name, then the same kind of record over and over."""
    body, count = _LONG + wire.TYPE_IN[RRType.MX] + _TTL + b"\x00\x03\x00\x0a\x00", 1
    while _BASE + len(body) + 20 < size:
        body += record(count)
        count += 1
    return b"\x12\x34\x81\x80\x00\x01" + struct.pack(">HHH", count, 0, 0) + QUESTION + body


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_largest_reply_of_the_worst_kind_takes_no_time(kind: str):
    reply = reply_of(HOSTILE[kind], 65535)
    started = time.process_time()
    answer = wire.parse_answer(reply, Question("army.ml", RRType.MX), "r", datetime.now(UTC))
    assert answer.outcome is Outcome.FORMERR
    assert time.process_time() - started < 0.5


def test_real_replies_are_read():
    message = dns.message.make_response(dns.message.make_query("army.ml", "MX", use_edns=0))
    exchanges = [f"{number} mx{number}.mail.protection.army.ml." for number in range(300)]
    message.answer = [dns.rrset.from_text_list("army.ml.", 60, "IN", "MX", exchanges)]
    message.additional = [
        dns.rrset.from_text(f"mx{number}.mail.protection.army.ml.", 60, "IN", kind, address)
        for number in range(300)
        for kind, address in (("A", "93.184.215.14"), ("AAAA", "2a00:1450:4001::25"))
    ]
    reply = message.to_wire(max_size=65535)
    assert not too_costly(reply)
    assert len(wire.parse_answer(reply, Question("army.ml", RRType.MX), "r", datetime.now(UTC)).records) == 300


def test_a_name_that_points_in_a_circle_ends():
    loop = b"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00" + QUESTION + struct.pack(">H", 0xC000 | _BASE)
    answer = wire.parse_answer(loop + bytes(40), Question("army.ml", RRType.MX), "r", datetime.now(UTC))
    assert answer.outcome is Outcome.FORMERR
