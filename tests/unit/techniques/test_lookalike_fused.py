"""A lookalike letter in a label with its suffix."""

from watcher.techniques import lookalike_fused


def test_a_lookalike_letter_and_the_suffix_in_one_label(makes, explains):
    listed = makes(lookalike_fused, "dvb.mil")
    assert {"dwb-mil.com", "dwbmil.com", "clvb-mil.net"} <= listed.keys()
    assert listed["dwb-mil.com"] > listed["dwbmil.com"]
    assert explains(lookalike_fused, "dvb.mil", "dwb-mil.com") == "`dwb-mil` looks like `dvb` with the suffix `mil`"
    assert explains(lookalike_fused, "dvb.mil", "dvb-mil.com") is None
