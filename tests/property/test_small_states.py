"""The state machines of the watch itself, of channels and of suffixes: told once, ended once, kept as written."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.fakes.sightings import ONE, OTHER, absent, suffix_wildcard, unknown
from watcher.core.events import EventKind
from watcher.core.mail.verdict import Exchange
from watcher.core.shapes import watch as shapes
from watcher.core.states import blindness, troubles
from watcher.core.states import channel as channel_state
from watcher.core.states import suffix as suffix_state

START = datetime(2026, 11, 1, tzinfo=UTC)
LIMIT = timedelta(minutes=15)
MINUTES = st.integers(0, 60).map(lambda minutes: timedelta(minutes=minutes))
quick = hypothesis_settings(max_examples=150, deadline=None)


@quick
@given(looks=st.lists(st.tuples(MINUTES, st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=30))
def test_blindness_is_told_once_for_each_condition_and_ends_once(looks):
    """Whatever is seen when: no recovery without blindness, no second telling of a condition, none of it lost."""
    now, settled_at, canary_at, state, open_ = START, START, START, blindness.Blindness(), set()
    ever = False
    for apart, settles, canary_able, has_canary in looks:
        now += apart
        settled_at, ever = (now, True) if settles else (settled_at, ever)
        canary_at = now if canary_able else canary_at
        sight = blindness.Sight(
            now,
            settled_at,
            ever,
            errors=() if settles else ("TIMEOUT from 192.0.2.1",),
            canary="canary.army.mil" if has_canary else None,
            canary_at=canary_at,
            canary_said="" if canary_able else "canary.army.mil is unknown: lookup_failed",
        )
        state, drafts = blindness.step(state, sight, LIMIT)
        assert blindness.step(state, sight, LIMIT) == (state, ())
        assert shapes.blindness_from_json(shapes.blindness_json(state)) == state
        told = {condition for condition, _ in state.told}
        for draft in drafts:
            if draft.kind is EventKind.WATCH_STALE:
                assert draft.blind
                assert set(draft.after["conditions"]) == told
                assert told - open_
            else:
                assert open_
                assert not told
        if now - settled_at > LIMIT:
            assert blindness.Condition.NOTHING_SETTLES in told
        open_ = told


def test_only_the_canary_missing_is_not_nothing_settled():
    now = START + timedelta(hours=1)
    sight = blindness.Sight(now, now, True, (), "canary.army.mil", START, "canary.army.mil is unable: null_mx")
    _, (draft,) = blindness.step(blindness.Blindness(), sight, LIMIT)
    assert draft.after["conditions"] == ["canary_missing"]
    assert "other names are seen" in draft.after["reason"]
    assert "nothing" not in draft.after["reason"]
    blind = blindness.Sight(now, START, True, ("TIMEOUT from 192.0.2.1",))
    _, (draft,) = blindness.step(blindness.Blindness(), blind, LIMIT)
    assert draft.after["conditions"] == ["nothing_settles"]
    assert "TIMEOUT from 192.0.2.1" in draft.after["reason"]


def test_a_second_condition_is_told_when_it_begins():
    at = START + timedelta(minutes=16)
    first = blindness.Sight(at, at, True, (), "c.army.mil", START, "c.army.mil is unknown: lookup_failed")
    state, (told,) = blindness.step(blindness.Blindness(), first, LIMIT)
    assert told.after["conditions"] == ["canary_missing"]
    later = at + timedelta(minutes=16)
    second = blindness.Sight(later, at, True, (), "c.army.mil", START, "c.army.mil is unknown: lookup_failed")
    _, (told,) = blindness.step(state, second, LIMIT)
    assert set(told.after["conditions"]) == {"canary_missing", "nothing_settles"}


keys = st.dictionaries(st.sampled_from(["backlog", "disk", "settled.0"]), st.just("words"), max_size=3)


@quick
@given(looks=st.lists(st.tuples(st.integers(-20, 60), keys), min_size=1, max_size=30))
def test_a_trouble_is_told_once_it_lasted_or_at_once_and_ends_once(looks):
    now, state = START, {}
    for apart, found in looks:
        now += timedelta(minutes=apart)
        before = {key for key, trouble in state.items() if trouble.told}
        state, drafts = troubles.step(state, found, urgent={"disk"}, now=now, patience=LIMIT)
        assert shapes.troubles_from_json(shapes.troubles_json(state)) == state
        assert troubles.step(state, found, urgent={"disk"}, now=now, patience=LIMIT) == (state, ())
        told = {key for key, trouble in state.items() if trouble.told}
        assert state.keys() == found.keys()
        assert all(trouble.since <= now for trouble in state.values())
        assert ("disk" in found) == ("disk" in told)
        assert len(drafts) <= 1
        for draft in drafts:
            if draft.kind is EventKind.WATCH_STALE:
                assert set(draft.after["conditions"]) == told
                assert told - before
            else:
                assert before
                assert not told
        if not drafts:
            assert told <= before
            assert told or not before


@quick
@given(tries=st.lists(st.tuples(MINUTES, st.sampled_from(channel_state.Result)), min_size=1, max_size=40))
def test_a_channel_that_fails_is_told_once_until_it_accepts(tries):
    now, state, telling, failing_since = START, channel_state.ChannelState(), False, None
    for apart, result in tries:
        now += apart
        state, drafts = channel_state.step(state, "slack", result, now, why="no", failing_after=LIMIT)
        assert shapes.channel_state_from_json(shapes.channel_state_json(state)) == state
        if result in {channel_state.Result.ACCEPTED, channel_state.Result.PROGRESSED}:
            failing_since = None
        elif result is channel_state.Result.FAILED:
            failing_since = failing_since or now
        lasted = failing_since is not None and now - failing_since >= LIMIT
        must = result is channel_state.Result.REJECTED or (result is channel_state.Result.FAILED and lasted)
        match [draft.kind for draft in drafts]:
            case [EventKind.CHANNEL_FAILING]:
                assert must
                assert not telling
                telling = True
            case [EventKind.CHANNEL_RECOVERED]:
                assert telling
                assert result is channel_state.Result.ACCEPTED
                telling = False
            case []:
                assert telling or not must
                assert not telling or result is not channel_state.Result.ACCEPTED


def wild(at, *, host=None, **options):
    """Seen by any random label."""
    verdict = suffix_wildcard("w1.ws", at, **options)
    return verdict if host is None else host_of(verdict, host)


def host_of(verdict, host):
    return verdict.__class__(
        verdict.ability, verdict.basis, verdict.flags, (Exchange(10, host, ("93.184.215.14",)),), verdict.evidence
    )


SEEN = {
    "address": wild,
    "exchange": lambda at, **options: wild(at, host="mx.registry.ws", **options),
    "none": lambda at, **options: absent("w1.ws", at, **options),
    "unknown": lambda at, **options: unknown("w1.ws", at, **options),
}


@quick
@given(looks=st.lists(st.tuples(st.sampled_from(sorted(SEEN)), st.sampled_from([ONE, OTHER])), max_size=30))
def test_a_suffix_is_told_of_after_looks_in_a_row_that_agree(looks):
    at, state, row, baseline = START, suffix_state.SuffixState(), [], 0
    for number, (what, resolver) in enumerate(looks):
        at += timedelta(minutes=5)
        before = state
        verdict = SEEN[what](at, resolver=resolver)
        state, drafts = suffix_state.step(state, verdict, frozenset({resolver}), first=number == 0)
        assert shapes.suffix_state_from_json(shapes.suffix_state_json(state)) == state
        if what == "unknown":
            assert (state, drafts) == (before, ())
            continue
        row.append(what)
        if drafts:
            (draft,) = drafts
            needed = suffix_state.LOSSES if what == "none" else suffix_state.SIGHTINGS
            assert set(row[-needed:]) == {what}
            assert (draft.before, draft.after) == (before.stands, state.stands)
            assert draft.before != draft.after
            assert len({answer.at for answer in draft.evidence}) == needed, "every reading is shown"
            baseline += draft.kind is EventKind.MAIL_FOUND_ABLE
            row.clear()
        else:
            assert state.stands == before.stands
    assert baseline <= 1
