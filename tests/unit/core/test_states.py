"""Section E of the verdict's specification, row by row, as timelines of looks at one name."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from watcher.core.events import EventKind
from watcher.core.mail_state import MailState, Origin, Policy, Standing, exists, sighted, standing_of
from watcher.core.state_shapes import state_from_json, state_json
from watcher.core.states import TABLE, reconsider, step
from watcher.core.verdict import Ability, Basis, Flag, unite

NAME = "army.ml"
START = datetime(2026, 11, 1, tzinfo=UTC)
NEWS = Origin(absent_since=START - timedelta(hours=1))
FOUND = EventKind.LOOKALIKE_FOUND
BASELINE = EventKind.MAIL_FOUND_ABLE
ABLE = EventKind.MAIL_BECAME_ABLE
UNABLE = EventKind.MAIL_BECAME_UNABLE
CHANGED = EventKind.EXCHANGES_CHANGED


class Timeline:
    """Looks at one name at given seconds after START; every state goes through its JSON and back."""

    def __init__(self, policy=None, origin=None):
        self.policy, self.origin, self.state, self.drafts = policy or Policy(), origin, MailState(), []

    def look(self, seconds, make, *hosts, **options):
        at = START + timedelta(seconds=seconds)
        sighting = sighted(NAME, make(NAME, at, *hosts, **options), at)
        state, drafts = step(self.state, sighting, at, self.policy, self.origin)
        self.state = state_from_json(state_json(state))
        assert self.state == state
        again = step(self.state, sighting, at, self.policy, self.origin)
        assert again == (state, ()), "the same look recorded twice"
        self.drafts = list(drafts)
        return [draft.kind for draft in drafts]


def test_the_table_has_a_row_for_everything():
    assert set(TABLE) == set(product(Standing, Standing))


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


def able(name, at=0):
    """Make the timeline stand able by explicit MX by baseline at second `at`."""
    assert name.look(at, explicit) == [BASELINE]


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


def partly_dead(of, at, *_hosts, flags=(Flag.PARTLY_DEAD,), **options):
    """Able by mx.net; dead.net has no address."""
    verdict = explicit(of, at, "dead.net", "mx.net", flags=flags, **options)
    dead, usable = verdict.exchanges
    return replace(verdict, exchanges=(replace(dead, addresses=()), usable))


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


class TestBaseline:
    """M67, M68."""

    def test_able_at_the_first_settled_look_is_baseline(self):
        name = Timeline()
        assert name.look(0, explicit) == [BASELINE]
        assert name.drafts[0].since is None
        assert name.look(3600, explicit) == []

    def test_unsettled_at_first_is_baseline_later(self):
        """A timeout in the first sweep becomes no alert in the second."""
        name = Timeline()
        assert name.look(0, unknown) == []
        name.origin = NEWS  # the sweep that could not settle it has ended meanwhile
        assert name.look(3600, explicit) == [BASELINE]

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


class TestGainsAgain:
    """M70, M71, and at most twice."""

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

    def test_the_third_gain_is_a_change_only(self):
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

    def test_after_a_loss_it_counts_anew(self):
        name = Timeline()
        able(name)
        for second in (1000, 1300):
            name.look(second, absent)
        assert name.look(1600, absent) == [UNABLE]
        name.look(2000, explicit, resolver=ONE)
        assert name.look(2060, explicit, resolver=OTHER) == [ABLE]

    def test_the_loss_of_two_kinds_does_not_add_up(self):
        name = Timeline()
        able(name)
        assert [name.look(second, make) for second, make in ((1000, null_mx), (1300, implicit), (1600, null_mx))] == [
            [],
            [],
            [],
        ]


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
