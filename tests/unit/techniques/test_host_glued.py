"""A host word glued to the name, its dot forgotten."""

from watcher.techniques import host_glued


def test_usual_hosts(makes):
    assert {"wwwarmy.mil", "mailarmy.mil", "smtparmy.mil"} <= set(makes(host_glued, "army.mil"))
    assert makes(host_glued, "mil") == {}


def test_says_which(explains):
    assert explains(host_glued, "army.mil", "wwwarmy.mil") == "`www` glued to the front"
    assert explains(host_glued, "army.mil", "www.army.mil") is None
