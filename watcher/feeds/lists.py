"""Lists of names as files: packed or not, in any Unicode encoding, read line by line with bounded memory.

`-` is standard input. A zip holds one file. What unpacks to far more than a list can is refused.
"""

import io
import os
import select
import stat
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, cast

from watcher.core.errors import ConfigurationError
from watcher.core.names.lines import LONGEST
from watcher.feeds.log_files import LogFile

_ZIP = b"PK\x03\x04"
_MOST_RATIO = 200
_MOST_ZIP = 1 << 30
_MOST_SPOOLED = 1 << 30


def read_lines(file: Path, *, pauses: bool = False) -> Iterator[str]:
    """The lines of `file`; one longer than `lines.LONGEST` characters is cut there, and has no line break then.

    With `pauses` an empty text says that the input has no more for the moment, as `tail -f` has.
    Raises ConfigurationError for a file that cannot be read to its end: a cut list is no shorter list.
    """
    for block in read_blocks(file, pauses=pauses):
        if block:
            yield from lines_of(block)
        else:
            yield ""


def lines_of(block: bytes) -> Iterator[str]:
    """The lines of a block of whole lines."""
    for line in block.decode("utf-8", "replace").split("\n")[:-1]:
        whole = line.rstrip("\r")
        yield whole + "\n" if len(whole) < LONGEST else whole[:LONGEST]


def read_blocks(file: Path, *, pauses: bool = False) -> Iterator[bytes]:
    """The same as blocks of whole lines in UTF-8, of about a megabyte; an empty one for a pause."""
    shown = "standard input" if str(file) == "-" else str(file)
    with ExitStack() as opened:
        try:
            raw = _given() if str(file) == "-" else opened.enter_context(file.open("rb"))
            yield from blocks_of(raw, shown, pauses=pauses)
        except (OSError, zipfile.BadZipFile) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise ConfigurationError(shown, f"cannot be read: {why}") from error


def blocks_of(raw: BinaryIO, shown: str, *, pauses: bool = False) -> Iterator[bytes]:
    """The same of an open binary stream named `shown`."""
    buffered = raw if isinstance(raw, io.BufferedReader) else io.BufferedReader(cast("io.RawIOBase", raw))
    if buffered.peek(4)[:4] == _ZIP:
        with ExitStack() as opened:
            yield from _whole(_member(buffered, shown, opened), shown)
        return
    yield from _whole(buffered, shown, _is_waiting(raw) if pauses else None)


def _is_waiting(raw: BinaryIO) -> Callable[[], bool] | None:
    """Return a test whether a pipe, socket or terminal has nothing to read now; None for what never pauses."""
    try:
        number = raw.fileno()
        if stat.S_ISREG(os.fstat(number).st_mode):
            return None
        select.select([number], [], [], 0)
    except (OSError, ValueError):  # no file behind it, or one that cannot be asked
        return None
    return lambda: not select.select([number], [], [], 0)[0]


def _given() -> BinaryIO:
    """Standard input as bytes; one that somebody replaced by text is read as that."""
    found: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    return found or io.BytesIO(sys.stdin.read().encode())


def _whole(raw: BinaryIO, shown: str, waiting: Callable[[], bool] | None = None) -> Iterator[bytes]:
    log = LogFile(raw, name=shown)
    for block in log.blocks():
        yield block
        if waiting is not None and waiting():
            yield b""
    if log.broken is not None:
        raise ConfigurationError(shown, f"cannot be read to its end: {log.broken}")


def _member(raw: BinaryIO, shown: str, opened: ExitStack) -> BinaryIO:
    """The one file of a zip. A stream is kept in a temporary file first: a zip is read from its end."""
    if not raw.seekable():
        spooled = opened.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 (the stack closes it)
        kept = 0
        while block := raw.read(1 << 20):
            kept += len(block)
            if kept > _MOST_SPOOLED:
                raise ConfigurationError(shown, "the zip is larger than 1 GiB")
            spooled.write(block)
        raw = cast("BinaryIO", spooled)
    archive = opened.enter_context(zipfile.ZipFile(raw))
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise ConfigurationError(shown, f"the zip holds {len(members)} files; one is read")
    member = members[0]
    if member.file_size > _MOST_ZIP or member.file_size > _MOST_RATIO * max(1, member.compress_size):
        raise ConfigurationError(shown, "the zip unpacks to far more than a list of names")
    if member.flag_bits & 1:
        raise ConfigurationError(shown, "the zip is encrypted")
    return cast("BinaryIO", opened.enter_context(archive.open(member)))
