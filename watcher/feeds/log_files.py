"""Log files as blocks of whole lines: packed or not, UTF-16 or UTF-8, standing still or growing and rotated.

Memory is bounded whatever the file is: blocks have about `BLOCK` bytes, a longer line is cut, and what unpacks to far
more than a log can is left.
"""

import bz2
import codecs
import contextlib
import gzip
import io
import lzma
import os
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, cast

import zstandard

BLOCK = 1_048_576
_CUT_TO = 65_536
_HEAD = 256
_BOMB_SIZE = 1 << 30
_BOMB_RATIO = 2_000
_ZSTD_WINDOW = 1 << 27
_DATED = re.compile(r"(?<!\d)(20\d\d)-?([01]\d)-?([0-3]\d)(?!\d)")
_BROKEN = (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error, zstandard.ZstdError)


class LogFile:
    """A log that is read once. `cut` counts lines that were too long; `broken` says why reading ended early."""

    def __init__(self, raw: BinaryIO, *, name: str = "", mtime: float | None = None) -> None:
        self.cut = 0
        self.broken: str | None = None
        self._raw = _Counting(raw)
        self._name = name
        self._mtime = mtime

    def reference(self, now: datetime) -> datetime:
        """When the log was written last, as far as anything tells: its name, gzip's header, the file's time, or now."""
        for found in _DATED.finditer(Path(self._name).name):
            with contextlib.suppress(ValueError):
                return datetime(int(found[1]), int(found[2]), int(found[3]), 23, 59, tzinfo=UTC)
        head = self._raw.peek(8)
        packed = struct.unpack("<I", head[4:8])[0] if head[:2] == b"\x1f\x8b" and len(head) == 8 else 0  # noqa: PLR2004 (RFC 1952)
        if packed:
            return datetime.fromtimestamp(packed, UTC)
        return now if self._mtime is None else min(datetime.fromtimestamp(self._mtime, UTC), now + timedelta(days=1))

    def blocks(self) -> Iterator[bytes]:
        """Yield blocks of whole lines; each ends with a line break."""
        text = _as_utf8(_unpacked(self._raw))
        lines = Lines()
        made = 0
        try:
            while data := text.read1(BLOCK):
                made += len(data)
                if made > _BOMB_SIZE and made > _BOMB_RATIO * self._raw.count:
                    self.broken = "it unpacks to more than any log; the rest was left"
                    break
                yield from lines.whole(data)
        except _BROKEN as error:
            self.broken = f"it ends early: {error}"
        yield from lines.rest()
        self.cut = lines.cut


class Lines:
    """Cuts what is read into whole lines."""

    def __init__(self) -> None:
        self.cut = 0
        self._rest = b""
        self._skipping = False

    def whole(self, data: bytes) -> Iterator[bytes]:
        """Yield what is complete with `data`; the last line waits for its end."""
        if self._skipping:
            _, found, data = data.partition(b"\n")
            if not found:
                return
            self._skipping = False
        end = data.rfind(b"\n") + 1
        if end:
            yield self._rest + data[:end]
            self._rest = data[end:]
        else:
            self._rest += data
        if len(self._rest) > BLOCK:
            yield self._rest[:_CUT_TO] + b"\n"
            self._rest, self._skipping = b"", True
            self.cut += 1

    def rest(self) -> Iterator[bytes]:
        """Yield the last line, which has no end."""
        rest, self._rest = self._rest, b""
        if rest:
            yield rest + b"\n"


