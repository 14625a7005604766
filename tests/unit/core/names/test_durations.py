"""Durations as people read them."""

import pytest

from watcher.core.names.durations import duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (2, "2 s"),
        (89, "89 s"),
        (180, "3 min"),
        (3600, "60 min"),
        (9000, "2.5 h"),
        (21_600, "6 h"),
        (86_400, "24 h"),
        (345_600, "4 days"),
    ],
)
def test_one_figure(seconds, text):
    assert duration(seconds) == text
