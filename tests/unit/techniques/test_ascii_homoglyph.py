"""Letters and digits that look alike."""

from watcher.techniques import ascii_homoglyph


def test_lookalikes_in_both_directions(makes):
    assert "arrny.mil" in makes(ascii_homoglyph, "army.mil")
    assert "amy.com" in makes(ascii_homoglyph, "arny.com")
    assert {"paypa1.com", "paypai.com"} <= set(makes(ascii_homoglyph, "paypal.com"))


def test_everywhere_at_once(makes):
    assert "g00gle.com" in makes(ascii_homoglyph, "google.com")


def test_says_which(explains):
    assert explains(ascii_homoglyph, "army.mil", "arrny.mil") == "`rn` for `m` in `army`"
    assert explains(ascii_homoglyph, "army.mil", "arxxy.mil") is None
