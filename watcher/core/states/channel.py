"""The state machine of a channel: its failures in a row, and the events of its failure and recovery.

| what happened | what is done |
|---|---|
| a delivery was accepted | the trouble ends; `channel_recovered` where it was told |
| a delivery made progress | the trouble ends, and nothing is told: some recipients have it |
| a delivery failed | the trouble begins, or lasts; after `failing_after` it is told once: `channel_failing` |
| a delivery was rejected | told at once, once until a delivery is accepted |
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from watcher.core.events import EventKind
from watcher.core.states.watch_draft import WatchDraft


class Result(StrEnum):
    """The result of one try."""

    ACCEPTED = "accepted"
    PROGRESSED = "progressed"
    FAILED = "failed"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ChannelState:
    """The state of a channel. `since`: first failure in a row; `told_at`: when `channel_failing` was recorded."""

    since: datetime | None = None
    told_at: datetime | None = None


def step(
    state: ChannelState, channel: str, result: Result, now: datetime, *, why: str = "", failing_after: timedelta
) -> tuple[ChannelState, tuple[WatchDraft, ...]]:
    """Return the state after one try, and the events to be recorded."""
    match result:
        case Result.ACCEPTED:
            if state.told_at is None:
                return ChannelState(), ()
            said = {"channel": channel, "reason": f"{channel} accepted an alert again"}
            return ChannelState(), (WatchDraft(EventKind.CHANNEL_RECOVERED, None, said),)
        case Result.PROGRESSED:
            return replace(state, since=None), ()
        case Result.FAILED:
            since = now if state.since is None or state.since > now else state.since
            state = replace(state, since=since)
            if now - since < failing_after:
                return state, ()
        case Result.REJECTED:
            since = now
    if state.told_at is not None:
        return state, ()
    told = WatchDraft(EventKind.CHANNEL_FAILING, since, {"channel": channel, "reason": why})
    return replace(state, told_at=now), (told,)
