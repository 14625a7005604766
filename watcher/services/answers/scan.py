"""One pass over the lookalikes of a name right now, by looks that are not recorded."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import aclosing

from watcher.core.errors import WatcherError
from watcher.core.known import Known, worst_first
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence, Sweeper
from watcher.core.slips.candidates import Candidate
from watcher.services.answers.lookup import Lookup
from watcher.services.sweeps.batch import PLENTY
from watcher.services.sweeps.controls import Controls, in_doubt
from watcher.services.sweeps.enumerate import Enumeration, Named

_LOOKS_AT_ONCE = 32


class Unseen(WatcherError):
    """Hardly anything settled: the pass says nothing about the name."""


class Scan:
    """The pass over the first `limit` candidates of a name. `asked` of `total` domains shows how far `run` is.

    `found` is given each lookalike as soon as it was looked at.
    """

    def __init__(
        self,
        sweeper: Sweeper,
        lookup: Lookup,
        names: Enumeration,
        protected: Named,
        limit: int,
        *,
        controls: Controls,
        found: Callable[[Known], None] | None = None,
    ) -> None:
        self._sweeper = sweeper
        self._controls = controls
        self._lookup = lookup
        self._names = names
        self._protected = protected
        self._limit = limit
        self._found = found
        self._places = asyncio.Semaphore(_LOOKS_AT_ONCE)
        self._rows: list[Known] = []
        self.asked = self.total = 0
        self.unsettled: list[Fqdn] = []
        """Domains that did not settle; a careful look was tried at these too."""
        self._blind = False

    async def run(self) -> list[Known]:
        """The lookalikes that exist, or may, worst first. Raises Unseen."""
        groups: dict[Fqdn | None, list[Candidate]] = {}
        for candidate in await asyncio.to_thread(lambda: list(self._names.candidates(self._protected, 1, self._limit))):
            groups.setdefault(candidate.registrable_domain, []).append(candidate)
        domains = [domain for domain in groups if domain is not None]
        self.total = len(domains)
        async with asyncio.TaskGroup() as looks:
            looks.create_task(self._look(groups.get(None, [])))
            await self._existing(domains, lambda domain: looks.create_task(self._look(groups[domain])))
        if self._blind:
            raise Unseen(
                f"{len(self.unsettled)} of {self.asked} questions about {self._protected.name} got no answer that "
                "says anything; see `watcher doctor`"
            )
        async with asyncio.TaskGroup() as looks:
            for domain in self.unsettled:
                looks.create_task(self._look(groups[domain]))
        return sorted(self._rows, key=worst_first)

    async def _existing(self, domains: Sequence[Fqdn], look: Callable[[Fqdn], object]) -> None:
        """Have `look` begin at each domain that exists; those that did not settle go to `unsettled`."""
        rest = list(domains)
        while rest and not self._blind:
            heard = await self._ask(rest, look)
            if in_doubt(self.asked, len(self.unsettled)) and not self._controls.proven:
                again = await self._controls.again(self.unsettled)
                self._blind = again.blind
                settled = {existence.name for existence in again.found if existence.outcome.settled}
                self.unsettled = [name for name in self.unsettled if name not in settled]
                for existence in again.found:
                    if _is_there(existence):
                        look(existence.name)
            rest = [domain for domain in rest if domain not in heard] if heard else []

    async def _ask(self, domains: Sequence[Fqdn], look: Callable[[Fqdn], object]) -> set[Fqdn]:
        """The domains that answers came for; ends early where control questions must be asked first."""
        heard: set[Fqdn] = set()
        async with aclosing(self._sweeper.sweep(domains)) as answers:
            async for existence in answers:
                heard.add(existence.name)
                self.asked += 1
                if not existence.outcome.settled:
                    self.unsettled.append(existence.name)
                elif _is_there(existence):
                    look(existence.name)
                doubt = self.asked == PLENTY and in_doubt(self.asked, len(self.unsettled))
                if doubt and not self._controls.proven:
                    break
        return heard

    async def _look(self, group: Sequence[Candidate]) -> None:
        for candidate in group:
            async with self._places:
                known = await self._lookup.seen(candidate.name, [self._names.resemblance(candidate)])
            if known is not None:
                self._rows.append(known)
                if self._found is not None:
                    self._found(known)


def _is_there(existence: Existence) -> bool:
    return existence.outcome.settled and existence.presence is not Presence.ABSENT
