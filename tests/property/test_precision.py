"""The grades keep innocent names apart from documented lookalikes, and the page shows the figures as they are."""

from pathlib import Path

import pytest

from tools import precision
from watcher.core.events import Grade

EVERY = 40
"""One innocent and one protected name of so many are taken."""


def test_documented_lookalikes_are_blocked_or_warned_of():
    found = precision.recalled()
    assert precision.share(found, precision.at_least(Grade.BLOCK)) >= 0.75
    assert precision.share(found, precision.at_least(Grade.WARN)) >= 0.98
    page = precision.PAGE.read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| **documented lookalikes**"))
    assert row in precision.table({}, found)


def test_the_page_shows_innocent_names_within_the_goals():
    page = precision.PAGE.read_text(encoding="utf-8")
    rows = page.partition(precision.BEGIN)[2].partition(precision.END)[0].splitlines()[2:-1]
    assert len(rows) == 3
    for row in rows:
        _, _, _, block, warn, _, _ = (cell.strip().removesuffix("%") for cell in row.split("|"))
        assert float(block) <= 0.05
        assert float(warn) <= 3


@pytest.mark.corpus
def test_innocent_names_are_hardly_ever_blocked(corpus: Path):
    """A sample: with fewer protected names fewer are resembled, so that the bounds are those of the whole."""
    folder = corpus / "names"
    kept = precision.names((name for name in precision.gov(folder) if precision.protected_half(name)), EVERY)
    innocent = precision.innocents(folder, EVERY)
    for found in precision.tried_against([name for name in kept if name.endswith(".gov")], innocent).values():
        assert len(found) > 100
        assert precision.share(found, precision.at_least(Grade.BLOCK)) <= 0.0005
        assert precision.share(found, precision.at_least(Grade.WARN)) <= 0.03
