"""A hyphen where none belongs, or one lost."""

from watcher.techniques import hyphenation


def test_put_in_and_lost(makes):
    made = makes(hyphenation, "us-army.com")
    assert "usarmy.com" in made
    assert "us-ar-my.com" in made
    assert made["usarmy.com"] == max(made.values())


def test_never_at_the_edge(makes):
    assert not [text for text in makes(hyphenation, "army.mil") if text.startswith("-") or "-." in text]


def test_says_what_happened(explains):
    assert explains(hyphenation, "us-army.com", "usarmy.com") == "a hyphen lost from `us-army`"
    assert explains(hyphenation, "army.mil", "ar-my.mil") == "a hyphen in `army`"
    assert explains(hyphenation, "army.mil", "arxmy.mil") is None
