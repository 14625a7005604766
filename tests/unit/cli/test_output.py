"""What reaches standard output: every format, streamed, harmless to terminals and spreadsheets."""

import csv
import io
import json
from collections.abc import Iterator

import pytest

from watcher.cli.output import OutputFormat, cell, emit, flatten, json_line, visible

ROWS = [
    {
        "name": "army.ml",
        "rank": 1,
        "marks": [],
        "mail": {"ability": "able", "flags": ["armed", "queued"]},
        "note": None,
    },
    {"name": "army.il", "rank": 2, "marks": ["a", "b"], "mail": None, "note": "=1+1"},
]
HOSTILE = "a\x1b[31m\u202eb\u200b\x9b\x00c"


def written(capsys: pytest.CaptureFixture[str], output_format: OutputFormat, rows=ROWS, **options) -> str:
    options = {"plain": lambda row: row["name"], "table": {"name": lambda row: row["name"]}, **options}
    assert emit(iter(rows), output_format, **options) == len(rows)
    return capsys.readouterr().out


def test_plain_is_one_a_line(capsys) -> None:
    assert written(capsys, OutputFormat.PLAIN) == "army.ml\narmy.il\n"
    assert written(capsys, OutputFormat.PLAIN, []) == ""


def test_json_is_always_one_array(capsys) -> None:
    assert json.loads(written(capsys, OutputFormat.JSON)) == ROWS
    assert json.loads(written(capsys, OutputFormat.JSON, ROWS[:1])) == ROWS[:1]
    assert json.loads(written(capsys, OutputFormat.JSON, [])) == []


def test_jsonl_is_one_object_a_line(capsys) -> None:
    assert [json.loads(line) for line in written(capsys, OutputFormat.JSONL).splitlines()] == ROWS


def test_csv_flattens_joins_and_is_read_back(capsys) -> None:
    text = written(capsys, OutputFormat.CSV, fields=("name", "rank", "marks", "mail.ability", "mail.flags", "note"))
    assert list(csv.reader(io.StringIO(text))) == [
        ["name", "rank", "marks", "mail.ability", "mail.flags", "note"],
        ["army.ml", "1", "", "able", "armed;queued", ""],
        ["army.il", "2", "a;b", "", "", "'=1+1"],
    ]


def test_csv_without_fields_takes_the_first_row(capsys) -> None:
    assert written(capsys, OutputFormat.CSV).splitlines()[0] == "name,rank,marks,mail.ability,mail.flags,note"
    assert written(capsys, OutputFormat.CSV, []) == ""


def test_csv_with_fields_has_its_header_without_rows(capsys) -> None:
    assert written(capsys, OutputFormat.CSV, [], fields=("name",)) == "name\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", " =", "\uff1d"])
def test_formulas_are_text_also_where_a_semicolon_separates(start: str) -> None:
    assert cell(start + "1")[0] == "'" or cell(start + "1").startswith("\\x09")
    assert cell("x;" + start + "1").startswith(("x;'", "x;\\x09"))
    assert cell(["x", start + "1"]).startswith(("x;'", "x;\\x09"))


def test_numbers_stay_numbers() -> None:
    assert [cell(value) for value in (-1, 0.5, True, None, {"a": 1})] == ["-1", "0.5", "true", "", '{"a": 1}']


def test_a_table_that_is_piped_is_plain_columns(capsys) -> None:
    columns = {"rank": lambda row: row["rank"], "name": lambda row: row["name"], "marks": lambda row: row["marks"]}
    assert written(capsys, OutputFormat.TABLE, table=columns).splitlines() == [
        "rank  name     marks",
        "1     army.ml",
        "2     army.il  a, b",
    ]


@pytest.mark.parametrize("output_format", list(OutputFormat))
def test_nothing_hostile_reaches_a_terminal(capsys, output_format: OutputFormat) -> None:
    out = written(capsys, output_format, [{"name": HOSTILE}])
    assert all(character.isprintable() or character == "\n" for character in out)
    if output_format in {OutputFormat.JSON, OutputFormat.JSONL}:
        parsed = json.loads(out)
        assert (parsed[0] if isinstance(parsed, list) else parsed) == {"name": HOSTILE}


def test_escapes_can_be_told_apart() -> None:
    assert visible("a\x1b\u202e\U000e0041b") == "a\\x1b\\u202e\\U000e0041b"
    assert visible("münchen рф") == "münchen рф"
    assert json.loads(json_line("\U000e0041")) == "\U000e0041"


def test_rows_are_written_as_they_come(capsys) -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"name": "first"}
        assert "first" in capsys.readouterr().out
        yield {"name": "second"}

    for output_format in (OutputFormat.PLAIN, OutputFormat.JSONL, OutputFormat.JSON, OutputFormat.CSV):
        emit(rows(), output_format, plain=lambda row: row["name"], table={})


def test_leaves_have_dotted_paths() -> None:
    assert dict(flatten({"a": {"b": {"c": 1}, "d": [2]}, "e": {}})) == {"a.b.c": 1, "a.d": [2], "e": {}}


@pytest.mark.parametrize("output_format", list(OutputFormat))
def test_a_source_that_fails_at_once_leaves_nothing_behind(capsys, output_format: OutputFormat) -> None:
    def rows() -> Iterator[dict[str, str]]:
        raise OSError("there is no database")
        yield {}

    with pytest.raises(OSError, match="no database"):
        emit(rows(), output_format, plain=str, table={"name": str}, fields=("name",))
    assert capsys.readouterr().out == ""
