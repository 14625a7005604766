"""Assessing a look, whatever stood and was seen: the same look twice changes nothing, and unknown never changes state."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fakes.sightings import ONE, OTHER, absent, explicit, implicit, look, no_address, null_mx, unknown
from watcher.core.events import EventKind, Resemblance
from watcher.core.mail.verdict import Ability, Flag
from watcher.core.states.assess import NO_SIBLINGS, AssessRules, Siblings, assess, new_row, whose
from watcher.core.states.lookalike import LOOKALIKE, OWN, PROTECTED
from watcher.core.states.mail_state import Origin
from watcher.core.states.steadiness import Mark
from watcher.core.states.subject import Subject

NAME, PARENT = "us.army.ml", "army.ml"
START = datetime(2026, 11, 1, tzinfo=UTC)
MAKERS = (explicit, implicit, null_mx, no_address, absent, unknown)
ABOUT_LOOKALIKES = {EventKind.LOOKALIKE_FOUND, EventKind.MAIL_FOUND_ABLE, EventKind.MAIL_BECAME_ABLE}
SLIP = Resemblance("us.army.mil", ("suffix_edit",), 0.01, "", 5)

steps = st.lists(
    st.tuples(
        st.sampled_from([1, 61, 300, 3600, 86_400, 9 * 86_400]),
        st.sampled_from(MAKERS),
        st.sampled_from([ONE, OTHER]),
        st.sampled_from([(), (Flag.WILDCARD,), (Flag.DEFENSIVE,)]),
    ),
    min_size=1,
    max_size=25,
)


def sighting(step, at):
    _, make, resolver, flags = step
    return look(NAME, make(NAME, at, resolver=resolver, flags=flags), at)


def subject(row, verdict, *, on_own_list):
    return Subject(row.name, row.registrable_domain, (SLIP,), whose(row, verdict, on_own_list=on_own_list))


@settings(max_examples=200, deadline=None)
@given(
    steps=steps,
    relation=st.sampled_from([LOOKALIKE, OWN, PROTECTED]),
    on_own_list=st.booleans(),
    news=st.booleans(),
    baseline_done=st.booleans(),
)
def test_every_look_is_assessed_once_and_unknown_changes_nothing(steps, relation, on_own_list, news, baseline_done):
    origin = Origin(absent_since=START - timedelta(hours=1)) if news else None
    at, row = START, None
    for step in steps:
        at += timedelta(seconds=step[0])
        seen = sighting(step, at)
        before = row or new_row(seen, relation)
        about = subject(before, seen.verdict, on_own_list=on_own_list)
        options = {"origin": origin, "baseline_done": baseline_done}
        outcome = assess(before, seen, about, NO_SIBLINGS, at, AssessRules(), **options)
        if outcome.row is None:
            assert relation == LOOKALIKE
            assert not before.state.seen
            row = None
            continue
        again = assess(outcome.row, seen, about, NO_SIBLINGS, at, AssessRules(), **options)
        assert again.row is outcome.row
        assert again.drafts == ()
        if seen.verdict.ability is Ability.UNKNOWN:
            assert outcome.drafts == ()
            if before.state.attempted_at is not None:
                assert outcome.row.state.standing == before.state.standing
        if relation != LOOKALIKE:
            assert not ABOUT_LOOKALIKES & {draft.kind for draft in outcome.drafts}
        assert outcome.row.next_look_at >= at
        row = outcome.row


@settings(deadline=None)
@given(gap=st.integers(0, 20), flags=st.sampled_from([(), (Flag.WILDCARD,)]))
def test_m73_a_gain_joins_a_siblings_story_within_a_week_and_not_later(gap, flags):
    origin = Origin(absent_since=START)
    hosts = {}
    for name, day in (("us.army.ml", 1), ("uk.army.ml", 1 + gap)):
        siblings = Siblings(tuple(hosts.values()))
        for second, resolver in ((0, ONE), (60, OTHER)):
            at = START + timedelta(days=day, seconds=second)
            seen = look(name, explicit(name, at, "mx.hub.net", resolver=resolver, flags=flags), at)
            row = hosts.get(name) or new_row(seen, LOOKALIKE)
            about = Subject(name, PARENT, (SLIP,))
            outcome = assess(row, seen, about, siblings, at, AssessRules(), origin=origin)
            hosts[name] = outcome.row
    gains = [draft for draft in outcome.drafts if draft.kind is EventKind.MAIL_BECAME_ABLE]
    if flags:
        assert gains == [], "the wildcard's gain was told in the parent's name"
    else:
        assert [Mark.JOINED in draft.change.marks for draft in gains] == [gap <= 7]
