"""A typing slip in the suffix makes another one."""

from watcher.techniques import suffix_edit


def test_only_delegated_top_levels_come_out(makes):
    made = makes(suffix_edit, "army.mil")
    assert {"army.ml", "army.il", "army.mit", "army.ril"} <= set(made)
    assert "army.mi" not in made


def test_a_lost_letter_leads(makes):
    made = makes(suffix_edit, "army.mil")
    assert sorted(made, key=made.__getitem__)[-2:] == ["army.il", "army.ml"]


def test_com_goes_to_co_and_cm_first(makes):
    made = makes(suffix_edit, "gmail.com")
    assert sorted(made, key=made.__getitem__)[-3:] == ["gmail.om", "gmail.cm", "gmail.co"]


def test_every_label_of_the_suffix_can_slip(makes):
    made = makes(suffix_edit, "mod.gov.uk")
    assert {"mod.gov.ug", "mod.gov.ua", "mod.go.uk", "mod.gv.uk", "mod.ov.uk"} <= set(made)


def test_a_suffix_itself_slips(makes):
    assert {"ml", "il"} <= set(makes(suffix_edit, "mil"))
    assert {"gov.ug", "go.uk"} <= set(makes(suffix_edit, "gov.uk"))


def test_says_where_the_slip_is(explains):
    assert explains(suffix_edit, "army.mil", "army.ml") == "`i` left out of the suffix"
    assert explains(suffix_edit, "mod.gov.uk", "mod.gov.ug") == "`g` for `k` in the suffix"
    assert explains(suffix_edit, "army.mil", "army.mi") is None
    assert explains(suffix_edit, "army.mil", "navy.ml") is None
