"""Top-level labels that the bundled list lacks: the root is asked, once a week for each, and what it says is kept.

The bundled list grows old. A label that the root delegates counts like a listed one from then on: it can be protected,
names under it are matched, and it is among the suffixes of candidates.
"""

import re
from collections.abc import Awaitable, Callable, Collection
from datetime import timedelta
from typing import Any

from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock, Resolver
from watcher.core.shapes.times import time_from_json, time_json
from watcher.store import Store, Tx, facts

_FACT = "root.label."
_AGAIN = timedelta(days=7)
_AT_ONCE = 100
"""So many labels are asked about at a time: a list may hold any number of words that are none."""
_POSSIBLE = re.compile(r"[a-z]{2,63}\Z|xn--[a-z0-9-]{1,59}\Z")
_NEVER = frozenset({"alt", "example", "internal", "invalid", "local", "localhost", "onion", "test"})
"""Top-level labels for special use (RFC 6761 and others): the root will never delegate them."""

AskRoot = Callable[[Collection[str]], Awaitable[dict[str, bool]]]
"""A question to the root: which of some labels it delegates. A label that got no answer is not in the result."""


def top_label(name: str) -> str:
    """Return the last label of a name."""
    return name.rpartition(".")[2]


async def ask_root(resolver: Resolver, labels: Collection[str], random_label: str) -> dict[str, bool]:
    """Ask which of `labels` the root delegates, among a label that nobody has.

    Where that one is said to exist the answers are worth nothing.
    """
    asked = [*labels, random_label]
    answers = await resolver.ask([Question(Fqdn(label), RRType.NS) for label in asked])
    found = {
        label: answer.outcome is Outcome.ANSWER for label, answer in zip(asked, answers, strict=True) if answer.settled
    }
    return {} if found.pop(random_label, True) else found


class RootLabels:
    """The labels that were asked about; `learn` is given those that the root delegates."""

    def __init__(
        self, store: Store | None, suffixes: Suffixes, clock: Clock, learn: Callable[[Collection[str]], None]
    ) -> None:
        self._store = store
        self._suffixes = suffixes
        self._clock = clock
        self._learn = learn

    async def read(self) -> None:
        """Learn what the root said before."""
        self._learn([label for label, (there, _) in (await self._kept()).items() if there])

    async def know(self, labels: Collection[str], ask: AskRoot) -> None:
        """Learn which of `labels` the root delegates; only what was not asked within a week is asked."""
        unlisted = [label for label in dict.fromkeys(labels) if self._may_be_new(label)]
        kept = await self._kept() if unlisted else {}
        fresh = {label for label, (_, old) in kept.items() if not old}
        due = [label for label in unlisted if label not in fresh][:_AT_ONCE]
        found = await ask(due) if due else {}
        await self.keep(found)
        self._learn([*(label for label in unlisted if label in fresh and kept[label][0]), *_there(found)])

    async def renew(self, ask: AskRoot, more: Collection[str] = ()) -> None:
        """Ask again about every label that is kept and was not asked within a week, and about `more`."""
        kept = await self._kept()
        due = [label for label, (_, old) in kept.items() if old]
        due += [label for label in more if label not in kept and self._may_be_new(label)]
        found = await ask(due[:_AT_ONCE]) if due else {}
        await self.keep(found)
        self._learn(
            [*(label for label, (there, _) in kept.items() if there and found.get(label, True)), *_there(found)]
        )

    def _may_be_new(self, label: str) -> bool:
        return label not in self._suffixes.delegated and label not in _NEVER and _POSSIBLE.match(label) is not None

    async def keep(self, found: dict[str, bool]) -> None:
        """Keep what the root said."""
        if self._store is None or not found:
            return
        now = self._clock.now()
        async with self._store.write() as tx:
            for label, there in found.items():
                await facts.save(tx, _FACT + label, {"there": there, "at": time_json(now)}, now=now)

    async def _kept(self) -> dict[str, tuple[bool, bool]]:
        """Each label that is kept: whether the root delegates it, and whether that is old."""
        if self._store is None:
            return {}
        async with self._store.read() as tx:
            return {label: (row["there"], self._is_old(row["at"])) for label, row in (await _rows(tx)).items()}

    def _is_old(self, at: str) -> bool:
        asked = time_from_json(at)
        return asked is None or self._clock.now() - asked >= _AGAIN


def _there(found: dict[str, bool]) -> list[str]:
    return [label for label, there in found.items() if there]


async def _rows(tx: Tx) -> dict[str, Any]:
    return {key.removeprefix(_FACT): value for key, value in (await facts.find_starting(tx, _FACT)).items()}
