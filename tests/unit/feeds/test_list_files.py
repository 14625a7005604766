"""List files: packed, in any encoding, cut, hostile."""

import gzip
import io
import zipfile

import pytest

from watcher.core.errors import ConfigurationError
from watcher.feeds.lists import blocks_of, read_lines

TEXT = "army.ml\nnavy.ml\n"


def zipped(*members):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, data in enumerate(members):
            archive.writestr(f"domain-names-{number}.txt", data)
    return made.getvalue()


WHOLE = {
    "plain": TEXT.encode(),
    "with a byte order mark": TEXT.encode("utf-8-sig"),
    "utf-16": TEXT.encode("utf-16"),
    "utf-16 of the other order": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "gzip": gzip.compress(TEXT.encode()),
    "gzip of utf-16": gzip.compress(TEXT.encode("utf-16")),
    "zip": zipped(TEXT.encode()),
    "windows line ends": TEXT.replace("\n", "\r\n").encode(),
    "no last line end": TEXT.rstrip().encode(),
}


@pytest.mark.parametrize("form", WHOLE)
def test_the_same_lines_from_every_form(tmp_path, form):
    file = tmp_path / "names"
    file.write_bytes(WHOLE[form])
    assert list(read_lines(file)) == ["army.ml\n", "navy.ml\n"]


class Pipe(io.RawIOBase):
    """A stream that cannot be sought."""

    def __init__(self, data):
        self._data = io.BytesIO(data)

    def readable(self):
        return True

    def readinto(self, buffer):
        return self._data.readinto(buffer)


@pytest.mark.parametrize("form", WHOLE)
def test_from_a_pipe_too(form):
    assert b"".join(blocks_of(Pipe(WHOLE[form]), "standard input")).split() == [b"army.ml", b"navy.ml"]


BROKEN = {
    "cut gzip": (gzip.compress(TEXT.encode() * 1000)[:-9], "to its end"),
    "zip of two": (zipped(b"a.ml", b"b.ml"), "holds 2 files"),
    "bomb": (zipped(b"a" * 50_000_000), "unpacks to far more"),
    "broken zip": (b"PK\x03\x04" + b"x" * 50, "cannot be read"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_read_whole_is_refused(tmp_path, case):
    file = tmp_path / "names"
    file.write_bytes(BROKEN[case][0])
    with pytest.raises(ConfigurationError, match=BROKEN[case][1]):
        list(read_lines(file))


def test_a_file_that_is_not_there():
    with pytest.raises(ConfigurationError, match="cannot be read"):
        list(read_lines(__import__("pathlib").Path("/nonexistent")))


def test_a_line_without_end_is_cut(tmp_path):
    file = tmp_path / "names"
    file.write_bytes(b"a" * 5_000_000 + b"\narmy.ml\n")
    lines = list(read_lines(file))
    assert lines[-1] == "army.ml\n"
    assert all(len(line) < 5000 for line in lines)
