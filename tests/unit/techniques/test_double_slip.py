"""Two slips in one label, or one that is wider than a key."""

from watcher.techniques import double_slip


def test_pairs_of_what_comes_in_pairs(makes):
    made = makes(double_slip, "government.gov")
    assert {"govermet.gov", "goverment.gov", "govenrmet.gov", "ggovernmment.gov"} & set(made)
    assert "goverrnmment.gov" in made
    assert "govornmnet.gov" in made


def test_one_slip_wider_than_a_key(makes):
    made = makes(double_slip, "army.mil")
    assert {"ay.mil", "mray.mil", "rmay.mil", "army.mil"} & set(made) >= {"ay.mil", "mray.mil", "rmay.mil"}
    assert "ararmy.mil" in made


def test_only_the_registrable_label(makes):
    assert all(name.startswith("mail.") for name in makes(double_slip, "mail.army.mil"))


def test_a_long_label_stays_bounded(makes):
    assert len(makes(double_slip, "abcdefghij" * 6 + ".com")) < 6000


def test_says_what_was_written(explains):
    assert explains(double_slip, "army.mil", "amryy.mil") == "two slips in `army`: `amryy`"
    assert explains(double_slip, "army.mil", "ary.mil") is None
    assert explains(double_slip, "army.mil", "navy.mil") is None
