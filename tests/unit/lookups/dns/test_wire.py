"""DNS messages: what we send, what we believe, and what an answer says."""

import random
from datetime import UTC, datetime

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset
import pytest

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.lookups.dns import wire
from watcher.lookups.dns.wire import Match

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _reply(
    name="army.ml", rrtype="MX", *, rcode=dns.rcode.NOERROR, answer=(), authority=(), codes=(), flags=dns.flags.QR
):
    message = dns.message.make_query(name, rrtype, use_edns=0, options=[dns.edns.EDEOption(code) for code in codes])
    message.flags |= flags
    message.set_rcode(rcode)
    message.answer = [dns.rrset.from_text(*rrset) for rrset in answer]
    message.authority = [dns.rrset.from_text(*rrset) for rrset in authority]
    return message.to_wire()


def _read(name="army.ml", rrtype=RRType.MX, **parts) -> Answer:
    question = Question(name, rrtype)
    return wire.parse_answer(_reply(name, rrtype.value, **parts), question, "9.9.9.9", _AT)


_SOA_ML = ("ml.", 3600, "IN", "SOA", "ns. host. 1 2 3 4 300")


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("army.ml", b"\x04army\x02ml\x00"),
        ("Army.ML.", b"\x04army\x02ml\x00"),
        (".", b"\x00"),
        ("_dmarc.army.ml", b"\x06_dmarc\x04army\x02ml\x00"),
        ("a\\032b.ml", b"\x03a b\x02ml\x00"),
        ("a..ml", None),
        (".ml", None),
        ("a" * 64 + ".ml", None),
        (".".join(["a" * 60] * 5), None),
        ("ä.ml", None),
    ],
)
def test_names_are_encoded_or_refused(name, encoded):
    assert wire.encode_name(name) == encoded


def test_case_is_random_and_changes_nothing_else():
    qname = wire.encode_name("abcdefghij-0123.ml")
    chance = random.Random(1)
    seen = {wire.randomise_case(qname, chance.randbytes(64)) for _ in range(200)}
    assert len(seen) > 190
    assert {each.lower() for each in seen} == {qname}


def test_a_query_is_what_dnspython_reads_it_as():
    qname = wire.encode_name("army.ml")
    for (edns, disabled), header in wire.HEADER.items():
        data = b"\x12\x34" + header + qname + wire.TYPE_IN[RRType.MX] + (wire.EDNS if edns else b"")
        message = dns.message.from_wire(data)
        assert message.id == 0x1234
        assert message.flags & dns.flags.RD
        assert bool(message.flags & dns.flags.CD) is disabled
        assert message.edns == (0 if edns else -1)
        assert not message.ednsflags & dns.flags.DO
        assert str(message.question[0]) == "army.ml. IN MX"


@pytest.mark.parametrize("rrtype", list(RRType))
def test_every_type_can_be_asked(rrtype):
    data = bytes(2) + wire.HEADER[False, False] + b"\x02ml\x00" + wire.TYPE_IN[rrtype]
    assert dns.message.from_wire(data).question[0].rdtype.name == rrtype.value


def test_a_reply_matches_by_question_and_case():
    question = wire.encode_name("army.ml") + wire.TYPE_IN[RRType.MX]
    reply = _reply()
    assert wire.match(reply, question) is Match.YES
    assert wire.match(reply, question.replace(b"army", b"ArMy")) is Match.CASE
    assert wire.match(reply, question.replace(b"army", b"navy")) is Match.NO
    assert wire.match(reply, question[:-4] + wire.TYPE_IN[RRType.A]) is Match.NO
    assert wire.match(reply[:11], question) is Match.NO
    assert wire.match(_reply(flags=0), question) is Match.NO, "a query is no reply"
    assert wire.match(_reply(flags=dns.flags.QR | 0x2800), question) is Match.NO, "an update is no query"


def test_a_bare_complaint_about_edns_is_believed_and_nothing_else_without_a_question():
    question = wire.encode_name("army.ml") + wire.TYPE_IN[RRType.MX]
    assert wire.match(b"\0\0\x81\x81" + bytes(8), question) is Match.YES
    assert wire.match(b"\0\0\x81\x83" + bytes(8), question) is Match.NO


