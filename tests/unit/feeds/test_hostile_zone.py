"""What a customer of a zone writes into it hides none of the names after it."""

from pathlib import Path

import pytest

from watcher.feeds.names import read_existing

_ZONE = """\
$ORIGIN ml.
@ IN SOA ns1 hostmaster 1 3600 600 86400 60
@ NS ns1
{hostile}
army NS ns1.hosting.net.
"""


@pytest.mark.parametrize(
    "hostile",
    [
        'evil TXT "v=spf1 ("',
        'evil TXT "a \\" ( b"',
        'evil TXT "; not a comment ("',
        'evil TXT "no end (',
        "evil NS ns\\(1.evil.net.",
        'evil TXT ( "' + "a" * 5000 + '" )',
        'evil TXT "' + "(" * 5000 + '"',
    ],
    ids=lambda text: text[:30],
)
def test_a_bracket_in_a_text_hides_nothing(tmp_path: Path, hostile: str) -> None:
    file = tmp_path / "ml.zone"
    file.write_text(_ZONE.format(hostile=hostile))
    found = read_existing([file])
    assert "army.ml" in found
    assert not found.denies("army.ml")
    assert found.denies("navy.ml")


def test_brackets_that_are_meant_still_join_lines(tmp_path: Path) -> None:
    file = tmp_path / "ml.zone"
    text = 'evil TXT ( "one" ; (\n  "two )"\nnavy NS hidden.net.\n )'
    file.write_text(_ZONE.format(hostile=text))
    found = read_existing([file])
    assert ("army.ml" in found, "navy.ml" in found) == (True, False)
