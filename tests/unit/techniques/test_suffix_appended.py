"""Another suffix after the right one."""

from watcher.techniques import suffix_appended


def test_habit_and_repetition(makes):
    assert {"army.mil.com", "army.mil.mil", "army.mil.us", "army.mil.ml"} <= set(makes(suffix_appended, "army.mil"))
    assert "gmail.com.com" in makes(suffix_appended, "gmail.com")
    assert "mod.gov.uk.com" in makes(suffix_appended, "mod.gov.uk")


def test_says_what_was_appended(explains):
    assert explains(suffix_appended, "army.mil", "army.mil.com") == "`.com` after the suffix"
    assert explains(suffix_appended, "army.mil", "army.mil.zw") == "`.zw` after the suffix"
    assert explains(suffix_appended, "army.mil", "army.mil.aero") is None
    assert explains(suffix_appended, "wetter.co.jp", "wetter.co.com") == "`.co.com` for the suffix `co.jp`"
