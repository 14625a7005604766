"""One character doubled."""

from watcher.techniques import repetition


def test_every_character_is_doubled(makes):
    assert set(makes(repetition, "army.mil")) == {"aarmy.mil", "arrmy.mil", "armmy.mil", "armyy.mil"}


def test_a_doubled_letter_is_tripled(makes):
    assert "halll.com" in makes(repetition, "hall.com")


def test_says_which_is_doubled(explains):
    assert explains(repetition, "army.mil", "armmy.mil") == "`m` doubled in `army`"
    assert explains(repetition, "army.mil", "arnmy.mil") is None
