"""Vowels and doubled letters written by ear."""

from watcher.techniques import phonetic


def test_vowels_and_doubled_letters_by_ear(makes, explains):
    listed = makes(phonetic, "wetter.com")
    assert {"wettar.com", "weeter.com", "witer.com", "weter.com", "weatter.com"} <= listed.keys()
    assert listed["weater.com"] > listed["wettur.com"] * 0.01
    assert explains(phonetic, "wetter.com", "witer.com") == "`witer` sounds like `wetter`"
    assert explains(phonetic, "wetter.com", "winter.com") is None


def test_what_sounds_alike_comes_first(makes):
    listed = makes(phonetic, "bayer.com")
    assert listed["beyer.com"] > listed["byer.com"]
