"""Another spelling that sounds the same."""

from watcher.techniques import spelling


def test_british_and_american(makes):
    assert "defense.gov" in makes(spelling, "defence.gov")
    assert "defence.gov" in makes(spelling, "defense.gov")
    assert "center.com" in makes(spelling, "centre.com")
    assert "color.com" in makes(spelling, "colour.com")


def test_sounds(makes):
    made = makes(spelling, "philipreceive.com")
    assert {"filipreceive.com", "philipreceeve.com", "philiprecieve.com"} & set(made) >= {"filipreceive.com"}
    assert "philiprecieve.com" in made
    assert "almy.mil" in makes(spelling, "army.mil")


def test_an_ending_counts_before_a_hyphen_too(makes):
    assert "defense-hq.gov" in makes(spelling, "defence-hq.gov")
    assert "centers.com" in makes(spelling, "centres.com")


def test_says_which_letters(explains):
    assert explains(spelling, "mod-defence.gov", "mod-defense.gov") == "`ense` for `ence` in `mod-defence`"
    assert explains(spelling, "army.mil", "navy.mil") is None
