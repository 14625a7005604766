"""The states of suffixes, as they are kept: one small fact for each suffix that answers for any name, or may.

A sweep that meets a wildcard notes it here; the watch over suffixes looks for itself, and alone tells.
"""

from collections.abc import Sequence
from datetime import datetime

from watcher.core.shapes.watch import suffix_state_from_json, suffix_state_json
from watcher.core.states.suffix import SuffixState, noted
from watcher.store import Tx, facts

_KEY = "suffix:"


async def note(tx: Tx, suffix: str, protected: Sequence[str], *, news: bool, now: datetime) -> None:
    """A candidate of these protected names met a wildcard of the suffix; as `news`, where there was none before."""
    before = await find(tx, suffix)
    after = noted(before, tuple(protected), news=news)
    if after != before:
        await save(tx, suffix, after, now=now)


async def find(tx: Tx, suffix: str) -> SuffixState:
    """The state of a suffix; an empty one where nothing is kept."""
    return suffix_state_from_json(await facts.find(tx, _KEY + suffix))


async def save(tx: Tx, suffix: str, state: SuffixState, *, now: datetime) -> None:
    """Keep the state of a suffix, or forget it where there is nothing to remember."""
    if state.is_kept:
        await facts.save(tx, _KEY + suffix, suffix_state_json(state), now=now)
    else:
        await facts.remove(tx, _KEY + suffix)


async def forget_waiting(tx: Tx, suffix: str, *, now: datetime) -> None:
    """A resolver lied: forget what waits to be seen again."""
    state = await find(tx, suffix)
    await save(tx, suffix, SuffixState(state.stands, None, state.protected), now=now)


async def watched(tx: Tx) -> tuple[list[str], list[str]]:
    """Every suffix kept here; and those that were noted and never looked at."""
    kept = {
        key.removeprefix(_KEY): suffix_state_from_json(row)
        for key, row in (await facts.find_starting(tx, _KEY)).items()
    }
    new = [name for name, state in kept.items() if state.waiting is not None and state.waiting.times == 0]
    return list(kept), new
