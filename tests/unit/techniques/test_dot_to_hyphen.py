"""A hyphen instead of a dot."""

from watcher.techniques import dot_to_hyphen


def test_every_dot_but_the_last(makes):
    assert set(makes(dot_to_hyphen, "mildenhall.af.mil")) == {"mildenhall-af.mil"}
    assert makes(dot_to_hyphen, "army.mil") == {}


def test_says_which_dot(explains):
    assert explains(dot_to_hyphen, "us.army.mil", "us-army.mil") == "a hyphen for the dot between `us` and `army`"
    assert explains(dot_to_hyphen, "us.army.mil", "usarmy.mil") is None
