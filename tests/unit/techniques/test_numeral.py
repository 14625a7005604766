"""A number as numeral or word."""

from watcher.techniques import numeral


def test_both_ways(makes):
    assert "1st-army.mil" in makes(numeral, "first-army.mil")
    assert "first-army.mil" in makes(numeral, "1st-army.mil")
    assert {"groupfour.com", "groupfor.com"} <= set(makes(numeral, "group4.com"))


def test_alone_it_counts_more(makes):
    made = makes(numeral, "one-phone.com")
    assert made["1-phone.com"] > made["one-ph1.com"]


def test_one_word_is_never_another(makes):
    assert "forward-two.com" not in makes(numeral, "forward-too.com")


def test_says_which(explains):
    assert explains(numeral, "group4.com", "groupfour.com") == "`four` for `4` in `group4`"
    assert explains(numeral, "group4.com", "group5.com") is None