@pytest.mark.parametrize(
    ("name", "owner", "offset"),
    [("army.ml", "ml.", 5), ("army.ml", "army.ml.", 0), ("army.ml", ".", 8), ("a.mod.gov.uk", "gov.uk.", 6)],
)
def test_a_clean_nxdomain_tells_whose_soa_it_has(name, owner, offset):
    reply = _reply(
        name, rcode=dns.rcode.NXDOMAIN, authority=[(owner, 300, "IN", "SOA", "ns.example. h.example. 1 2 3 4 5")]
    )
    assert wire.clean_nxdomain(reply, len(wire.encode_name(name)) + 4) == offset


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"authority": [("com.", 300, "IN", "SOA", "ns. h. 1 2 3 4 5")]},
        {"authority": [_SOA_ML], "codes": [15]},
        {"authority": [_SOA_ML], "answer": [("army.ml.", 5, "IN", "CNAME", "gone.ml.")]},
        {"authority": [_SOA_ML, ("ml.", 5, "IN", "NS", "ns.ml.")]},
        {"authority": [("ml.", 5, "IN", "NS", "ns.ml.")]},
    ],
)
def test_any_other_nxdomain_is_left_to_full_reading(parts):
    assert wire.clean_nxdomain(_reply(rcode=dns.rcode.NXDOMAIN, **parts), 13) is None


def test_a_pointer_into_the_middle_of_a_label_is_not_taken_for_an_owner():
    reply = bytearray(_reply(rcode=dns.rcode.NXDOMAIN, authority=[_SOA_ML]))
    at = 12 + 13
    assert reply[at : at + 2] == b"\xc0\x11"
    reply[at + 1] = 0x0E
    assert wire.clean_nxdomain(bytes(reply), 13) is None


def test_exchanges_are_read_in_presentation_form():
    answer = _read(answer=[("ARMY.ml.", 700, "IN", "MX", "10 MX.army.ml.", "20 mx2.army.ml.")])
    assert sorted(answer.records) == ["10 mx.army.ml", "20 mx2.army.ml"]
    assert (answer.outcome, answer.ttl) == (Outcome.ANSWER, 700)


def test_a_null_mx_is_zero_dot():
    assert _read(answer=[("army.ml.", 5, "IN", "MX", "0 .")]).records == ("0 .",)


def test_addresses_are_canonical():
    answer = _read(rrtype=RRType.AAAA, answer=[("army.ml.", 5, "IN", "AAAA", "2001:DB8:0:0:0:0:0:1")])
    assert answer.records == ("2001:db8::1",)


def test_a_chain_is_followed_to_its_end_and_the_smallest_ttl_counts():
    answer = _read(
        "www.army.ml",
        RRType.A,
        answer=[
            ("b.army.ml.", 30, "IN", "A", "5.5.5.5"),
            ("www.army.ml.", 600, "IN", "CNAME", "A.army.ml."),
            ("a.army.ml.", 20, "IN", "CNAME", "b.army.ml."),
        ],
    )
    assert (answer.chain, answer.records, answer.ttl) == (("a.army.ml", "b.army.ml"), ("5.5.5.5",), 20)


def test_records_beside_the_chain_are_not_believed():
    answer = _read(answer=[("evil.ml.", 5, "IN", "MX", "1 mx.evil.ml.")], authority=[_SOA_ML])
    assert (answer.outcome, answer.records) == (Outcome.NODATA, ())


def test_a_dname_without_its_cname_is_followed_too():
    answer = _read(
        "m.d.army.ml",
        RRType.A,
        answer=[("d.army.ml.", 60, "IN", "DNAME", "x.ml."), ("m.x.ml.", 60, "IN", "A", "5.5.5.5")],
    )
    assert (answer.chain, answer.records) == (("m.x.ml",), ("5.5.5.5",))


def test_a_loop_is_a_failure_that_shows_its_links():
    answer = _read(answer=[("army.ml.", 5, "IN", "CNAME", "a.ml."), ("a.ml.", 5, "IN", "CNAME", "army.ml.")])
    assert (answer.outcome, answer.chain) == (Outcome.SERVFAIL, ("a.ml", "army.ml"))


def test_an_alias_asked_for_is_itself_the_answer():
    answer = _read(rrtype=RRType.CNAME, answer=[("army.ml.", 5, "IN", "CNAME", "a.ml.")])
    assert (answer.records, answer.chain) == (("a.ml",), ())