class GrowingLog:
    """A log that is still written: `fresh` gives what came since the last call, through rotation and truncation.

    A rotated file is read to its end before the new one is begun. A file that shrank, or begins otherwise than it did,
    was truncated and is read from its beginning.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: BinaryIO | None = None
        self._head = b""
        self._lines = Lines()

    @property
    def cut(self) -> int:
        """Lines that were too long."""
        return self._lines.cut

    def fresh(self) -> Iterator[bytes]:
        """Yield blocks of whole lines. A file that is not there has nothing."""
        while True:
            if self._file is None and not self._open():
                return
            yield from self._read()
            if not self._replaced():
                return
            yield from self._read()  # what was written between the last read and the rotation
            yield from self._lines.rest()
            self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _open(self) -> bool:
        try:
            self._file = self._path.open("rb", buffering=0)
        except FileNotFoundError:
            return False
        self._head = b""
        return True

    def _read(self) -> Iterator[bytes]:
        file = self._file
        assert file is not None  # noqa: S101 (it was just opened)
        at = file.tell()
        head = os.pread(file.fileno(), _HEAD, 0)
        if os.fstat(file.fileno()).st_size < at or not head.startswith(self._head):
            file.seek(0)
            self._lines = Lines()
        self._head = head
        while data := file.read(BLOCK):
            yield from self._lines.whole(data)

    def _replaced(self) -> bool:
        file = self._file
        assert file is not None  # noqa: S101 (it was just read)
        ours = os.fstat(file.fileno())
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False  # moved away, and the new one is not there yet
        return (there.st_dev, there.st_ino) != (ours.st_dev, ours.st_ino)


class _Counting(io.RawIOBase):
    """Counts what was read, and can show its beginning beforehand."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self._read: Callable[[int], bytes] = getattr(raw, "read1", raw.read)  # what is there, without waiting for more
        self._ahead = b""
        self.count = 0

    def peek(self, size: int) -> bytes:
        """The next bytes, which will be read again."""
        while len(self._ahead) < size and (data := self._raw.read(size - len(self._ahead))):
            self._ahead += data
        return self._ahead[:size]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast("bytearray", buffer))
        data = self._ahead[: len(view)] or self._read(len(view)) or b""
        self._ahead = self._ahead[len(data) :] if self._ahead else b""
        view[: len(data)] = data
        self.count += len(data)
        return len(data)


def _unpacked(raw: _Counting) -> BinaryIO:
    head = raw.peek(6)
    if head[:2] == b"\x1f\x8b":
        return cast("BinaryIO", _gzip()(fileobj=io.BufferedReader(raw, BLOCK), mode="rb"))
    if head[:4] == b"\x28\xb5\x2f\xfd":
        unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW)
        return cast("BinaryIO", unpacker.stream_reader(cast("BinaryIO", raw), read_across_frames=True))
    if head[:3] == b"BZh":
        return cast("BinaryIO", bz2.BZ2File(io.BufferedReader(raw, BLOCK)))
    if head == b"\xfd7zXZ\x00":
        return cast("BinaryIO", lzma.LZMAFile(io.BufferedReader(raw, BLOCK)))
    return cast("BinaryIO", io.BufferedReader(raw, BLOCK))


def has_isal() -> bool:
    """Return whether isal is installed: then it reads what gzip packed."""
    return _gzip() is not gzip.GzipFile


def _gzip() -> type[gzip.GzipFile]:
    """The reader of gzip: isal's where it is installed, which is more than twice as fast."""
    try:
        from isal import igzip  # noqa: PLC0415 (optional)
    except ImportError:
        return gzip.GzipFile
    return cast("type[gzip.GzipFile]", igzip.IGzipFile)


def _as_utf8(binary: BinaryIO) -> "io.BufferedReader | _Transcoded":
    """The same as UTF-8 without a mark: exports come in UTF-16 too."""
    buffered = cast("io.BufferedReader", binary)
    if not isinstance(binary, io.BufferedReader):
        buffered = io.BufferedReader(cast("io.RawIOBase", binary), BLOCK)
    try:
        head = buffered.peek(4)[:4]
    except _BROKEN:
        return buffered
    if head[:3] == codecs.BOM_UTF8:
        buffered.read(3)
    elif head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return _Transcoded(buffered, "utf-16")
    elif len(head) == 4 and head[0] and head[2] and head[1::2] == b"\0\0":  # noqa: PLR2004 (two characters)
        return _Transcoded(buffered, "utf-16-le")
    return buffered


class _Transcoded:
    """Text in another encoding, read as UTF-8."""

    def __init__(self, binary: io.BufferedReader, encoding: str) -> None:
        self._binary = binary
        self._decoder = codecs.getincrementaldecoder(encoding)("replace")

    def read1(self, size: int) -> bytes:
        """The next bytes that are there; none at the end."""
        while data := self._binary.read1(size):
            if text := self._decoder.decode(data):
                return text.encode("utf-8", "replace")
        return self._decoder.decode(b"", final=True).encode("utf-8", "replace")
