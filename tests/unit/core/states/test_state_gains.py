"""Gains: confirmed by a second look, by enough resolvers, and told again when somebody prepares for mail (M38, M70)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.sightings import (
    ONE,
    OTHER,
    absent,
    explicit,
    implicit,
    no_address,
    null_mx,
    unknown,
)
from tests.fakes.timeline import ABLE, BASELINE, CHANGED, FOUND, NAME, NEWS, START, UNABLE, Timeline, able
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.states.mail_state import Policy, sighted
from watcher.core.states.name import step

DAY = 86_400


class TestConfirmation:
    """M38, M67b."""

    def test_another_resolver_confirms_after_the_delay(self):
        name = Timeline(origin=NEWS)
        assert name.look(0, explicit, resolver=ONE) == []
        assert name.state.pending.due_at == START + timedelta(seconds=60)
        assert name.state.avoid == {ONE}
        assert name.look(60, explicit, resolver=OTHER) == [FOUND, ABLE]
        told = name.drafts[1]
        assert {row.resolver for row in told.evidence} == {ONE, OTHER}
        assert (told.before.ability, told.before.basis) == (Ability.UNABLE, Basis.NO_SUCH_NAME)
        assert told.after.basis is Basis.EXPLICIT_MX
        assert told.since == NEWS.absent_since

    def test_too_soon_confirms_nothing(self):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, resolver=ONE)
        assert name.look(30, explicit, resolver=OTHER) == []
        assert name.look(61, explicit, resolver=OTHER) == [FOUND, ABLE]

    def test_the_same_resolver_confirms_after_the_ttl(self):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, ttl=300)
        assert name.look(60, explicit, ttl=240) == []
        assert name.state.pending.due_at == START + timedelta(seconds=300)
        assert name.look(300, explicit, ttl=300) == [FOUND, ABLE]

    def test_a_resolver_alone_waits_for_the_ttl_at_once(self):
        name = Timeline(Policy(alone=True), NEWS)
        name.look(0, explicit, ttl=300)
        assert name.state.pending.due_at == START + timedelta(seconds=300)

    def test_the_operator_cannot_postpone_the_alert_by_its_ttl(self):
        name = Timeline(Policy(alone=True), NEWS)
        name.look(0, explicit, ttl=2**31 - 1)
        assert name.state.pending.due_at == START + timedelta(hours=1)
        assert name.look(3600, explicit, ttl=2**31 - 1) == [FOUND, ABLE]

    def test_a_contradicted_one_ends(self):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, resolver=ONE)
        assert name.look(60, absent, resolver=OTHER) == []
        assert name.state.pending is None
        assert not name.state.seen
        assert name.look(120, explicit, resolver=OTHER) == []
        assert name.look(180, explicit, resolver=ONE) == [FOUND, ABLE]

    def test_resolvers_that_take_turns_confirm_by_who_gave_the_decisive_answer(self):
        first = implicit(NAME, START, resolver=ONE)
        mixed = replace(first, evidence=(replace(first.evidence[0], resolver=OTHER), first.evidence[1]))
        assert sighted(NAME, mixed, START).resolvers == {ONE}
        exchange = explicit(NAME, START, resolver=ONE)
        mixed = replace(exchange, evidence=(exchange.evidence[0], replace(exchange.evidence[1], resolver=OTHER)))
        assert sighted(NAME, mixed, START).resolvers == {ONE}

    def test_an_unknown_reading_neither_confirms_nor_contradicts(self):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, resolver=ONE)
        assert name.look(60, unknown, resolver=OTHER) == []
        assert name.look(120, explicit, resolver=OTHER) == [FOUND, ABLE]

    def test_found_unable_then_able(self):
        name = Timeline(origin=NEWS)
        assert name.look(0, no_address) == [FOUND]
        assert name.drafts[0].after.ability is Ability.UNABLE
        assert name.look(3600, explicit, resolver=ONE) == []
        assert name.look(3660, explicit, resolver=OTHER) == [ABLE]
        assert name.drafts[0].since == START

    def test_a_remembered_answer_confirms_nothing(self):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, ttl=120)
        at = START + timedelta(seconds=130)
        remembered = sighted(NAME, explicit(NAME, START + timedelta(seconds=10), ttl=120), at)
        state, drafts = step(name.state, remembered, at, name.policy)
        assert drafts == ()
        assert state.pending.due_at > at

    def test_stronger_at_the_second_look_is_confirmed_itself(self):
        name = Timeline(origin=NEWS)
        name.look(0, implicit, resolver=ONE)
        assert name.look(60, explicit, resolver=OTHER) == []
        assert name.look(120, explicit, resolver=ONE) == [FOUND, ABLE]
        assert name.drafts[1].after.basis is Basis.EXPLICIT_MX
        assert name.look(10_000, explicit) == []

    def test_weaker_at_the_second_look_is_what_is_told(self):
        name = Timeline(origin=NEWS)
        name.look(0, explicit, resolver=ONE)
        assert name.look(60, implicit, resolver=OTHER) == [FOUND, ABLE]
        assert name.drafts[1].after.basis is Basis.IMPLICIT_MX


class TestVoices:
    """More than half of the resolvers must say it, as long as there are others to be heard."""

    def timeline(self, **options):
        return Timeline(Policy(voices=3), NEWS, **options)

    def test_a_gain_takes_three_of_four_and_each_is_avoided_next(self):
        name = self.timeline()
        assert name.look(0, explicit, resolver="a") == []
        assert name.look(60, explicit, resolver="b") == []
        assert name.state.avoid == {"a", "b"}
        assert name.look(120, explicit, resolver="c") == [FOUND, ABLE]
        assert {answer.resolver for answer in name.drafts[-1].evidence} == {"a", "b", "c"}

    def test_two_that_agree_are_contradicted_by_the_third(self):
        name = self.timeline()
        for at in range(0, 3600, 240):
            assert name.look(at, explicit, resolver="a") == []
            assert name.look(at + 60, explicit, resolver="b") == []
            assert name.look(at + 120, absent, resolver="c") == []

    def test_where_nobody_else_answers_two_are_enough_after_the_ttl(self):
        name = self.timeline()
        name.look(0, explicit, resolver="a", ttl=300)
        name.look(60, explicit, resolver="b", ttl=300)
        assert name.look(120, unknown) == []
        assert name.state.avoid == {"b"}, "whoever answers is better than nobody"
        assert name.look(180, explicit, resolver="a", ttl=300) == []
        assert name.look(420, explicit, resolver="a", ttl=300) == [FOUND, ABLE]

    def test_a_loss_takes_three_of_four_too(self):
        name = self.timeline()
        name.look(0, explicit, resolver="a")
        name.look(60, explicit, resolver="b")
        name.look(120, explicit, resolver="c")
        for at in (3600, 7200):
            assert name.look(at, absent, resolver="a") == []
            assert name.look(at + 600, absent, resolver="b") == []
            assert name.state.avoid == {"a", "b"}
            assert name.look(at + 1200, explicit, resolver="c") == []
        assert [name.look(at, absent, resolver=who) for at, who in ((9000, "a"), (9600, "b"), (10200, "c"))][-1] == [
            UNABLE
        ]

    @pytest.mark.parametrize(
        ("resolvers", "at_source", "voices"), [(1, False, 2), (2, False, 2), (3, False, 2), (4, False, 3), (9, True, 2)]
    )
    def test_half_of_them_are_never_enough(self, resolvers, at_source, voices):
        minute = timedelta(minutes=1)
        policy = Policy.among(resolvers, at_source=at_source, delay=minute, losses=3, loss_gap=5 * minute)
        assert (policy.voices, policy.alone) == (voices, resolvers == 1)


class TestGainsAgain:
    """M70, M71."""

    def test_implicit_then_explicit(self):
        name = Timeline(origin=NEWS)
        name.look(0, implicit, resolver=ONE)
        assert name.look(60, implicit, resolver=OTHER) == [FOUND, ABLE]
        assert name.look(3600, explicit, resolver=ONE) == []
        assert name.look(3660, explicit, resolver=OTHER) == [ABLE]
        told = name.drafts[0]
        assert (told.before.basis, told.after.basis) == (Basis.IMPLICIT_MX, Basis.EXPLICIT_MX)

    @pytest.mark.parametrize("flags", [(), (Flag.SENDER_DEPENDENT,)])
    def test_a_baseline_that_prepares_for_mail_is_news(self, flags):
        name = Timeline()
        make = explicit if flags else implicit
        assert name.look(0, make, flags=flags) == [BASELINE]
        name.look(3600, explicit, resolver=ONE)
        assert name.look(3660, explicit, resolver=OTHER) == [ABLE]

    def test_back_to_implicit_takes_three_looks(self):
        name = Timeline()
        able(name)
        assert name.look(1000, implicit) == []
        assert name.look(1300, implicit) == []
        assert name.look(1600, implicit) == [CHANGED]
        assert name.state.standing.ability is Ability.ABLE

    def test_exchanges_that_come_back_within_the_week_are_a_change_only(self):
        name = Timeline(origin=NEWS)
        name.look(0, implicit, resolver=ONE)
        assert ABLE in name.look(60, implicit, resolver=OTHER)
        name.look(3600, explicit, resolver=ONE)
        assert name.look(3660, explicit, resolver=OTHER) == [ABLE]
        for second in (5000, 5300):
            assert name.look(second, implicit) == []
        assert name.look(5600, implicit) == [CHANGED]
        name.look(7000, explicit, resolver=ONE)
        assert name.look(7060, explicit, resolver=OTHER) == [CHANGED]

    @pytest.mark.parametrize(("days", "kind"), [(6.9, CHANGED), (7.1, ABLE)])
    def test_exchanges_that_come_back_later_are_a_gain_however_often(self, days, kind):
        name = Timeline(Policy(voices=1))
        at = 0
        name.look(at, explicit)
        for _ in range(4):
            for after in (300, 600, 900):
                name.look(at + after, implicit)
            at += days * DAY
            assert name.look(at, explicit, resolver=ONE) == []
            assert name.look(at + 60, explicit, resolver=OTHER) == [kind]
            at += 60

    def test_the_loss_of_two_kinds_does_not_add_up(self):
        name = Timeline()
        able(name)
        assert [name.look(second, make) for second, make in ((1000, null_mx), (1300, implicit), (1600, null_mx))] == [
            [],
            [],
            [],
        ]
