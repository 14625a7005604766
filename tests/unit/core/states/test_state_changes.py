"""Losses, other exchanges, and what is the owner's: each after as many looks as it takes (M35, M64, M66, M71)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.sightings import (
    ONE,
    OTHER,
    explicit,
    implicit,
    null_mx,
    unknown,
)
from tests.fakes.timeline import ABLE, BASELINE, CHANGED, FOUND, NAME, NEWS, START, UNABLE, Timeline, able, partly_dead
from watcher.core.mail.verdict import Basis, Flag, unite
from watcher.core.states.mail_state import Standing, standing_of


class TestLoss:
    """M64."""

    def test_three_looks_apart(self):
        name = Timeline()
        able(name)
        assert name.look(1000, null_mx) == []
        assert name.look(1300, null_mx) == []
        assert name.look(1600, null_mx) == [UNABLE]
        told = name.drafts[0]
        assert len(told.evidence) == 3
        assert (told.before.basis, told.after.basis) == (Basis.EXPLICIT_MX, Basis.NULL_MX)
        assert told.since == START

    def test_looks_closer_than_the_gap_do_not_count(self):
        name = Timeline()
        able(name)
        for second in range(1000, 1600, 20):
            assert name.look(second, null_mx) == []
        assert name.look(1600, null_mx) == [UNABLE]

    def test_apart_by_the_ttl_of_the_answer(self):
        name = Timeline()
        able(name)
        name.look(1000, null_mx, ttl=900)
        assert name.state.losses.due_at == START + timedelta(seconds=1900)
        name.look(1500, null_mx, ttl=400)
        name.look(1900, null_mx, ttl=900)
        assert name.look(2800, null_mx) == [UNABLE]

    def test_at_most_an_hour_apart(self):
        name = Timeline()
        able(name)
        name.look(1000, null_mx, ttl=86_400)
        assert name.state.losses.due_at == START + timedelta(seconds=4600)

    def test_one_able_look_begins_anew(self):
        name = Timeline()
        able(name)
        name.look(1000, null_mx)
        name.look(1300, null_mx)
        assert name.look(1450, explicit) == []
        assert name.look(1600, null_mx) == []
        assert name.look(1900, null_mx) == []
        assert name.look(2200, null_mx) == [UNABLE]

    def test_unknown_between_does_not_count_and_does_not_break(self):
        name = Timeline()
        able(name)
        name.look(1000, null_mx)
        assert name.look(1300, unknown) == []
        name.look(1600, null_mx)
        assert name.look(1900, unknown) == []
        assert name.look(2200, null_mx) == [UNABLE]


class TestExchanges:
    """M66."""

    def test_another_set_is_told_once_confirmed(self):
        name = Timeline()
        able(name)
        assert name.look(3600, explicit, "mx.other.net", resolver=ONE) == []
        assert name.look(3660, explicit, "mx.other.net", resolver=OTHER) == [CHANGED]
        told = name.drafts[0]
        assert [one.host for one in told.before.exchanges] == ["mx.army.ml"]
        assert [one.host for one in told.after.exchanges] == ["mx.other.net"]
        assert name.look(7200, explicit, "mx.other.net") == []

    def test_a_flicker_is_not(self):
        name = Timeline()
        able(name)
        name.look(3600, explicit, "mx.other.net", resolver=ONE)
        assert name.look(3660, explicit, resolver=OTHER) == []
        assert name.look(3720, explicit, "mx.other.net", resolver=ONE) == []
        assert name.look(3780, explicit, resolver=OTHER) == []

    def test_order_numbers_ttl_and_addresses_are_no_change(self):
        name = Timeline()
        assert name.look(0, explicit, "a.net", "b.net") == [BASELINE]

        def renumbered(of, at):
            verdict = explicit(of, at, "a.net", "b.net", ttl=7)
            first, second = verdict.exchanges
            moved = (replace(second, preference=90), replace(first, preference=1, addresses=("93.184.215.99",)))
            return replace(verdict, exchanges=moved)

        assert name.look(3600, renumbered) == []
        assert name.state.pending is None

    def test_another_host_first_is_a_change(self):
        name = Timeline()
        name.look(0, explicit, "a.net", "b.net")
        name.look(3600, explicit, "b.net", "a.net", resolver=ONE)
        assert name.look(3660, explicit, "b.net", "a.net", resolver=OTHER) == [CHANGED]

    def test_what_servers_disagree_about_takes_three_looks_that_agree(self):
        """Between them they may show what stands."""
        name = Timeline()
        able(name)
        disagree = {"flags": (Flag.INCONSISTENT,)}
        assert name.look(3600, explicit, "a.net", "b.net", resolver=ONE, **disagree) == []
        assert name.look(3660, explicit, resolver=OTHER, **disagree) == []
        assert name.look(3720, explicit, "a.net", "b.net", resolver=OTHER, **disagree) == []
        assert name.state.pending.due_at > START + timedelta(seconds=3720)
        assert name.look(4020, explicit, "a.net", "b.net", resolver=ONE, **disagree) == [CHANGED]
        assert [one.host for one in name.drafts[0].after.exchanges] == ["a.net", "b.net"]
        assert name.look(9000, explicit, "a.net", "b.net", **disagree) == []

    def test_servers_that_disagree_otherwise_each_time_are_no_change(self):
        name = Timeline()
        able(name)
        for number, second in enumerate((3600, 3660, 3720, 3780, 7200)):
            host = ("a.net", "b.net")[number % 2]
            assert name.look(second, explicit, host, flags=(Flag.INCONSISTENT,)) == []
        assert name.look(9000, explicit) == []
        assert name.state.pending is None

    def test_what_they_disagreed_about_once_is_not_kept_for_ever(self):
        name = Timeline()
        able(name)
        assert name.look(3600, explicit, "a.net", flags=(Flag.INCONSISTENT,)) == []
        assert name.look(3900, explicit, flags=(Flag.INCONSISTENT,)) == []
        assert name.state.pending is not None
        assert name.look(7500, explicit, flags=(Flag.INCONSISTENT,)) == []
        assert name.state.pending is None

    def test_a_dead_exchange_that_takes_mail_is_told_once(self):
        name = Timeline()
        assert name.look(0, partly_dead) == [BASELINE]
        assert name.look(3600, explicit, "dead.net", "mx.net", resolver=ONE) == []
        assert name.look(3660, partly_dead, resolver=OTHER) == [], "a flicker"
        assert name.state.pending is None
        assert name.look(7200, explicit, "dead.net", "mx.net", resolver=ONE) == []
        assert name.look(7260, explicit, "dead.net", "mx.net", resolver=OTHER) == [CHANGED]
        for second in range(10_000, 20_000, 600):
            assert name.look(second, partly_dead if second % 1200 else explicit, "dead.net", "mx.net") == []

    def test_an_exchange_that_was_merely_unsettled_is_no_change(self):
        name = Timeline()
        assert name.look(0, partly_dead, flags=()) == [BASELINE]
        assert name.look(3600, explicit, "dead.net", "mx.net") == []
        assert name.state.pending is None


class TestDefensive:
    """M35: what the owner holds is able like any other, and a gain when it is the owner's no more."""

    OURS = {"flags": (Flag.DEFENSIVE,)}  # noqa: RUF012 (a constant)

    @pytest.mark.parametrize("make", [explicit, implicit])
    def test_the_owner_s_no_more(self, make):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, "mail.army.mil", resolver=ONE, **self.OURS)
        assert name.look(60, explicit, "mail.army.mil", resolver=OTHER, **self.OURS) == [FOUND, ABLE]
        assert name.look(3600, make, resolver=ONE) == []
        assert name.look(3660, make, resolver=OTHER) == [ABLE]
        assert name.drafts[0].before.flags == (Flag.DEFENSIVE,)
        assert name.drafts[0].after.flags == ()

    def test_though_its_exchanges_are_the_same(self):
        name = Timeline()
        assert name.look(0, explicit, "mail.army.mil", **self.OURS) == [BASELINE]
        name.look(3600, explicit, "mail.army.mil", resolver=ONE)
        assert name.look(3660, explicit, "mail.army.mil", resolver=OTHER) == [ABLE]

    def test_each_step_up_is_told(self):
        name = Timeline(origin=NEWS)
        told = []
        for hour, (make, options) in enumerate(((explicit, self.OURS), (implicit, {}), (explicit, {}))):
            name.look(3600 * hour, make, resolver=ONE, **options)
            told += name.look(3600 * hour + 60, make, resolver=OTHER, **options)
        assert told == [FOUND, ABLE, ABLE, ABLE]

    def test_a_look_that_did_not_know_whose_it_is_is_contradicted(self):
        name = Timeline()
        name.look(0, explicit, **self.OURS)
        assert name.look(3600, explicit, resolver=ONE) == []
        assert name.look(3660, explicit, resolver=OTHER, **self.OURS) == []
        assert name.state.pending is None

    def test_put_on_the_own_list_is_no_change(self):
        name = Timeline()
        able(name)
        assert name.look(3600, explicit, **self.OURS) == []
        assert name.state.losses is None
        assert standing_of(name.state.standing) is Standing.DEFENSIVE

    def test_turned_to_the_owner_is_a_change_after_three_looks(self):
        name = Timeline()
        able(name)
        for second in (1000, 1300):
            assert name.look(second, explicit, "mail.army.mil", **self.OURS) == []
        assert name.look(1600, explicit, "mail.army.mil", **self.OURS) == [CHANGED]
        name.look(7000, explicit, resolver=ONE)
        assert name.look(7060, explicit, resolver=OTHER) == [ABLE]

    def test_the_owner_s_at_one_nameserver_alone_is_not_the_owner_s(self):
        ours, theirs = explicit(NAME, START, "mail.army.mil", **self.OURS), explicit(NAME, START)
        for first, second in ((ours, theirs), (theirs, ours)):
            assert Flag.DEFENSIVE not in unite(first, second).flags
            assert unite(first, second).exchanges == theirs.exchanges
