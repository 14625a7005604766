"""The judge of the replay: what the letters of a log show to be a real gain, and what no alert can excuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.replay_score import STEADY, WINDOW, gains_in, judged, rightly_lost, together, unlisted


@pytest.mark.parametrize(
    "row",
    [
        "nnnnnnnnMnnnnnnnn",  # an exchange on a single day
        "nnnnnnnnMMnnnnnnn",  # on two: the watch would be sure, the judge is not
        "nnnnnnnnMnMnMnMnM",  # flicker
        "nnnnnnnnMMnMMnMMn",
        "MMMMMMMMMMMMMMMMM",  # from the beginning
        "MnnnnnnMMMMMMMMMM",  # within the week before
        "nnMMnnnnnnMMMMMMM",
        "MMMMMMnMMMMMMMMMM",  # a day without is no end
        "MMMMMM?MMMMMMMMMM",  # nor is a failed lookup,
        "MMM??????????MMMM",  # however long
        "???????????MMMMMM",  # nothing was ever known before
        "nnnnnnnnM???M????",  # read twice
        "nnnnnnnn000000000",  # null MX, localhost
        "nnnnnnnnAAAAAAAAA",  # an address alone
        "nnnnnnnn~~~~~~~~~",  # no exchange, by another log's letter
    ],
)
def test_no_alert_about_these_is_right(row):
    assert gains_in(row) == []
    assert judged(row, range(len(row))) == [None] * len(row)


@pytest.mark.parametrize(
    ("row", "start", "seen"),
    [
        ("nnnnnnnnMMMMMMMMM", 8, 9),
        (".........MMM.....", 9, 3),
        ("AAAAAMMMMMMMMMMMM", 5, 12),  # the log begins a few days before
        ("AAAA00??MMMMMMMMM", 8, 9),  # failed lookups after what was known
        ("..?????????MMMMMM", 11, 6),
        ("nnnnnnnnM?M?MMMMM", 8, 7),
        ("nnnnnnnnMnMMMMMMM", 8, 8),  # a lapse of one day at once,
        ("nnnnnnnnMMnMMMMMM", 8, 8),  # or on the third day
        ("MMMnnnnnnnMMMMMMM", 10, 7),  # a week without: gained again
    ],
)
def test_a_real_gain_excuses_one_alert_while_it_lasts(row, start, seen):
    (gain,) = gains_in(row)
    assert (gain.start, gain.seen) == (start, seen)
    assert judged(row, [start + 1]) == [gain]
    assert judged(row, [start + 1, start + 2]) == [gain, None], "told twice"
    assert judged(row, [start - 1]) == [None], "before it was there"
    assert judged(row + "n", [gain.end + 1]) == [None], "when it was over"


def test_a_gain_lost_for_a_week_and_gained_again_is_two():
    row = "nnnMMMMnnnnnnnMMMM"
    first, second = gains_in(row)
    assert judged(row, [4, 15]) == [first, second]
    assert judged(row, [4, 5]) == [first, None]


def test_a_host_that_flickers_under_a_domain_that_takes_mail_gains_nothing():
    row = together(["MMMMMMMMMMMMMMM", "nnnnnnnnnMMMMMM"])
    assert row == "MMMMMMMMMMMMMMM"
    assert judged(row, [10]) == [None]
    assert together(["n0A?M.", "......"]) == "n0A?M."


def test_why_a_list_that_wants_a_week_on_either_side_leaves_it_out():
    whys = [unlisted(gains_in(row)[0]) for row in ("AAAAAMMMM", "nnnn00??MMMM", "nnnnnnnMMMnnnn", "nnnnnnnM?MM????M")]
    assert [why.partition(";")[0] for why in whys] == [
        "gained in snapshot 5, too soon for a week before",
        "lookups failed in the week before",
        "lasted 3 snapshots",
        "seen in 4 of 9",
    ]


@pytest.mark.parametrize(
    ("row", "at", "right"),
    [
        ("AAAnnn", 5, True),
        ("AAA0?..", 6, True),
        ("AAAnn", 4, False),
        ("AAnAnn", 5, False),
        ("Ann?M", 4, False),
        ("nn", 1, False),
    ],
)
def test_a_loss_is_right_after_three_known_letters_without_mail(row, at, right):
    assert rightly_lost(row, at) is right


@given(st.text("M?A0n.", max_size=60), st.lists(st.integers(0, 59), max_size=6))
def test_nothing_is_excused_that_the_letters_do_not_show(row, told):
    for at, gain in zip(sorted(told), judged(row, sorted(told)), strict=True):
        if gain is None:
            continue
        assert gain.start <= at <= gain.end < len(row)
        assert row[gain.start] == "M"
        assert set(row[gain.start : gain.end + 1]) <= {"M", "?"}
        assert row[gain.start : gain.end + 1].count("M") >= STEADY
        before = row[max(0, gain.start - WINDOW) : gain.start]
        assert "M" not in before
        assert row[: gain.start].strip("?"), "something was known before"
        assert row[: gain.start].rstrip("?")[-1] != "M"
    real = [gain for gain in judged(row, sorted(told)) if gain is not None]
    assert len(real) == len(set(real)), "each gain excuses one alert"
