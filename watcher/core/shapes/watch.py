"""The JSON of small states, as the store keeps it: blindness, troubles, channels that fail, suffixes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.shapes.mail import answer_from_json, answer_json, mail_brief_json, verdict_from_json
from watcher.core.shapes.times import JSON, time_from_json, time_json
from watcher.core.states.blindness import Blindness, Condition
from watcher.core.states.channel import ChannelState
from watcher.core.states.suffix import SuffixState, SuffixWaiting
from watcher.core.states.troubles import Trouble, Troubles


def blindness_json(state: Blindness) -> JSON:
    """Return each condition that was told, with the moment it counts from."""
    return {condition.value: time_json(since) for condition, since in state.told}


def blindness_from_json(row: Mapping[str, Any] | None) -> Blindness:
    """Return the inverse of `blindness_json`; sees where there is nothing."""
    if not row:
        return Blindness()
    return Blindness(tuple((Condition(key), datetime.fromisoformat(since)) for key, since in sorted(row.items())))


def troubles_json(state: Troubles) -> JSON:
    """Return each trouble by its key."""
    return {key: {"since": time_json(trouble.since), "told": trouble.told} for key, trouble in state.items()}


def troubles_from_json(row: Mapping[str, Any] | None) -> dict[str, Trouble]:
    """Return the inverse of `troubles_json`; none where there is nothing."""
    return {key: Trouble(datetime.fromisoformat(kept["since"]), kept["told"]) for key, kept in (row or {}).items()}


CHANNEL_STATE = "channel_state:"
"""Begins the key of the fact that holds a channel's state; the channel's name follows."""


def channel_state_json(state: ChannelState) -> JSON:
    """Since when a channel fails, and when that was told."""
    return {"since": time_json(state.since), "told_at": time_json(state.told_at)}


def channel_state_from_json(row: Mapping[str, Any] | None) -> ChannelState:
    """Return the inverse of `channel_state_json`; a channel that works where there is nothing."""
    if not row:
        return ChannelState()
    return ChannelState(time_from_json(row["since"]), time_from_json(row["told_at"]))


def suffix_state_json(state: SuffixState) -> JSON:
    """Return the wildcard that stands, what waits to be seen again, and for which protected names."""
    waiting = state.waiting
    return {
        "stands": None if state.stands is None else mail_brief_json(state.stands),
        "waiting": None
        if waiting is None
        else {
            "points": None if waiting.points is None else list(waiting.points),
            "times": waiting.times,
            "resolvers": list(waiting.resolvers),
            "evidence": [answer_json(answer) for answer in waiting.evidence],
            "baseline": waiting.baseline,
        },
        "protected": list(state.protected),
    }


def suffix_state_from_json(row: Mapping[str, Any] | None) -> SuffixState:
    """Return the inverse of `suffix_state_json`; an empty state where there is nothing."""
    if not row:
        return SuffixState()
    kept = row["waiting"]
    waiting = None
    if kept is not None:
        points = None if kept["points"] is None else tuple(kept["points"])
        evidence = tuple(answer_from_json(answer) for answer in kept["evidence"])
        waiting = SuffixWaiting(points, kept["times"], tuple(kept["resolvers"]), evidence, kept["baseline"])
    stands = None if row["stands"] is None else verdict_from_json(row["stands"])
    return SuffixState(stands, waiting, tuple(row["protected"]))
