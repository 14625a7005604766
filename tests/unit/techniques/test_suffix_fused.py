"""The suffix as part of the label."""

from watcher.techniques import suffix_fused


def test_glued_and_hyphenated(makes):
    assert {"armymil.com", "army-mil.com"} <= set(makes(suffix_fused, "army.mil"))


def test_suffixes_of_several_labels(makes):
    made = set(makes(suffix_fused, "mod.gov.uk"))
    assert {"modgovuk.com", "mod-gov-uk.com", "mod.govuk.com", "mod.gov-uk.com"} <= made


def test_a_suffix_itself(makes):
    assert {"govuk.com", "gov-uk.com"} <= set(makes(suffix_fused, "gov.uk"))
    assert makes(suffix_fused, "mil") == {}


def test_says_how(explains):
    assert explains(suffix_fused, "army.mil", "armymil.com") == "the suffix `mil` made part of the label `armymil`"
    assert explains(suffix_fused, "army.mil", "armymil.zw") is None
