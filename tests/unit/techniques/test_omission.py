"""One character left out."""

from watcher.techniques import omission


def test_every_character_is_left_out_once(makes):
    assert set(makes(omission, "army.mil")) == {"rmy.mil", "amy.mil", "ary.mil", "arm.mil"}


def test_host_labels_count_less(makes):
    made = makes(omission, "us.army.mil")
    assert made["us.ary.mil"] > made["u.army.mil"] > 0


def test_one_of_a_doubled_letter_counts_twice(makes):
    made = makes(omission, "hall.com")
    assert made["hal.com"] > made["hll.com"]


def test_a_label_of_one_character_stays(makes):
    assert makes(omission, "x.com") == {}


def test_says_what_is_missing_where(explains):
    assert explains(omission, "us.army.mil", "us.amy.mil") == "`r` left out of `army`"
    assert explains(omission, "us.army.mil", "us.am.mil") is None
    assert explains(omission, "army.mil", "army.ml") is None
