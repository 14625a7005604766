"""The tool that reads what registries publish."""

import json
from pathlib import Path

import pytest

from tools import refresh_idn_tables

TEXT = """\
# IDN Table for French
U+002D # HYPHEN-MINUS
U+0061 # LATIN SMALL LETTER A
U+00E0..U+00E2 # LATIN SMALL LETTER A
U+00E9;;U+00E8 # with a variant
0153;0153;
"""
XML = """\
<?xml version='1.0' encoding='utf-8'?>
<lgr xmlns="urn:ietf:params:xml:ns:lgr-1.0"><data>
<char cp="002D"/><range first-cp="00E0" last-cp="00E2"/><char cp="00E9"/><char cp="0153"/><char cp="0061 0331"/>
</data></lgr>
"""


@pytest.mark.parametrize(
    "text", [TEXT, TEXT.replace("\n", "<br>"), XML, json.dumps([45, 97, 0xE0, 0xE1, 0xE2, 0xE9, 0x153])]
)
def test_every_form_of_a_table_is_read(text: str) -> None:
    assert refresh_idn_tables.repertoire(refresh_idn_tables.code_points(text)) == "àáâéœ"


def test_neighbours_are_written_as_a_range_and_nothing_as_a_hyphen() -> None:
    assert refresh_idn_tables.repertoire(range(0xE0, 0xF7)) == "à-ö"
    assert refresh_idn_tables.repertoire(range(0x30, 0x3A)) == "-"


def test_the_line_of_a_registry_is_replaced_and_the_others_stay(tmp_path: Path) -> None:
    target, table = tmp_path / "idn_tables.txt", tmp_path / "nl_latn.txt"
    target.write_text("# head\nde,nl äöü # here\nuk - # none\n", encoding="utf-8")
    table.write_text(TEXT, encoding="utf-8")
    refresh_idn_tables.main(f"nl={table}", target=target)
    lines = target.read_text(encoding="utf-8").splitlines()
    assert lines[:2] == ["# head", "de äöü # here"]
    assert lines[2].startswith("nl àáâéœ # nl_latn.txt, read 20")
    assert lines[3] == "uk - # none"