@pytest.mark.parametrize(("ttl", "minimum", "expected"), [(3600, 300, 300), (60, 300, 60)])
def test_the_negative_ttl_is_the_smaller_of_two(ttl, minimum, expected):
    answer = _read(rcode=dns.rcode.NXDOMAIN, authority=[("ml.", ttl, "IN", "SOA", f"ns. host. 1 2 3 4 {minimum}")])
    assert (answer.outcome, answer.soa, answer.ttl) == (Outcome.NXDOMAIN, "ml", expected)


def test_nodata_with_and_without_soa():
    assert _read(authority=[("army.ml.", 60, "IN", "SOA", "ns. host. 1 2 3 4 5")]).soa == "army.ml"
    bare = _read()
    assert (bare.outcome, bare.soa) == (Outcome.NODATA, None)


def test_a_dangling_alias_is_nxdomain_with_its_chain():
    answer = _read(rcode=dns.rcode.NXDOMAIN, answer=[("army.ml.", 5, "IN", "CNAME", "gone.ml.")], authority=[_SOA_ML])
    assert (answer.outcome, answer.chain, answer.soa) == (Outcome.NXDOMAIN, ("gone.ml",), "ml")


@pytest.mark.parametrize(
    "parts",
    [
        {"rcode": dns.rcode.NXDOMAIN, "authority": [_SOA_ML], "codes": [15]},
        {"rcode": dns.rcode.NOERROR, "answer": [("army.ml.", 5, "IN", "MX", "1 sink.ml.")], "codes": [17]},
        {"rcode": dns.rcode.SERVFAIL, "codes": [16]},
        {"rcode": dns.rcode.NXDOMAIN},
        {"rcode": dns.rcode.NXDOMAIN, "authority": [("rpz.example.", 5, "IN", "SOA", "ns. host. 1 2 3 4 5")]},
    ],
)
def test_what_a_filter_says_is_no_answer(parts):
    answer = _read(**parts)
    assert (answer.outcome, answer.records, answer.settled) == (Outcome.FILTERED, (), False)


@pytest.mark.parametrize(
    ("rcode", "codes", "outcome"),
    [
        (dns.rcode.SERVFAIL, [], Outcome.SERVFAIL),
        (dns.rcode.SERVFAIL, [22], Outcome.SERVFAIL),
        (dns.rcode.SERVFAIL, [6], Outcome.BOGUS),
        (dns.rcode.REFUSED, [], Outcome.REFUSED),
        (dns.rcode.REFUSED, [18], Outcome.REFUSED),
        (dns.rcode.NOTIMP, [], Outcome.NOTIMP),
        (dns.rcode.FORMERR, [], Outcome.FORMERR),
        (dns.rcode.BADVERS, [], Outcome.FORMERR),
        (dns.rcode.NOTAUTH, [], Outcome.SERVFAIL),
    ],
)
def test_failures_keep_their_kind_and_extended_errors(rcode, codes, outcome):
    answer = _read(rcode=rcode, codes=codes)
    assert (answer.outcome, answer.extended_errors, answer.ttl) == (outcome, tuple(codes), None)


def test_a_cut_answer_is_never_a_part():
    answer = _read(flags=dns.flags.QR | dns.flags.TC, answer=[("army.ml.", 5, "IN", "MX", "10 mx.army.ml.")])
    assert (answer.outcome, answer.records) == (Outcome.TRUNCATED, ())


def test_a_ttl_beyond_the_sign_bit_is_zero():
    data = bytearray(_reply(answer=[("army.ml.", 5, "IN", "MX", "10 mx.army.ml.")]))
    at = bytes(data).index(b"\x00\x0f\x00\x01\x00\x00\x00\x05")
    data[at + 4 : at + 8] = b"\xff\xff\xff\xff"
    assert wire.parse_answer(bytes(data), Question("army.ml", RRType.MX), "r", _AT).ttl == 0


def test_rubbish_behind_the_question_is_formerr():
    data = _reply(answer=[("army.ml.", 5, "IN", "MX", "10 mx.army.ml.")])
    assert wire.parse_answer(data[:-20], Question("army.ml", RRType.MX), "r", _AT).outcome is Outcome.FORMERR
