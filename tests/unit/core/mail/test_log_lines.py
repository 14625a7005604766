"""Lines counted, and those that begin unlike a log's found, as a look at each line in turn would."""

import re

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.mail.log_lines import BSD, ISO, survey

PLAIN = re.compile(rb"[A-Z][a-z][a-z] [ \d]\d|\d{4}-\d")
LINES = st.lists(
    st.one_of(
        st.binary(max_size=12).map(lambda line: line.replace(b"\n", b"")),
        st.sampled_from(
            [b"Nov 28 10", b"2026-11-28", b"Nov  3", b"2026-x", b"nov 28", b"", b"{", b"Nov 28", b"2026-1"]
        ),
    ),
    max_size=20,
)


@given(LINES)
def test_the_same_as_looking_at_each_line(lines: list[bytes]) -> None:
    block = b"".join(line + b"\n" for line in lines)
    count, unlike = survey(block, (BSD, ISO))
    assert count == len(lines)
    starts = [sum(len(line) + 1 for line in lines[:number]) for number in range(len(lines))]
    assert unlike == [start for start, line in zip(starts, lines, strict=True) if PLAIN.match(line + b"\n") is None]
