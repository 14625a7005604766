"""Any character too many."""

from watcher.techniques import insertion


def test_every_gap_takes_every_letter_and_digit(makes):
    made = makes(insertion, "ab.com")
    assert {"xab.com", "axb.com", "abx.com", "ab7.com"} <= set(made)
    assert made["axb.com"] > made["a7b.com"]


def test_says_which(explains):
    assert explains(insertion, "army.mil", "arkmy.mil") == "`k` put into `army`"
    assert explains(insertion, "army.mil", "ar-my.mil") is None
