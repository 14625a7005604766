"""Whatever waits, and however storms take it apart: no event of a name is told after a newer one of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.alert_samples import became_able
from watcher.core.telling.gathering import Group, Waiting
from watcher.core.telling.order import in_order

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NAMES = ("army.ml", "navy.ml", "jag.ml", "mod.ml")
WAYS = (("slack", "email"), ("slack",))


@st.composite
def waiting(draw):
    """Groups of events, each event in one of a few groups by chance; what one group holds goes one way."""
    ways = draw(st.lists(st.sampled_from(WAYS), min_size=4, max_size=4))
    parts: dict[int, list[Waiting]] = {}
    for number, (name, group, wait) in enumerate(
        draw(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(0, 3), st.integers(0, 60)), max_size=12))
    ):
        event = replace(became_able(number, name), id=f"{number:04}", registrable_domain=name)
        since = BEGIN + timedelta(seconds=60 * number + wait)
        parts.setdefault(group, []).append(Waiting(event, ways[group], since))
    return [Group(f"storm {key}", tuple(members), True, ways[key]) for key, members in parts.items()]


@given(waiting(), st.integers(0, 13))
def test_no_event_of_a_name_comes_after_a_newer_one(groups, minutes):
    now = BEGIN + timedelta(minutes=minutes)
    told = in_order(groups, lambda group: any(one.since <= now for one in group.members))
    ids = [one.event.id for group in told for one in group.members]
    assert len(ids) == len(set(ids)), "each once"
    assert {one.event.id for group in groups for one in group.members if one.since <= now} <= set(ids)
    for name in NAMES:
        of = [
            [one.event.id for one in group.members if one.event.registrable_domain == name]
            for group in told
        ]  # fmt: skip
        told_of = [part for part in of if part]
        for earlier, later in pairwise(told_of):
            assert max(earlier) < min(later)
        newest = max((max(part) for part in told_of), default="")
        older = [one.event.id for group in groups for one in group.members if one.event.registrable_domain == name]
        assert {one for one in older if one < newest} <= set(ids), "nothing older of it is left"
    for group in told:
        assert {one.channels for one in group.members} == {group.channels}


@given(waiting())
def test_without_names_in_common_groups_stay_and_go_by_age(groups):
    apart = [
        replace(
            group,
            members=tuple(
                replace(one, event=replace(one.event, registrable_domain=f"{one.event.id}.ml")) for one in group.members
            ),
        )
        for group in groups
    ]
    told = in_order(apart, lambda _: True)
    ages = [min(one.since for one in group.members) for group in told]
    assert ages == sorted(ages)
    assert sorted(told, key=str) == sorted(apart, key=str)
