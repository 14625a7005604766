"""Another suffix out of habit."""

from watcher.techniques import suffix_swap


def test_habit_comes_first(makes):
    made = makes(suffix_swap, "army.mil")
    assert max(made, key=made.__getitem__) == "army.com"
    assert made["army.org"] > made["army.zw"] > 0


def test_siblings_of_the_country_come_before_strangers(makes):
    made = makes(suffix_swap, "mod.gov.uk")
    assert made["mod.co.uk"] > made["mod.uk.com"] > made["mod.co.jp"] > 0
    assert made["mod.uk"] > made["mod.de"]


def test_rules_that_are_no_suffix_are_left_out(makes):
    assert not [text for text in makes(suffix_swap, "army.mil") if "*" in text or "!" in text]


def test_a_suffix_itself_is_not_swapped(makes):
    assert makes(suffix_swap, "mil") == {}


def test_says_which(explains):
    assert explains(suffix_swap, "army.mil", "army.com") == "the suffix `com` for `mil`"
    assert explains(suffix_swap, "army.mil", "army.nosuchsuffix") is None
    assert explains(suffix_swap, "army.mil", "navy.com") is None
