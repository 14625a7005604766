"""A dot inside a label."""

from watcher.techniques import dot_insertion


def test_inside_the_registrable_label_only(makes):
    assert set(makes(dot_insertion, "us.army.mil")) == {"us.a.rmy.mil", "us.ar.my.mil", "us.arm.y.mil"}


def test_says_where(explains):
    assert explains(dot_insertion, "army.mil", "ar.my.mil") == "a dot in `army`"
    assert explains(dot_insertion, "army.mil", "ar.m.y.mil") is None
