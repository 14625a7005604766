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


def test_two_letters_in_one(makes, explains):
    assert "æro.com" in makes(idn_homoglyph, "aero.com")
    assert "strae.com" not in makes(idn_homoglyph, "strasse.com")
    assert explains(idn_homoglyph, "aero.com", "æro.com") == "`æ` for `ae` in `aero`"


def test_digits_and_hyphens_are_the_same_in_every_script(makes):
    assert "ра-4.com" in makes(idn_homoglyph, "pa-4.com")


def test_says_which(explains):
    assert explains(idn_homoglyph, "army.com", "ārmy.com") == "`ā` for `a` in `army`"
    assert explains(idn_homoglyph, "coca.com", "соса.com") == "`coca` in Cyrillic letters"
    assert explains(idn_homoglyph, "army.com", "ērmy.com") is None


def test_a_marked_name_that_lost_its_end_is_none(explains):
    assert explains(idn_homoglyph, "münchen.de", "münche.de") is None
    assert explains(idn_homoglyph, "münchen.de", "münchén.de") == "`é` for `e` in `münchen`"
