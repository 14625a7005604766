"""Hostile bytes: nothing a server sends raises past the codec, and nothing unsettled carries records."""

from datetime import UTC, datetime

import dns.message
import dns.rrset
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.lookups.dns import wire

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_QUESTION = wire.encode_name("army.ml") + wire.TYPE_IN[RRType.MX]
_HEADER = b"\x12\x34\x81\x80\x00\x01"


def _good_reply() -> bytes:
    message = dns.message.make_response(dns.message.make_query("army.ml", "MX", use_edns=0))
    message.answer = [
        dns.rrset.from_text("army.ml.", 60, "IN", "CNAME", "a.ml."),
        dns.rrset.from_text("a.ml.", 60, "IN", "MX", "10 mx.a.ml."),
    ]
    message.authority = [dns.rrset.from_text("ml.", 60, "IN", "SOA", "ns. host. 1 2 3 4 5")]
    return message.to_wire()


_GOOD = _good_reply()
_FLIPS = st.lists(st.tuples(st.integers(0, len(_GOOD) - 1), st.integers(0, 255)), max_size=12)


def _check(data: bytes) -> None:
    wire.match(data, _QUESTION)
    if len(data) >= wire.HEADER_SIZE:
        wire.clean_nxdomain(data, len(_QUESTION))
    for rrtype in (RRType.MX, RRType.A, RRType.TXT, RRType.SOA):
        answer = wire.parse_answer(data, Question("army.ml", rrtype), "r", _AT)
        assert answer.outcome is not Outcome.TIMEOUT
        assert bool(answer.records) is (answer.outcome is Outcome.ANSWER)
        assert (answer.ttl is None) is not answer.settled
        assert len(answer.chain) <= wire.MAX_CHAIN + 1


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes(data):
    _check(data)


@settings(max_examples=400, deadline=None)
@given(st.binary(min_size=6, max_size=6), st.binary(max_size=200))
def test_any_bytes_behind_a_fitting_question(counts, rest):
    _check(_HEADER + counts + _QUESTION + rest)


@settings(max_examples=600, deadline=None)
@given(_FLIPS, st.integers(0, len(_GOOD)))
def test_a_good_reply_with_bytes_changed_and_the_end_cut_off(flips, cut):
    data = bytearray(_GOOD)
    for at, value in flips:
        data[at] = value
    _check(bytes(data[: len(data) - cut]))


@given(st.text(max_size=300))
def test_any_text_is_encoded_within_the_limits_or_refused(text):
    encoded = wire.encode_name(text)
    assert encoded is None or (0 < len(encoded) <= 255 and encoded[-1] == 0)


@given(st.binary(max_size=253), st.binary(min_size=256, max_size=256))
def test_case_changes_only_letters(qname, random):
    changed = wire.randomise_case(qname, random)
    assert changed.lower() == qname.lower()
    assert all(a == b for a, b in zip(changed, qname, strict=True) if not bytes([b]).isalpha())
