"""`protect` and `own`: all or nothing, twice is no error, one clear line for what is wrong."""

import csv
import io
import json
from pathlib import Path

import pytest

GROUPS = ["protect", "own"]


def names(watcher, group: str) -> list[str]:
    return watcher(group, "list").out.split()


def test_what_people_write_becomes_names(watcher):
    ran = watcher("protect", "add", "army.mil", "MOD.gov.uk.", ".mil", "postmaster@us.army.mil", "https://bücher.de/x")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == "watcher: 5 added\n"
    rows = json.loads(watcher("protect", "list", "--format", "json").out)
    assert {(row["name"], row["kind"]) for row in rows} == {
        ("army.mil", "domain"),
        ("mod.gov.uk", "domain"),
        ("mil", "suffix"),
        ("us.army.mil", "host"),
        ("xn--bcher-kva.de", "domain"),
    }
    assert all(row["baseline"] == {"done": False, "settled": 0, "total": 0} for row in rows)


@pytest.mark.parametrize("group", GROUPS)
def test_one_wrong_name_changes_nothing(watcher, group):
    line = watcher.refused(group, "add", "army.mil", "a..b", "navy.mil")
    assert "'a..b' is not a name" in line
    assert names(watcher, group) == []


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(
    "wrong", ["", " ", "..mil", ".army.mil", "army.con", "-a.mil", "1.2.3.4", "a b.mil", "a\x1b[31m.mil", "x" * 300]
)
def test_a_wrong_name_leaves_no_database_behind(bare, group, wrong):
    bare.refused(group, "add", "--", wrong)
    assert list(bare.database.parent.iterdir()) == []


@pytest.mark.parametrize("group", GROUPS)
def test_twice_is_no_error(watcher, group):
    assert watcher(group, "add", "army.mil").err == "watcher: 1 added\n"
    again = watcher(group, "add", "army.mil", "ARMY.mil", "navy.mil")
    assert again.code == 0
    assert again.err.startswith("watcher: 1 added, 1 already")
    assert names(watcher, group) == ["army.mil", "navy.mil"]


@pytest.mark.parametrize("group", GROUPS)
def test_removing_an_unknown_name_removes_nothing(watcher, group):
    watcher(group, "add", "army.mil", "navy.mil")
    line = watcher.refused(group, "remove", "army.mil", "af.mil")
    assert "af.mil" in line
    assert "nothing was removed" in line
    assert names(watcher, group) == ["army.mil", "navy.mil"]
    assert watcher(group, "remove", "army.mil", "NAVY.mil.").code == 0
    assert names(watcher, group) == []


@pytest.mark.parametrize("group", GROUPS)
def test_a_file_is_imported_as_a_whole(watcher, tmp_path: Path, group):
    file = tmp_path / "names.txt"
    file.write_text("\ufeff# ours\narmy.mil   # the army\n\n  navy.mil\r\nARMY.mil\n", encoding="utf-8")
    assert watcher(group, "import", str(file)).err == "watcher: 2 added\n"
    assert names(watcher, group) == ["army.mil", "navy.mil"]
    file.write_text("af.mil\na..b\n", encoding="utf-8")
    line = watcher.refused(group, "import", str(file))
    assert "line 2" in line
    assert "nothing was added" in line
    assert names(watcher, group) == ["army.mil", "navy.mil"]


def test_names_come_from_standard_input_too(watcher, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("army.mil\nnavy.mil\n"))
    assert watcher("protect", "import", "-").err == "watcher: 2 added\n"


@pytest.mark.parametrize("content", [None, b"", b"# nothing\n", b"\xff\xfe\x00"])
def test_a_file_that_cannot_be_imported(bare, tmp_path_factory: pytest.TempPathFactory, content):
    file = tmp_path_factory.mktemp("import") / "names.txt"
    if content is not None:
        file.write_bytes(content)
    assert str(file) in bare.refused("protect", "import", str(file))
    assert list(bare.database.parent.iterdir()) == []


def test_owner_tags_and_notes_are_kept_and_harmless_in_a_spreadsheet(watcher):
    watcher("protect", "add", "army.mil", "--owner", "=cmd()", "--tag", "us", "--tag", "+1")
    read = list(csv.DictReader(io.StringIO(watcher("protect", "list", "--format", "csv").out)))
    assert read[0]["owner"] == "'=cmd()"
    assert read[0]["tags"] == "us;'+1"
    watcher("own", "add", "army.ml", "--note", "defensive\x1b[31m")
    assert json.loads(watcher("own", "list", "--format", "jsonl").out)["note"] == "defensive\x1b[31m"
    assert "\x1b" not in watcher("own", "list", "--format", "table").out


def test_more_names_than_one_page_are_listed(watcher, tmp_path: Path):
    file = tmp_path / "many"
    wanted = sorted(f"n{number:04}.mil" for number in range(1201))
    file.write_text("\n".join(wanted), encoding="utf-8")
    watcher("protect", "import", str(file))
    watcher("own", "import", str(file))
    assert names(watcher, "protect") == wanted
    assert names(watcher, "own") == wanted


def test_a_database_that_cannot_be_used_is_said_so(bare):
    bare.database.write_bytes(b"this is no database" * 500)
    assert str(bare.database) in bare.refused("protect", "add", "army.mil", code=3)
    assert bare.database.read_bytes() == b"this is no database" * 500


def test_no_names_at_all_is_wrong_usage(bare):
    ran = bare("protect", "add")
    assert ran.code == 2
    assert "NAME" in ran.err


def test_a_stream_that_is_not_there_is_told_like_a_list_that_is_not(watcher):
    watcher("protect", "add", "army.mil")
    for command in (("match", "nothing.txt"), ("protect", "import", "nothing.txt")):
        assert "nothing.txt: cannot be read: No such file" in watcher.refused(*command)
