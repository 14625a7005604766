"""A dot instead of a letter."""

from watcher.techniques import dot_for_letter


def test_inner_characters_of_the_registrable_label(makes):
    assert set(makes(dot_for_letter, "us.army.mil")) == {"us.a.my.mil", "us.ar.y.mil"}


def test_two_characters_have_none_inside(makes):
    assert makes(dot_for_letter, "ab.com") == {}


def test_says_what_it_replaced(explains):
    assert explains(dot_for_letter, "army.mil", "a.my.mil") == "a dot for `r` in `army`"
    assert explains(dot_for_letter, "army.mil", "ar.my.mil") is None
