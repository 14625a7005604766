"""Written on another country's keyboard."""

from watcher.techniques import layout_exchange


def test_every_letter_that_stands_elsewhere(makes):
    assert set(makes(layout_exchange, "army.mil")) >= {"armz.mil", "qrmy.mil"}
    assert "yzyz.com" in makes(layout_exchange, "zyzy.com")


def test_in_the_suffix_too(makes):
    assert {"praha-mzto.cy", "praha-myto.cy", "praha-mzto.cz"} <= set(makes(layout_exchange, "praha-myto.cz"))
    assert "firma.cy" in makes(layout_exchange, "firma.cz")
    assert "cy" in makes(layout_exchange, "cz")


def test_at_home_it_counts_more(makes):
    made = makes(layout_exchange, "quizly.de")
    assert made["quiylz.de"] > made["auiwly.de"]


def test_says_which_keys(explains):
    assert explains(layout_exchange, "army.mil", "armz.mil") == "`z` for `y` as on another country's keyboard"
    assert explains(layout_exchange, "army.mil", "arnz.mil") is None
