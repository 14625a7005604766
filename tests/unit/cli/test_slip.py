"""Where a candidate differs from what was meant, for people to see."""

import pytest

from watcher.cli.candidates import slip


@pytest.mark.parametrize(
    ("typed", "protected", "shown"),
    [
        ("army.ml", "army.mil", "army.m(i→)l"),
        ("armmy.mil", "army.mil", "arm(→m)y.mil"),
        ("arny.mil", "army.mil", "ar(m→n)y.mil"),
        ("navy.ml", "mil", "navy.m(i→)l"),
        ("ml", "mil", "m(i→)l"),
        ("munchen.de", "xn--mnchen-3ya.de", "m(ü→u)nchen.de"),
    ],
)
def test_shows_the_slip(typed: str, protected: str, shown: str) -> None:
    assert slip(typed, protected) == shown
