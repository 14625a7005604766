"""Log files: every packing and encoding, bounded memory, names that say the day, growth through rotation."""

import bz2
import gzip
import io
import lzma
import os
import tracemalloc
from datetime import UTC, datetime

import pytest
import zstandard

from watcher.feeds.log_files import BLOCK, GrowingLog, LogFile

TEXT = "".join(f"line {number} grün\n" for number in range(50_000))
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "pack",
    [
        lambda data: data,
        gzip.compress,
        lambda data: gzip.compress(data[:999]) + gzip.compress(data[999:]),
        zstandard.compress,
        lambda data: zstandard.compress(data[:999]) + zstandard.compress(data[999:]),
        bz2.compress,
        lzma.compress,
    ],
    ids=["plain", "gzip", "two gzips", "zstd", "two zstds", "bzip2", "xz"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_packings_and_encodings(pack, encoding):
    log = LogFile(io.BytesIO(pack(TEXT.encode(encoding))))
    blocks = list(log.blocks())
    assert b"".join(blocks).decode() == TEXT
    assert all(block.endswith(b"\n") for block in blocks)
    assert (log.cut, log.broken) == (0, None)


def test_a_last_line_without_an_end_is_read():
    assert b"".join(LogFile(io.BytesIO(b"a\nb")).blocks()) == b"a\nb\n"


def test_an_empty_file_has_nothing():
    assert list(LogFile(io.BytesIO(b"")).blocks()) == []


def test_a_line_that_never_ends_is_cut_and_counted():
    log = LogFile(io.BytesIO(b"before\n" + b"x" * (10 * BLOCK) + b"\nafter\n"))
    text = b"".join(log.blocks())
    assert text.startswith(b"before\n")
    assert text.endswith(b"\nafter\n")
    assert len(text) < BLOCK
    assert log.cut == 1


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress, lzma.compress])
def test_a_file_that_ends_early_gives_what_it_has_and_says_so(pack):
    packed = pack(os.urandom(3_000_000).hex().encode().replace(b"0", b"\n"))
    log = LogFile(io.BytesIO(packed[: len(packed) // 2]))
    assert sum(map(len, log.blocks())) > BLOCK
    if pack is not zstandard.compress:  # zstd cannot tell a cut from an end between blocks
        assert "ends early" in log.broken


def test_memory_does_not_grow_with_the_file():
    class Endless(io.RawIOBase):
        left = 200 * BLOCK

        def readable(self):
            return True

        def readinto(self, buffer):
            size = min(len(buffer), self.left)
            buffer[:size] = (b"0123456\n" * (size // 8 + 1))[:size]
            self.left -= size
            return size

    tracemalloc.start()
    try:
        total = sum(map(len, LogFile(io.BufferedReader(Endless())).blocks()))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 200 * BLOCK
    assert peak < 30 * BLOCK


def test_when_a_log_was_written_last():
    packed = gzip.compress(b"x\n", mtime=int(datetime(2024, 3, 1, tzinfo=UTC).timestamp()))
    old = datetime(2025, 1, 2, tzinfo=UTC)
    assert (
        LogFile(io.BytesIO(b""), name="/var/log/mail.log-20231224.gz").reference(NOW).date().isoformat() == "2023-12-24"
    )
    assert (
        LogFile(io.BytesIO(packed), name="mail.log.2.gz", mtime=old.timestamp()).reference(NOW).date().isoformat()
        == "2024-03-01"
    )
    assert LogFile(io.BytesIO(b"x"), name="mail.log", mtime=old.timestamp()).reference(NOW) == old
    assert LogFile(io.BytesIO(b"x")).reference(NOW) == NOW


def test_growth_rotation_and_truncation(tmp_path):
    path = tmp_path / "mail.log"
    log = GrowingLog(path)

    def fresh():
        return b"".join(log.fresh())

    assert fresh() == b""
    path.write_bytes(b"one\ntw")
    assert fresh() == b"one\n"
    with path.open("ab") as out:
        out.write(b"o\nthree\n")
    assert fresh() == b"two\nthree\n"
    with path.open("ab") as out:  # written just before the rotation
        out.write(b"four\n")
    path.rename(tmp_path / "mail.log.1")
    with (tmp_path / "mail.log.1").open("ab") as out:  # a daemon that has not reopened yet
        out.write(b"five\n")
    assert fresh() == b"four\nfive\n"
    path.write_bytes(b"six\n")
    assert fresh() == b"six\n"
    path.write_bytes(b"")  # copytruncate
    path.write_bytes(b"7\n")
    assert fresh() == b"7\n"
    path.write_bytes(b"longer than before, and other\n")
    assert fresh() == b"longer than before, and other\n"
    log.close()
