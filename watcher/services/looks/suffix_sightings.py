"""What is kept of suffixes that answer for any name: what stands, and what was seen and is not confirmed yet.

A sweep that meets one notes it here; the watch over suffixes looks for itself, and alone tells.
"""

from collections.abc import Sequence
from datetime import datetime

from watcher.core.shapes import JSON
from watcher.store import Tx, facts

STANDING, SEEN = "suffix_wildcard:", "suffix_seen:"
_MOST_PROTECTED = 100


async def note(tx: Tx, suffix: str, protected: Sequence[str], *, news: bool, now: datetime) -> None:
    """A candidate of these protected names met a wildcard of the suffix; as `news`, where there was none before."""
    for key in (STANDING + suffix, SEEN + suffix):
        known: JSON | None = await facts.find(tx, key)
        if known is not None:
            of = known.get("protected", [])
            more = [name for name in protected if name not in of]
            if more and len(of) < _MOST_PROTECTED:
                await facts.save(tx, key, {**known, "protected": [*of, *more][:_MOST_PROTECTED]}, now=now)
            return
    seen = {"points": None, "times": 0, "baseline": not news, "protected": list(protected), "resolvers": []}
    await facts.save(tx, SEEN + suffix, seen, now=now)


async def standing(tx: Tx, suffix: str) -> tuple[JSON, list[str]]:
    """The brief of the wildcard that was told, empty where there is none; and the protected names it was told for."""
    known: JSON = await facts.find(tx, STANDING + suffix) or {}
    return {key: value for key, value in known.items() if key != "protected"}, known.get("protected", [])


async def waiting(tx: Tx, suffix: str) -> JSON | None:
    """What was seen and waits to be seen again, or None."""
    found: JSON | None = await facts.find(tx, SEEN + suffix)
    return found


async def watched(tx: Tx) -> tuple[list[str], list[str]]:
    """Every suffix kept here; and those that were noted and never looked at."""
    seen = await facts.find_starting(tx, SEEN)
    stands = [key.removeprefix(STANDING) for key in await facts.find_starting(tx, STANDING)]
    names = [key.removeprefix(SEEN) for key in seen]
    new = [key.removeprefix(SEEN) for key, value in seen.items() if value["times"] == 0]
    return [*stands, *names], new
