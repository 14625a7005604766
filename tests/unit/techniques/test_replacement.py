"""Any character instead of the right one."""

from watcher.techniques import replacement


def test_every_letter_and_digit_stands_for_every_character(makes):
    made = makes(replacement, "ab.com")
    assert len(made) == 2 * 35
    assert made["zb.com"] > made["9b.com"]


def test_says_which(explains):
    assert explains(replacement, "army.mil", "arpy.mil") == "`p` for `m` in `army`"
    assert explains(replacement, "army.mil", "ar-y.mil") is None
