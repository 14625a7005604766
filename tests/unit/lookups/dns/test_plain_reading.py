"""Decoys that make a reply costly to read do not hide the exchange or the address that is live."""

import ipaddress
import struct
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.mail.exchanges import parse_mx
from watcher.lookups.dns import wire
from watcher.lookups.dns.plain_reading import read_plainly
from watcher.lookups.dns.reading_cost import too_costly

MX = Question("army.ml", RRType.MX)
AT = datetime(2026, 11, 23, tzinfo=UTC)


QUESTION = wire.encode_name("army.ml")
TTL = b"\x00\x00\x00\x3c"


def message(kind: RRType, data: list[bytes]) -> bytes:
    """A reply of one set; dnspython would take a minute to make some of these."""
    head = b"\x12\x34\x81\x80\x00\x01" + struct.pack(">HHH", len(data), 0, 0) + QUESTION + wire.TYPE_IN[kind]
    rows = (b"\xc0\x0c" + wire.TYPE_IN[kind] + TTL + struct.pack(">H", len(one)) + one for one in data)
    return head + b"".join(rows)


def mx(rows: list[str]) -> bytes:
    """The reply with these exchanges, each as `10 mx.army.ml.` is written."""
    pairs = (row.split(" ") for row in rows)
    return message(
        RRType.MX, [struct.pack(">H", int(number)) + (wire.encode_name(host) or b"\x00") for number, host in pairs]
    )


def decoys(count: int) -> list[str]:
    """Exchanges with names of 120 labels."""
    return [f"20 {'.'.join([*'a' * 118, f'x{number:03d}'])}.ml." for number in range(count)]


@pytest.mark.parametrize("count", [14, 60, 200])
def test_decoys_do_not_hide_a_live_exchange(count: int) -> None:
    sent = mx([*decoys(count), "10 mx.army.ml."])
    assert too_costly(sent)
    answer = wire.parse_answer(sent, MX, "r", AT)
    assert (answer.outcome, answer.ttl, answer.records[0]) == (Outcome.ANSWER, 60, "10 mx.army.ml")
    assert len(parse_mx(answer.records).hosts) == count + 1


def test_an_alias_before_the_decoys_hides_nothing_either() -> None:
    target = wire.encode_name("big.evil.net") or b""
    alias = b"\xc0\x0c\x00\x05\x00\x01" + TTL + struct.pack(">H", len(target)) + target
    owner = struct.pack(">H", 0xC000 | (12 + len(QUESTION) + 4 + 12))
    sent = bytearray(mx([*decoys(20), "10 mx.army.ml."]).replace(b"\xc0\x0c\x00\x0f", owner + b"\x00\x0f"))
    at = 12 + len(QUESTION) + 4
    sent[at:at] = alias
    sent[7] += 1
    answer = wire.parse_answer(bytes(sent), MX, "r", AT)
    assert (answer.outcome, answer.chain, answer.records[0]) == (Outcome.ANSWER, ("big.evil.net",), "10 mx.army.ml")
    stray = bytes(sent).replace(alias, alias[: -len(target)] + target.replace(b"big", b"pig"))
    assert (
        wire.parse_answer(stray.replace(owner + b"\x00\x0f", b"\xc0\x0c\x00\x0f"), MX, "r", AT).outcome
        is Outcome.FORMERR
    )


def test_of_very_many_exchanges_none_is_left_out() -> None:
    answer = wire.parse_answer(mx([f"{n} mx{n}.army.ml." for n in range(2500)]), MX, "r", AT)
    assert [record.partition(" ")[0] for record in answer.records] == [str(n) for n in range(2500)]


def test_more_text_than_anybody_would_read_is_unreadable_and_so_unknown() -> None:
    assert wire.parse_answer(mx([*decoys(230), "10 mx.army.ml."]), MX, "r", AT).outcome is Outcome.ANSWER
    assert wire.parse_answer(under_one_long_name(500), MX, "r", AT).outcome is Outcome.FORMERR


@pytest.mark.parametrize(("kind", "prefix"), [("A", "10.{}.{}.1"), ("AAAA", "fd00::{}:{}")])
def test_a_crowd_of_addresses_does_not_hide_the_global_one(kind: str, prefix: str) -> None:
    crowd = [prefix.format(number // 200, number % 200) for number in range(2200)]
    live = {"A": "93.184.215.14", "AAAA": "2a00:1450:4001::25"}[kind]
    sent = message(RRType(kind), [ipaddress.ip_address(one).packed for one in [*crowd, live]])
    assert too_costly(sent)
    answer = wire.parse_answer(sent, Question("army.ml", RRType(kind)), "r", AT)
    assert answer.outcome is Outcome.ANSWER
    assert live in answer.records


def under_one_long_name(count: int, *, own_label: bool = True) -> bytes:
    """So many exchanges that point into one name of 120 labels, each with a label of its own before it or not."""
    name = b"".join(b"\x01" + bytes([97 + number % 26]) for number in range(120)) + b"\x00"
    start = 12 + len(QUESTION) + 4 + 12 + 2
    rows = [struct.pack(">H", 1) + name]
    for number in range(count):
        label = f"\x04{number:04d}".encode() if own_label else b""
        rows.append(struct.pack(">H", number) + label + struct.pack(">H", 0xC000 | (start + number % 60 * 2)))
    return message(RRType.MX, rows)


COSTLY = mx([*decoys(14), "10 mx.army.ml."])
LABEL = st.text(alphabet="abz09-_", min_size=1, max_size=9)
HOSTS = st.lists(st.lists(LABEL, min_size=1, max_size=6).map(lambda labels: ".".join(labels) + "."), min_size=1)


@given(hosts=HOSTS, preferences=st.lists(st.integers(0, 65535), min_size=1))
@settings(max_examples=100, deadline=None)
def test_it_reads_what_the_full_reading_reads(hosts: list[str], preferences: list[int]) -> None:
    rows = [f"{preferences[number % len(preferences)]} {host}" for number, host in enumerate(hosts)]
    sent = mx([*rows, "7 odd\\.l\\010abel.ml.", "0 ."])
    plain = read_plainly(sent, MX)
    assert parse_mx(plain.records) == parse_mx(wire.parse_answer(sent, MX, "r", AT).records)


@given(cut=st.integers(0, 3000), at=st.integers(2, 3000), value=st.integers(0, 255))
@settings(max_examples=200, deadline=None)
def test_no_byte_breaks_it(cut: int, at: int, value: int) -> None:
    sent = bytearray(COSTLY)
    sent[at] = value
    answer = wire.parse_answer(bytes(sent[: len(sent) - cut]), MX, "r", AT)
    assert answer.outcome in Outcome


def test_the_worst_of_all_takes_no_time() -> None:
    """As many exchanges as fit, every one of them a pointer into a name of 120 labels."""
    sent = under_one_long_name(4070, own_label=False)
    assert len(sent) < 65536
    started = time.process_time()
    answer = wire.parse_answer(sent, MX, "r", AT)
    assert time.process_time() - started < 1.0
    assert answer.outcome is Outcome.ANSWER
