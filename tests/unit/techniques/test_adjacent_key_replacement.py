"""A neighbouring key hit instead of the right one."""

from watcher.techniques import adjacent_key_replacement


def test_the_same_row_comes_first(makes):
    made = makes(adjacent_key_replacement, "army.mil")
    assert made["aemy.mil"] > made["afmy.mil"] > made["a4my.mil"]
    assert "apmy.mil" not in made


def test_the_keyboard_of_the_country_counts_too(makes):
    """On a German keyboard z stands between t and u, on QWERTY in the lowest row."""
    assert "zal.de" in makes(adjacent_key_replacement, "tal.de")
    assert "zal.com" not in makes(adjacent_key_replacement, "tal.com")


def test_says_which_keys(explains):
    said = explains(adjacent_key_replacement, "army.mil", "atmy.mil")
    assert said == "the neighbouring key `t` for `r` in `army`"
    assert explains(adjacent_key_replacement, "army.mil", "apmy.mil") is None
