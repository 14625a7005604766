"""A letter with a mark written without its key."""

from watcher.techniques import transliteration


def test_marks_are_left_out_or_spelt_out(makes):
    assert set(makes(transliteration, "münchen.de")) == {"munchen.de", "muenchen.de"}
    assert set(makes(transliteration, "straße.de")) == {"strase.de", "strasse.de"}


def test_all_marked_letters_of_a_label_at_once(makes):
    assert "aerger-oel.de" in makes(transliteration, "ärger-öl.de")


def test_plain_names_have_none(makes):
    assert makes(transliteration, "army.mil") == {}


def test_says_what_stands_for_the_label(explains):
    assert explains(transliteration, "münchen.de", "munchen.de") == "`munchen` for `münchen`"
    assert explains(transliteration, "münchen.de", "manchen.de") is None
