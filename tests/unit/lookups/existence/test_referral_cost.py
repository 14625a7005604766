"""What a suffix's own nameserver sends costs no more to read than what a resolver sends."""

import time

import pytest

from tests.unit.lookups.dns.test_reading_cost import HOSTILE, QUESTION, reply_of
from watcher.lookups.existence.referral import read_referral


@pytest.mark.parametrize("section", ["answer", "authority"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_the_largest_reply_of_the_worst_kind_takes_no_time(kind: str, section: str):
    reply = bytearray(reply_of(HOSTILE[kind], 65535))
    if section == "authority":
        reply[6:10] = b"\x00\x00" + reply[6:8]
    started = time.process_time()
    assert read_referral(bytes(reply), len(QUESTION), "army.ml", "ml") is None
    assert time.process_time() - started < 0.5
