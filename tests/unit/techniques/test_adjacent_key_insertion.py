"""A neighbouring key hit together with the right one."""

from watcher.techniques import adjacent_key_insertion


def test_a_neighbour_stands_after_or_before(makes):
    made = makes(adjacent_key_insertion, "army.mil")
    assert {"artmy.mil", "atrmy.mil", "sarmy.mil", "armyu.mil"} <= set(made)
    assert "armyp.mil" not in made


def test_before_the_first_is_rare(makes):
    made = makes(adjacent_key_insertion, "army.mil")
    assert made["asrmy.mil"] > made["sarmy.mil"]


def test_runs_of_one_letter_are_explained_from_both_ends(makes, explains):
    """`s` after the `a` of `as` and before the `s` of it are the same text; only the first has a neighbouring key."""
    assert "ass.com" in makes(adjacent_key_insertion, "as.com")
    assert explains(adjacent_key_insertion, "as.com", "ass.com") == "the key `s` hit beside `a` in `as`"


def test_says_beside_which_key(explains):
    assert explains(adjacent_key_insertion, "army.mil", "artmy.mil") == "the key `t` hit beside `r` in `army`"
    assert explains(adjacent_key_insertion, "army.mil", "armyp.mil") is None
