"""Another word that sounds the same."""

from watcher.techniques import homophone


def test_whole_words(makes):
    assert {"their.com", "there.com"} & set(makes(homophone, "theyre.com")) or "whether.gov" in makes(
        homophone, "weather.gov"
    )
    assert "mail.gov" in makes(homophone, "male.gov")


def test_short_words_stand_alone(makes):
    assert makes(homophone, "airmil.com") == {}
    assert "heir-force.com" in makes(homophone, "air-force.com")


def test_longer_words_count_inside_others(makes):
    assert "mywhether.com" in makes(homophone, "myweather.com")


def test_says_which_word(explains):
    assert explains(homophone, "weather.gov", "whether.gov") == "`whether` for `weather` in `weather`"
    assert explains(homophone, "weather.gov", "wether2.gov") is None
