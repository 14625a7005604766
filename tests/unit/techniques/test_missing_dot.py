"""A dot forgotten."""

from watcher.techniques import missing_dot


def test_every_dot_but_the_last(makes):
    assert set(makes(missing_dot, "us.army.mil")) == {"usarmy.mil"}
    assert set(makes(missing_dot, "mod.gov.uk")) == {"modgov.uk"}
    assert makes(missing_dot, "army.mil") == {}


def test_says_which_dot(explains):
    said = explains(missing_dot, "mildenhall.af.mil", "mildenhallaf.mil")
    assert said == "the dot between `mildenhall` and `af` forgotten"
    assert explains(missing_dot, "us.army.mil", "us.armymil") is None
