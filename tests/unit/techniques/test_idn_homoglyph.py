"""Characters with marks or of another alphabet that look the same."""

from watcher.techniques import idn_homoglyph


def test_marks_and_twins_in_the_registrable_label(makes):
    made = makes(idn_homoglyph, "us.army.com")
    assert {"us.ārmy.com", "us.ɑrmy.com"} <= set(made)
    assert made["us.ɑrmy.com"] > made["us.ārmy.com"]


def test_scripts_are_never_mixed(makes):
    """A whole label in Cyrillic counts; a single Cyrillic letter among Latin ones is refused by registries."""
    cyrillic = "соса"  # not ASCII
    made = makes(idn_homoglyph, "coca.com")
    assert cyrillic + ".com" in made
    assert "с" + "oca.com" not in made


def test_says_which(explains):
    assert explains(idn_homoglyph, "army.com", "ārmy.com") == "`ā` for `a` in `army`"
    assert explains(idn_homoglyph, "coca.com", "соса.com") == "`coca` in Cyrillic letters"
    assert explains(idn_homoglyph, "army.com", "ērmy.com") is None
