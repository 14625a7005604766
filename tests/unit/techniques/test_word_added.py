"""A word before or after the label, with or without a hyphen."""

from watcher.techniques import word_added


def test_on_either_side_with_and_without_hyphen(makes):
    made = set(makes(word_added, "army.mil"))
    assert {"armymail.mil", "army-mail.mil", "mailarmy.mil", "mail-army.mil"} <= made


def test_only_the_registrable_label(makes):
    assert "us.armymail.mil" in makes(word_added, "us.army.mil")
    assert "usmail.army.mil" not in makes(word_added, "us.army.mil")


def test_says_which(explains):
    assert explains(word_added, "army.mil", "secure-army.mil") == "`secure` before `army`"
    assert explains(word_added, "army.mil", "armymail.mil") == "`mail` after `army`"
    assert explains(word_added, "army.mil", "armyxyzzy.mil") is None
