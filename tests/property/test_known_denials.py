"""A reply that is taken for a known denial would have been read as one by hand; and hosts have no such replies."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from watcher.data import load_suffixes
from watcher.lookups.dns.wire import HEADER_SIZE, clean_nxdomain, encode_name
from watcher.lookups.existence.tails import MX, Tail, Tails, denial

_LABEL = st.from_regex(r"[a-z]{1,5}", fullmatch=True)
_RECORD = b"\x00\x06\x00\x01\x00\x00\x01\x2c\x00\x16\x00\x00" + bytes(20)
_OPT = b"\x00\x00\x29\x04\xd0\x00\x00\x00\x00\x00\x00"
_HEAD = b"ab\x81\x83\x00\x01\x00\x00\x00\x01\x00\x01"


@settings(max_examples=500, deadline=None)
@given(_LABEL, _LABEL, st.lists(_LABEL, min_size=1, max_size=3), st.data())
def test_what_is_known_is_clean(first, other, rest, data):
    tail = Tail(encode_name(".".join(rest)) + MX, registrable=True)
    question = encode_name(".".join((first, *rest))) + MX
    above = data.draw(st.integers(1, len(rest)))  # so many labels before the SOA's owner
    owner = sum(len(label) + 1 for label in (first, *rest)[:above])
    reply = _HEAD + question + (0xC000 | (HEADER_SIZE + owner)).to_bytes(2, "big") + _RECORD + _OPT
    end = HEADER_SIZE + len(question)
    assert clean_nxdomain(reply, len(question)) == owner
    tail.learn(reply, end)

    asked = encode_name(".".join((other, *rest))) + MX
    changed = bytearray(_HEAD + asked + reply[end:])
    for _ in range(data.draw(st.integers(0, 2))):
        at = data.draw(st.integers(0, len(changed) - 1))
        if not HEADER_SIZE <= at < HEADER_SIZE + len(asked):
            changed[at] = data.draw(st.integers(0, 255))
    known = tail.denials.get(denial(bytes(changed), HEADER_SIZE + len(asked))) == HEADER_SIZE + len(asked)
    if known:
        assert clean_nxdomain(bytes(changed), len(asked)) == owner
        assert len(first) == len(other)


@pytest.fixture(scope="module")
def suffixes():
    return load_suffixes()


_PARTS = ["ck", "www", "kobe", "city", "jp", "co", "uk", "gov", "ml", "com", "blogspot", "s3", "amazonaws", "k12", "ca"]
_PARTS += ["us", "compute", "army", "er", "bd", "kawasaki", "nom", "br", "github", "io"]


@settings(max_examples=600, deadline=None)
@given(st.lists(st.sampled_from(_PARTS), min_size=2, max_size=5))
def test_no_host_is_taken_for_a_registrable_domain(suffixes, labels):
    name, rest = ".".join(labels), ".".join(labels[1:])
    if Tails(suffixes.registrable_domain).add(rest).registrable:
        assert suffixes.registrable_domain(name) in {None, name}
    else:
        assert suffixes.registrable_domain(name) != name or suffixes.is_suffix(name)
