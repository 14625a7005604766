"""Messages of a transfer, read for their owners: what dnspython writes is read as it is, noise is refused in one line."""

import contextlib

import dns.message
import dns.rrset
import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.errors import FeedFailed
from watcher.feeds.zone_wire import TransferReading

SOA = "ml. 60 IN SOA ns.ml. h.ml. 7 1 1 1 1"
LABEL = st.sampled_from(["army", "navy", "a" * 63, "xn--p1ai", "0", "_dmarc", "mail"])


def message(*records: str) -> bytes:
    made = dns.message.make_response(dns.message.make_query("ml.", "AXFR"))
    for record in records:
        name, ttl, _, kind, *data = record.split()
        made.answer.append(dns.rrset.from_text(name, int(ttl), "IN", kind, " ".join(data)))
    return made.to_wire(max_size=65_535)


@given(
    st.lists(st.tuples(st.lists(LABEL, min_size=1, max_size=3), st.sampled_from(["NS", "A", "TXT", "MX"])), max_size=20)
)
def test_owners_are_those_that_were_written(records):
    data = {"NS": "ns1.hosting.ml.", "A": "192.0.2.1", "TXT": '"x"', "MX": "10 mx.hosting.ml."}
    lines = [f"{'.'.join(labels)}.ml. 60 IN {kind} {data[kind]}" for labels, kind in records]
    reading = TransferReading("ml", "a server")
    found, end = reading.read(message(SOA, "ml. 60 IN NS ns.ml.", "ns.ml. 60 IN A 192.0.2.1", *lines, SOA))
    expected = {
        ".".join([*labels, "ml"]) for labels, kind in records if kind == "NS" or (kind != "TXT" and len(labels) == 1)
    }
    assert set(found) == expected
    assert (reading.over, reading.serial) == (True, 7)
    assert end > 0


@given(st.binary(max_size=200), st.integers(0, 60))
def test_noise_is_one_clear_line(noise, at):
    whole = message(SOA, "army.ml. 60 IN NS ns1.hosting.ml.", SOA)
    for wire in (noise, whole[:at] + noise + whole[at:], whole[:at]):
        with contextlib.suppress(FeedFailed):
            assert isinstance(TransferReading("ml", "a server").read(wire), tuple)


def test_pointers_that_lead_nowhere_are_refused():
    whole = bytearray(message(SOA, "army.ml. 60 IN NS ns1.hosting.ml.", SOA))
    chain = b"".join(bytes([0xC0 | at >> 8, at & 0xFF]) for at in range(12, 16_000, 2))
    for wire in (bytes(whole[:12]) + b"\xc0\x0c" * 50, bytes(whole[:12]) + chain):
        with pytest.raises(FeedFailed):
            TransferReading("ml", "a server").read(wire)


def test_a_zone_that_changed_meanwhile_is_refused():
    reading = TransferReading("ml", "a server")
    reading.read(message(SOA, "army.ml. 60 IN NS ns1.hosting.ml."))
    with pytest.raises(FeedFailed, match="changed"):
        reading.read(message(SOA.replace(" 7 ", " 8 ")))
