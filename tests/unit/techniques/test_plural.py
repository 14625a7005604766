"""A plural for a singular or the other way round."""

from watcher.techniques import plural


def test_both_ways(makes):
    assert "veterans.gov" in makes(plural, "veteran.gov")
    assert "veteran.gov" in makes(plural, "veterans.gov")
    assert {"armys.mil", "armies.mil"} <= set(makes(plural, "army.mil"))
    assert "army.mil" in makes(plural, "armies.mil")


def test_says_which(explains):
    assert explains(plural, "veteran.gov", "veterans.gov") == "`veterans` for `veteran`"
    assert explains(plural, "veteran.gov", "veteranx.gov") is None
