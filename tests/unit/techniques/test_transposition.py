"""Two neighbouring characters in the wrong order."""

from watcher.techniques import transposition


def test_every_pair_is_turned_round(makes):
    assert set(makes(transposition, "army.mil")) == {"ramy.mil", "amry.mil", "arym.mil"}


def test_equal_neighbours_make_nothing(makes):
    assert "hall.com" not in makes(transposition, "hall.com")


def test_the_first_pair_is_the_rarest(makes):
    made = makes(transposition, "birmingham.com")
    assert made["ibrmingham.com"] == min(made.values())


def test_says_which_pair(explains):
    assert explains(transposition, "army.mil", "amry.mil") == "`rm` turned round in `army`"
    assert explains(transposition, "army.mil", "myar.mil") is None
