"""Can the resolvers see the DNS? Control questions tell their failures from those of the names that are asked about.

Whoever registers lookalikes runs their nameservers, and may make every question about them fail. Nobody runs the
nameservers of a random name: a question about it is answered by its public suffix. So where much did not settle, it is
asked for again among random names. When the random names fail too, the resolvers are blind; else the names are lame.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Callable, Collection, Coroutine, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle, islice
from typing import Any

from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Existence, Sweeper

BLIND_SHARE = 0.3
"""A pass of which a larger share does not settle is in doubt. Lame delegations are some 1 %."""
_FEW = 10
"""Of fewer questions all must have failed before there is a doubt."""
_TRUSTED_FOR = timedelta(seconds=30)
_FEWEST_CONTROLS, _MOST_CONTROLS = 9, 30
_LISTEN_ON = 1.0
"""Seconds without a settled answer, once all controls are heard, after which names are waited for no more."""
_UNRELATED = ("com", "net", "org")


def in_doubt(asked: int, unsettled: int) -> bool:
    """Return whether so little settled that the pass may have been blind."""
    if asked < _FEW:
        return unsettled == asked > 0
    return unsettled > asked * BLIND_SHARE


def random_label() -> str:
    """A label that nobody has registered."""
    return "w" + secrets.token_hex(10)


@dataclass(frozen=True, slots=True)
class SecondTry:
    """The answers about names in doubt, asked again. `blind`: the control questions failed as well."""

    found: Sequence[Existence]
    blind: bool


class Controls:
    """Asks through `sweeper`, which must put every question to the DNS. `label` makes labels that nobody has."""

    def __init__(self, sweeper: Sweeper, clock: Clock, *, label: Callable[[], str] = random_label) -> None:
        self._sweeper = sweeper
        self._clock = clock
        self._label = label
        self._seen_at: datetime | None = None

    @property
    def proven(self) -> bool:
        """Return whether control questions were answered a moment ago."""
        elapsed = None if self._seen_at is None else self._clock.now() - self._seen_at
        return elapsed is not None and timedelta() <= elapsed < _TRUSTED_FOR

    async def blind(self, names: Collection[Fqdn]) -> bool:
        """Return whether nobody can see the DNS now, by control questions alone; `names` are in doubt."""
        return (await self._try(names, ())).blind

    async def again(self, names: Collection[Fqdn]) -> SecondTry:
        """Ask for `names` once more, among as many controls.

        Controls are random names under the suffixes of `names`, and under unrelated suffixes. Blind is who fails on
        both kinds: a dark suffix blinds nobody to the others. Names that stay silent while controls are answered are
        not waited for: they are missing in what is found.
        """
        return await self._try(names, set(names))

    async def _try(self, names: Collection[Fqdn], wanted: Collection[Fqdn]) -> SecondTry:
        count = min(max(len(names), _FEWEST_CONTROLS), _MOST_CONTROLS)
        related = self._random_names([suffix for suffix, _ in Counter(map(_suffix, names)).most_common()], count)
        unrelated = self._random_names(_UNRELATED, count)
        kinds = (set(related), set(unrelated))
        heard: dict[Fqdn, Existence] = {}
        controls, settled = asyncio.Event(), asyncio.Event()

        async def listen() -> None:
            waiting = set().union(*kinds)
            async with aclosing(self._sweeper.sweep(_mixed(wanted, related, unrelated))) as answers:
                async for existence in answers:
                    heard[existence.name] = existence
                    waiting.discard(existence.name)
                    if existence.outcome.settled:
                        settled.set()
                    if not waiting:
                        controls.set()

        async with asyncio.TaskGroup() as tasks:
            listening = tasks.create_task(listen())
            await _first_of(listening, controls.wait())
            while not listening.done():
                settled.clear()
                await _first_of(listening, settled.wait(), self._clock.sleep(_LISTEN_ON))
                if not settled.is_set():
                    listening.cancel()
                    break
        failed = [sum(name not in heard or not heard[name].outcome.settled for name in kind) for kind in kinds]
        blind = all(count > BLIND_SHARE * len(kind) for count, kind in zip(failed, kinds, strict=True))
        self._seen_at = None if blind else self._clock.now()
        return SecondTry([existence for name, existence in heard.items() if name in wanted], blind)

    def _random_names(self, suffixes: Sequence[str], count: int) -> list[Fqdn]:
        return [Fqdn(f"{self._label()}.{suffix}") for suffix in islice(cycle(suffixes), count)]


async def _first_of(task: "asyncio.Task[None]", *waits: Coroutine[Any, Any, object]) -> None:
    """Return when the task or one of the waits has ended; the waits that have not are dropped."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait([task, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in tasks:
            waiting.cancel()


def _suffix(name: Fqdn) -> str:
    """The public suffix of a registrable domain."""
    return name.partition(".")[2]


def _mixed(*groups: Iterable[Fqdn]) -> list[Fqdn]:
    """The names of all groups, one of each in turn: what befalls one group at a moment befalls the others."""
    mixed: list[Fqdn] = []
    waiting = [iter(group) for group in groups]
    while waiting:
        for group in tuple(waiting):
            name = next(group, None)
            if name is None:
                waiting.remove(group)
            else:
                mixed.append(name)
    return list(dict.fromkeys(mixed))
