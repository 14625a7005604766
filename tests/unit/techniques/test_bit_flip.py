"""One bit of one character flipped in a faulty memory."""

from watcher.techniques import bit_flip


def test_flips_in_place(makes):
    made = makes(bit_flip, "army.mil")
    assert {"qrmy.mil", "ermy.mil", "irmy.mil"} <= set(made)
    assert all(len(text) == len("army.mil") for text in made)


def test_case_is_no_difference(makes):
    assert "army.mil" not in makes(bit_flip, "army.mil")


def test_says_which(explains):
    assert explains(bit_flip, "army.mil", "ermy.mil") == "one bit between `a` and `e` in `army`"
    assert explains(bit_flip, "army.mil", "brmy.mil") is None
