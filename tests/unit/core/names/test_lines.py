"""Lines of any length, read in bounded memory."""

import io

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.names.lines import bounded_lines


@given(text=st.text(alphabet="ab\n\u00e4", max_size=60), longest=st.integers(1, 9))
def test_every_line_is_there_and_none_is_longer(text: str, longest: int) -> None:
    found = list(bounded_lines(io.StringIO(text, newline="\n").readline, longest))
    assert found == [line[:longest] for line in io.StringIO(text, newline="\n")]


def test_a_line_that_never_ends_is_never_held() -> None:
    asked: list[int] = []

    def endless(size: int) -> str:
        asked.append(size)
        return "a" * size if len(asked) < 10_000 else ""

    assert [len(line) for line in bounded_lines(endless, 100)] == [100]
    assert set(asked) == {100}
