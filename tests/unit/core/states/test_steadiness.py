"""M72: what comes back is a return, what goes back and forth is damped, and by time alone."""

from datetime import timedelta

import pytest

from tests.fakes.sightings import ONE, OTHER, absent, explicit, implicit, null_mx
from tests.fakes.timeline import ABLE, CHANGED, NEWS, UNABLE, Timeline, able
from watcher.core.states.mail_state import Policy
from watcher.core.states.steadiness import Mark

DAY = 86_400.0
MINUTES = (0, 300, 600)


def lost(name, day):
    """A loss at `day`, told; its marks."""
    kinds = [name.look(day * DAY + second, null_mx) for second in MINUTES]
    assert kinds[-1] == [UNABLE]
    return name.drafts[-1].marks


def gained(name, day, *hosts):
    """A gain at `day`, told; its marks."""
    name.look(day * DAY, explicit, *hosts, resolver=ONE)
    assert name.look(day * DAY + 60, explicit, *hosts, resolver=OTHER)[-1] == ABLE
    return name.drafts[-1].marks


def test_a_gain_within_a_week_of_its_loss_is_a_return():
    name = Timeline()
    able(name)
    assert lost(name, 1) == set()
    assert gained(name, 7) == {Mark.RETURNED}


def test_a_gain_after_a_week_is_a_gain():
    name = Timeline()
    able(name)
    lost(name, 1)
    assert gained(name, 8.1) == set()


def test_from_the_third_change_in_30_days_on_it_flaps_and_the_rest_is_damped():
    name = Timeline(origin=NEWS)
    assert gained(name, 0) == set()
    assert lost(name, 4) == set()
    assert gained(name, 8) == {Mark.RETURNED, Mark.FLAPPING}
    assert lost(name, 12) == {Mark.FLAPPING, Mark.DAMPED}
    assert gained(name, 16) == {Mark.RETURNED, Mark.FLAPPING, Mark.DAMPED}


def test_three_changes_in_more_than_30_days_are_no_flapping():
    name = Timeline(origin=NEWS)
    assert gained(name, 0) == set()
    assert lost(name, 20) == set()
    assert gained(name, 31) == set()


def test_a_name_that_stood_still_for_a_week_is_told_of_again():
    name = Timeline(origin=NEWS)
    gained(name, 0)
    lost(name, 1)
    assert Mark.FLAPPING in gained(name, 2)
    assert lost(name, 9.1) == set()


@pytest.mark.parametrize("host", ["mx.other.net", "other.example"])
def test_another_operator_ends_the_damping_at_once(host):
    name = Timeline(origin=NEWS)
    gained(name, 0)
    lost(name, 1)
    gained(name, 2)
    assert Mark.DAMPED in lost(name, 3)
    assert gained(name, 4, host) == {Mark.RETURNED}


def test_another_host_of_the_same_operator_does_not():
    name = Timeline(origin=NEWS)
    gained(name, 0, "mx1.hub.net")
    lost(name, 1)
    gained(name, 2, "mx2.hub.net")
    lost(name, 3)
    assert Mark.DAMPED in gained(name, 4, "mx3.hub.net")


def test_a_higher_severity_ends_the_damping_at_once():
    name = Timeline(origin=NEWS)
    for day in (0, 2):
        name.look(day * DAY, implicit, resolver=ONE)
        name.look(day * DAY + 60, implicit, resolver=OTHER)
        marks = lost(name, day + 1)
    assert Mark.DAMPED in marks
    assert gained(name, 4) == {Mark.RETURNED}


def test_how_often_it_is_looked_at_plays_no_part():
    seldom, often = Timeline(origin=NEWS), Timeline(origin=NEWS)
    marks = {}
    for name, every in ((seldom, 1800), (often, 60)):
        marks[name] = []
        for second in range(0, int(6 * DAY), every):
            make = explicit if second // DAY % 2 == 0 else absent
            name.look(second, make, resolver=(ONE, OTHER)[second // every % 2])
            marks[name] += [(draft.kind, draft.marks) for draft in name.drafts if draft.kind in {ABLE, UNABLE}]
    assert marks[seldom] == marks[often]
    assert len(marks[often]) == 6


def test_exchanges_that_come_and_go_beside_an_address_are_damped_too():
    name = Timeline(Policy(voices=1))
    able(name)
    marks = []
    for day in range(1, 5):
        for second in MINUTES:
            name.look(day * DAY + second, implicit)
        marks.append(name.drafts[0].marks)
        name.look((day + 0.5) * DAY, explicit, resolver=ONE)
        assert name.look((day + 0.5) * DAY + 60, explicit, resolver=OTHER) == [CHANGED]
        marks.append(name.drafts[0].marks)
    assert [Mark.DAMPED in some for some in marks] == [False] * 3 + [True] * 5


def test_the_clock_set_back_moves_the_story_along():
    name = Timeline(origin=NEWS)
    gained(name, 10)
    lost(name, 11)
    assert name.look(9 * DAY, explicit, resolver=ONE) == []
    assert name.state.swings.lost_at is not None
    assert name.state.swings.lost_at - name.state.swings.changes[0] == timedelta(days=1, minutes=9)
    assert name.look(9 * DAY + 60, explicit, resolver=OTHER) == [ABLE]
    assert Mark.RETURNED in name.drafts[0].marks
