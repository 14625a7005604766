"""A label forgotten."""

from watcher.techniques import label_drop


def test_every_label_but_the_last(makes):
    assert set(makes(label_drop, "us.army.mil")) == {"army.mil", "us.mil"}
    assert "mod.uk" in makes(label_drop, "mod.gov.uk")
    assert makes(label_drop, "army.mil") == {}


def test_everything_between_host_and_suffix(makes):
    assert "a.mil" in makes(label_drop, "a.b.c.mil")


def test_a_suffix_of_two_labels(makes):
    assert set(makes(label_drop, "gov.uk")) == {"uk"}


def test_says_which(explains):
    assert explains(label_drop, "mildenhall.af.mil", "mildenhall.mil") == "`af` forgotten"
    assert explains(label_drop, "mildenhall.af.mil", "mildenhall.com") is None
