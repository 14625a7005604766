"""One vowel for another."""

from watcher.techniques import vowel_swap


def test_vowels_stand_for_vowels(makes):
    assert set(makes(vowel_swap, "army.mil")) == {"ermy.mil", "irmy.mil", "ormy.mil", "urmy.mil"}


def test_says_which(explains):
    assert explains(vowel_swap, "defense.gov", "defanse.gov") == "the vowel `a` for `e` in `defense`"
    assert explains(vowel_swap, "defense.gov", "defxnse.gov") is None
