"""Two exchanges upon one another, a marked letter among them."""

from watcher.techniques import double_homoglyph


def test_two_letters_or_one_after_another(makes):
    assert {"ǥḿail.com", "grńail.com", "ǥmaii.com"} <= set(makes(double_homoglyph, "gmail.com"))


def test_one_exchange_or_two_of_plain_letters_are_none(makes):
    made = makes(double_homoglyph, "gmail.com")
    assert not {"ǥmail.com", "grnaii.com", "gmail.com"} & set(made)


def test_only_what_the_registry_takes(makes):
    assert "ǥḿail.de" not in makes(double_homoglyph, "gmail.de")
    assert "gmåíl.de" in makes(double_homoglyph, "gmail.de")
    assert not makes(double_homoglyph, "army.mil")


def test_says_which(explains):
    said = explains(double_homoglyph, "gmail.com", "ǥḿail.com")
    assert said == "two letters of `gmail` by their lookalikes: `ǥḿail`"
    assert explains(double_homoglyph, "gmail.com", "ǥḿāil.com") is None
    assert explains(double_homoglyph, "gmail.com", "ǥmail.com") is None
