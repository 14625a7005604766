"""Section E of the verdict's specification: the table, baseline, unknown looks, and a clock that is set."""

from datetime import timedelta
from itertools import product

import pytest

from tests.fakes.sightings import (
    ONE,
    OTHER,
    absent,
    explicit,
    implicit,
    no_address,
    null_mx,
    suffix_wildcard,
    unknown,
)
from tests.fakes.timeline import ABLE, BASELINE, FOUND, NAME, NEWS, START, Timeline, able
from watcher.core.mail.verdict import Ability, Flag
from watcher.core.states.mail_state import Origin, Standing, exists, sighted, standing_of
from watcher.core.states.name import TABLE, reconsider, step


def test_the_table_has_a_row_for_everything():
    assert set(TABLE) == set(product(Standing, set(Standing) - {Standing.UNSETTLED}))


@pytest.mark.parametrize(
    ("make", "flags", "standing"),
    [
        (explicit, (), Standing.PLAIN),
        (explicit, (Flag.SENDER_DEPENDENT,), Standing.WEAK),
        (implicit, (), Standing.WEAK),
        (explicit, (Flag.DEFENSIVE,), Standing.DEFENSIVE),
        (implicit, (Flag.DEFENSIVE,), Standing.DEFENSIVE),
        (null_mx, (Flag.DEFENSIVE,), Standing.UNABLE),
        (null_mx, (), Standing.UNABLE),
        (unknown, (), Standing.NOTHING),
    ],
)
def test_verdicts_are_classed(make, flags, standing):
    assert standing_of(make(NAME, START, flags=flags)) is standing


def test_what_exists():
    assert exists(no_address(NAME, START))
    assert exists(absent(NAME, START, flags=(Flag.ARMED,)))
    assert not exists(absent(NAME, START))
    assert not exists(suffix_wildcard(NAME, START))
    assert not exists(unknown(NAME, START))


def test_m65_unknown_for_days_changes_nothing():
    name = Timeline()
    able(name)
    before = name.state
    for hour in range(1, 100):
        assert name.look(3600 * hour, unknown) == []
    assert name.state.standing == before.standing
    assert name.state.settled_at == START
    assert name.state.attempted_at == START + timedelta(hours=99)
    assert name.state.last_outcome == "SERVFAIL"


class TestBaseline:
    """M67, M68."""

    def test_able_at_the_first_settled_look_is_baseline(self):
        name = Timeline()
        assert name.look(0, explicit) == [BASELINE]
        assert name.drafts[0].since is None
        assert name.look(3600, explicit) == []

    def test_unsettled_at_first_is_baseline_while_the_first_sweep_lasts(self):
        name = Timeline()
        assert name.look(0, unknown) == []
        assert name.look(3600, explicit) == [BASELINE]

    @pytest.mark.parametrize("failing", [(0, 60, 180), (0, 900)], ids=["three tries", "15 minutes"])
    def test_m75_unsettled_when_the_baseline_was_done_is_news_later(self, failing):
        name = Timeline()
        name.baseline_done = True
        for second in failing:
            assert name.look(second, unknown) == []
        assert name.look(3600, explicit, resolver=ONE) == []
        assert name.look(3660, explicit, resolver=OTHER) == [FOUND, ABLE]
        told = name.drafts[1]
        assert (told.unsettled.since, told.unsettled.outcome) == (START, "SERVFAIL")
        assert (told.before.ability, told.since) == (Ability.UNKNOWN, START + timedelta(seconds=failing[-1]))
        assert name.state.unsettled is None

    @pytest.mark.parametrize("failing", [(0,), (0, 60)])
    def test_m75_the_baseline_waits_for_three_tries_within_15_minutes(self, failing):
        name = Timeline()
        name.baseline_done = True
        for second in failing:
            assert name.look(second, unknown) == []
        assert name.look(600, explicit) == [BASELINE]

    def test_m75_unable_at_its_first_settled_reading_is_no_news(self):
        name = Timeline()
        name.baseline_done = True
        for second in (0, 60, 180, 3600):
            assert name.look(second, unknown) == []
        assert name.look(7200, null_mx) == [FOUND]
        assert name.look(9000, explicit, resolver=ONE) == []
        assert name.look(9060, explicit, resolver=OTHER) == [ABLE]
        assert name.drafts[0].unsettled is None

    def test_absent_before_and_unsettled_once_is_news(self):
        name = Timeline(origin=NEWS)
        assert name.look(0, unknown) == []
        assert name.look(60, explicit, resolver=ONE) == []
        assert name.look(120, explicit, resolver=OTHER) == [FOUND, ABLE]

    def test_new_in_the_enumeration_is_baseline(self):
        name = Timeline(origin=Origin(last_sweep_at=START - timedelta(hours=1)))
        assert name.look(0, explicit) == [BASELINE]

    def test_but_registered_since_the_last_sweep_is_news(self):
        since = START - timedelta(hours=1)
        name = Timeline(origin=Origin(last_sweep_at=since, registered_at=since + timedelta(minutes=1)))
        assert name.look(0, explicit, resolver=ONE) == []
        assert name.look(60, explicit, resolver=OTHER) == [FOUND, ABLE]
        assert name.drafts[1].since == since

    def test_its_registration_may_be_learnt_later(self):
        since = START - timedelta(hours=1)
        name = Timeline(origin=Origin(last_sweep_at=since))
        assert name.look(0, explicit) == [BASELINE]
        now = START + timedelta(seconds=90)
        assert reconsider(name.state, since - timedelta(days=1), now) == name.state
        name.state = reconsider(name.state, since + timedelta(minutes=1), now)
        assert name.state.pending.due_at == now
        assert name.look(120, explicit) == [ABLE]
        assert reconsider(name.state, now, now) == name.state


class TestTheClock:
    def test_a_late_look_changes_nothing(self):
        name = Timeline()
        able(name, 1000)
        at = START + timedelta(seconds=500)
        late = sighted(NAME, null_mx(NAME, at), at)
        assert step(name.state, late, START + timedelta(seconds=1100), name.policy) == (name.state, ())

    def test_set_back_an_hour_it_goes_on_at_once(self):
        name = Timeline(origin=NEWS)
        assert name.look(7200, implicit, resolver=ONE) == []
        assert name.look(3600, implicit, resolver=OTHER) == []
        assert name.look(3660, implicit, resolver=OTHER) == [FOUND, ABLE]
        assert all(draft.since <= START + timedelta(hours=1) for draft in name.drafts)
