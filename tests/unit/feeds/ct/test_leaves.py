"""Names of certificates: every one is found, what is malformed is survived, what is too much is cut and counted."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.certificate_log import certificate
from watcher.core.errors import FeedFailed
from watcher.feeds.ct.leaves import MOST_NAMES, Found, dns_names, read_data_tile, read_entries, read_names_tile
from watcher.feeds.ct.merkle import HASH_BYTES


def found_in(*ders: bytes) -> Found:
    found = Found()
    for der in ders:
        found.add(dns_names(der))
    return found


@pytest.mark.parametrize("critical", [False, True])
def test_names_are_found_cleaned_and_counted(critical):
    names = (
        "Army.ML",
        "*.navy.ml",
        "mail.army.ml.",
        "bücher.example",
        b"nul\0.ml",
        b"two words.ml",
        "a" * 260 + ".ml",
        "localhost",
    )
    found = found_in(certificate(*names, critical=critical))
    assert found.names == ["army.ml", "navy.ml", "mail.army.ml", "xn--bcher-kva.example"]
    assert (found.dropped, found.nameless) == (4, 0)


def test_ten_thousand_names_are_cut_and_told():
    found = found_in(certificate(*(f"name{number}.ml" for number in range(10_000))), certificate("army.ml"))
    assert (len(found.names), found.dropped) == (MOST_NAMES + 1, 1)
    assert found.names[-1] == "army.ml"


def test_a_certificate_without_the_extension_gives_the_name_of_its_subject():
    subject = b"\x30\x20\x06\x03\x55\x04\x03\x0c\x07army.ml\x06\x03\x55\x04\x03\x0c\x05Corp."
    assert found_in(subject).names == ["army.ml"]


@given(st.binary(max_size=400), st.integers(0, 60))
def test_what_is_malformed_is_survived(noise, at):
    whole = certificate("army.ml", "navy.ml")
    found_in(noise, b"\x06\x03\x55\x1d\x11" + noise, whole[:at] + noise + whole[at:], whole[: -at or None])


@given(st.binary(max_size=300))
def test_a_tile_of_noise_is_refused_or_read(noise):
    for read in (lambda: read_data_tile(noise, 3), lambda: read_entries(noise, 3), lambda: read_names_tile(noise, 3)):
        with contextlib.suppress(FeedFailed):
            assert read() is not None


def test_lengths_beyond_the_tile_are_refused():
    with pytest.raises(FeedFailed, match="length"):
        read_data_tile(b"\0" * 8 + b"\0\0" + b"\xff\xff\xff" + b"x" * 100, 1)


@pytest.mark.corpus
def test_a_real_tile_names_what_its_names_tile_says_and_hashes_as_signed(corpus: Path):
    folder = corpus / "ct" / "navigli2025h2" / "tile"
    found, hashes = read_data_tile((folder / "data" / "000").read_bytes(), 256)
    assert b"".join(hashes) == (folder / "0" / "000").read_bytes()
    assert len(hashes) * HASH_BYTES == 8192
    listed = read_names_tile((folder / "names" / "000").read_bytes(), 256)
    assert sorted(found.names) == sorted(listed.names)
    assert (found.entries, found.nameless, found.dropped) == (256, 0, 0)
