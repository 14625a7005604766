"""Tables: no line is wider than the terminal, what matters least goes first, and nothing of what stays is lost."""

import io

from hypothesis import given
from hypothesis import strategies as st

from watcher.cli.table import Column, is_bold, shown_width, table_lines

COLUMNS = {"name": str, "mail": str, "by": Column(str, 2), "seen (UTC)": Column(str, 1)}
TEXTS = st.text(st.sampled_from("abc-.,; 日本é"), max_size=90)


@given(st.lists(st.tuples(TEXTS, TEXTS, TEXTS, TEXTS), min_size=1, max_size=5), st.integers(40, 160))
def test_no_line_is_wider_than_the_terminal(body, width):
    lines = list(table_lines(COLUMNS, body, width=width))
    assert all(shown_width(line.rstrip("\n")) <= width for line in lines)


@given(st.text(st.sampled_from("abc-.日本"), min_size=1, max_size=300), st.integers(20, 100))
def test_a_broken_cell_is_whole_when_its_lines_are_joined(text, width):
    lines = list(table_lines({"name": str}, [[text]], width=width))
    assert "".join(line.strip() for line in lines[1:]) == text


def test_the_column_that_can_be_spared_most_goes_first():
    body = [["n" * 30, "able (explicit_mx)", "b" * 20, "2026-01-01 00:00"]]
    headings = {width: next(table_lines(COLUMNS, body, width=width)).split() for width in (100, 75, 60)}
    assert headings == {
        100: ["name", "mail", "by", "seen", "(UTC)"],
        75: ["name", "mail", "seen", "(UTC)"],
        60: ["name", "mail"],
    }


def test_one_long_name_does_not_push_the_others_columns_out():
    body = [["x" * 70, "able", "omission", "2026-01-01 00:00"]]
    assert "seen" in next(table_lines(COLUMNS, body, width=80))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_color_drops_bold(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert is_bold(Terminal())
    assert not is_bold(io.StringIO()), "a pipe gets no escapes"
    monkeypatch.setenv("NO_COLOR", "1")
    assert not is_bold(Terminal())
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert not is_bold(Terminal())
    (heading, _) = table_lines({"name": str}, [["a"]], width=80, bold=True)
    assert heading == "\x1b[1mname\x1b[0m\n"
