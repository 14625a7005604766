"""A dot one place too early or too late."""

from watcher.techniques import dot_moved


def test_every_dot_moves_both_ways(makes):
    assert set(makes(dot_moved, "us.army.mil")) == {"u.sarmy.mil", "usa.rmy.mil", "us.arm.ymil", "us.armym.il"}


def test_no_label_is_emptied(makes):
    assert set(makes(dot_moved, "x.mod.gov.uk")) >= {"xm.od.gov.uk"}
    assert not [name for name in makes(dot_moved, "x.y.com") if ".." in name or name.startswith(".")]


def test_says_which_dot(explains):
    assert explains(dot_moved, "us.army.mil", "usa.rmy.mil") == "the dot between `us` and `army` moved"
    assert explains(dot_moved, "us.army.mil", "us.amry.mil") is None
