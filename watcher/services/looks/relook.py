"""Looks that are recorded: at new candidates, at what is due again, at one name now.

Whoever runs a name's servers decides how long a look at it takes. Names that are slow, or whose last look did not
settle, have places of their own, so that they never take those of others.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from watcher.core.errors import LeaseLost
from watcher.core.events import Resemblance
from watcher.core.mail.dns import Outcome
from watcher.core.mail.look import Look
from watcher.core.mail.verdict import Ability
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Existence, Presence
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.slips.candidates import Candidate
from watcher.core.states.close_look import carried, close_look_due
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import MailState, Origin
from watcher.services.lease_owner import is_dead, this_process
from watcher.services.looks.examine import Examiner, LookOptions
from watcher.services.looks.watch import Recorded, Watch
from watcher.services.names.own import Ours
from watcher.store import Store, lookalikes, protected_names, resemblances
from watcher.store.fences import LookFence, fenced

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""The time for which a row belongs to its taker. An owner's crash that cannot be seen delays the look by that much.

On the same machine it can be: a service that was killed and started again takes up at once what it had in hand.
"""

PATIENCE = timedelta(seconds=6)
"""The time after which a look's name counts as slow: two tries of a question, of three seconds each."""
MOST_SLOW = 64
"""Slow names that are looked at together."""

Found = Callable[[Recorded, "Candidate | None"], None]
"""Called for every recorded look; the candidate where it is the first one."""


class Relook:
    """Takes looks and hands them to the watch; several at once, never two of one claim.

    `resemblance` says what a candidate resembles and where the slip is. `looks_at_once` bounds the inquiries that wait,
    and likewise those about slow names. `patience`: how long a look may last before its name counts as slow, unless
    the resolvers are `busy` with what we ask.
    `probe`: close looks ask the mail servers of able names too. `owner`: whose the claims are; None: this process's.
    """

    def __init__(
        self,
        *,
        store: Store,
        examiner: Examiner,
        watch: Watch,
        ours: Ours,
        clock: Clock,
        resemblance: Callable[[Candidate], Resemblance],
        looks_at_once: int = 32,
        patience: timedelta = PATIENCE,
        busy: Callable[[], bool] = lambda: False,
        probe: bool = False,
        found: Found | None = None,
        owner: str | None = None,
    ) -> None:
        self._store = store
        self._examiner = examiner
        self._watch = watch
        self._ours = ours
        self._clock = clock
        self._resemblance = resemblance
        self._places = asyncio.Semaphore(looks_at_once)
        self._slow_places = asyncio.Semaphore(looks_at_once)
        self._patience = patience
        self._busy = busy
        self._late: set[asyncio.Task[None]] = set()
        self._probe = probe
        self._found = found
        self._owner = owner or this_process()
        self._took_over = False

    async def candidate(
        self, candidate: Candidate, origin: Origin, registration: RegistrationFacts | None = None
    ) -> Recorded:
        """The first look at a candidate that exists, or that its registry knows (`registration`).

        Where it takes too long the row says so, and another look is due at once in the places of slow names.
        """
        async with self._places:
            options = LookOptions(owner=self._ours.owner, registration=registration)
            looking = asyncio.create_task(self._examiner.look(candidate.name, options))
            await self._wait(looking)
        if not looking.done():
            looking.cancel()
            silence = Existence(candidate.registrable_domain or candidate.name, Presence.LOOK, Outcome.TIMEOUT, "")
            return await self.unanswered(candidate, origin, silence, registration)
        return await self._record(looking.result(), candidate, origin, registration)

    async def unanswered(
        self,
        candidate: Candidate,
        origin: Origin,
        existence: Existence,
        registration: RegistrationFacts | None = None,
    ) -> Recorded:
        """Keep a row of a candidate of whose domain nothing was learnt; a look at it is due at once."""
        look = self._examiner.unanswered(candidate.name, existence, owner=self._ours.owner)
        recorded = await self._record(look, candidate, origin, registration)
        if recorded.row is not None:
            async with self._store.write() as tx:
                await lookalikes.plan_look(tx, [candidate.name], at=self._clock.now())
        return recorded

    async def _record(
        self, look: Look, candidate: Candidate, origin: Origin, registration: RegistrationFacts | None
    ) -> Recorded:
        recorded = await self._watch.record(
            look, resemblances=[self._resemblance(candidate)], origin=origin, registration=registration
        )
        if self._found is not None:
            self._found(recorded, candidate)
        return recorded

    async def delegated(self, recorded: Recorded) -> None:
        """Its suffix's own servers delegate it: where nothing else is known of it, it is registered all the same."""
        row = recorded.row
        if row is None or row.state.seen or row.registration is not None:
            return
        facts = RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.DNS, self._clock.now())
        await self._watch.record_registration(Fqdn(row.name), facts)

    async def resembling(self, candidates: Sequence[Candidate], protected_name: str) -> None:
        """Note for candidates that have rows already that they resemble this protected name too."""
        if not candidates:
            return
        async with self._store.read() as tx:
            known = await resemblances.find_all(tx, [candidate.name for candidate in candidates])
        new = [
            (candidate, resemblance)
            for candidate in candidates
            if (resemblance := self._resemblance(candidate)) not in known[candidate.name]
        ]
        if not new:
            return
        async with self._store.write() as tx:
            if not await protected_names.find_known(tx, [protected_name]):
                return
            rows = await lookalikes.find_known(tx, [candidate.name for candidate, _ in new])
            for candidate, resemblance in new:
                if candidate.name in rows:
                    await resemblances.save(tx, candidate.name, [resemblance])

    async def due(self, limit: int = 200, *, failing: bool | None = None) -> int:
        """Look again at what is due; how many looks that were. The first time also what dead processes had in hand.

        `failing`: only at names whose last look did not settle, or only at the others; None: at both, and return when
        the slow ones have ended too. A look that goes wrong leaves the others alone; what it raised is raised when
        they have ended.
        """
        now = self._clock.now()
        async with self._store.write() as tx:
            if not self._took_over:
                dead = [owner for owner in await lookalikes.list_claimants(tx) if is_dead(owner, self._owner)]
                await lookalikes.release(tx, dead)
            rows = await lookalikes.claim_due(tx, owner=self._owner, now=now, limit=limit, lease=LEASE, failing=failing)
        self._took_over = True
        await self._each(rows, self._again)
        if failing is None and self._late:
            await asyncio.gather(*self._late)
        return len(rows)

    async def close(self) -> None:
        """Leave the looks that are late."""
        late = tuple(self._late)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    async def now(self, name: Fqdn) -> None:
        """A look right now at a name that has a row, recorded with all that follows; nothing for one without."""
        async with self._store.read() as tx:
            row = await lookalikes.find(tx, name)
        if row is not None:
            await self._look_again(row, closely=True)

    async def _each(self, rows: Sequence[Lookalike], work: Callable[[Lookalike], Coroutine[None, None, None]]) -> None:
        failed: list[Exception] = []

        async def one(row: Lookalike) -> None:
            try:
                with fenced(LookFence(row.name, row.claim_epoch)):
                    await work(row)
            except Exception as error:  # noqa: BLE001 (raised below: the others would be cut off, and stay claimed)
                failed.append(error)

        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(one(row))
        if failed:
            raise failed[0]

    async def _again(self, row: Lookalike) -> None:
        """Look at a row, and go on with others where that takes long."""
        if row.state.failures or len(self._late) >= MOST_SLOW:
            async with self._slow_places:
                await self._look_again(row)
            return
        async with self._places:
            looking = asyncio.create_task(self._look_again(row))
            await self._wait(looking)
        if looking.done():
            looking.result()
            return
        self._late.add(looking)
        looking.add_done_callback(self._late.discard)

    async def _wait(self, looking: "asyncio.Task[Any]") -> None:
        """Wait for a look for as long as patience lasts; what waits for its turn is not slow."""
        try:
            while True:
                patience = asyncio.ensure_future(self._clock.sleep(self._patience.total_seconds()))
                await asyncio.wait({looking, patience}, return_when=asyncio.FIRST_COMPLETED)
                patience.cancel()
                if looking.done() or not self._busy():
                    return
        except asyncio.CancelledError:
            looking.cancel()
            raise

    async def _look_again(self, row: Lookalike, *, closely: bool = False) -> None:
        # Always fresh: what a sweep remembers would repeat itself where a change is looked for.
        name = Fqdn(row.name)
        close = close_look_due(name, row.verdict, row.state.settled_at, self._clock.now())
        look = await self._examiner.look(
            name,
            LookOptions(
                avoid=row.state.avoid,
                fresh=True,
                owner=self._ours.owner,
                registration=row.registration,
                posture=close or closely,
                expects_mail=_expects_mail(row.state),
                probe=close and self._probe,
            ),
        )
        if not close:
            look = replace(look, verdict=carried(look.verdict, row.verdict))
        try:
            recorded = await self._watch.record(look)
        except LeaseLost:
            log.info("the look at %s took longer than its lease; another has it", row.name)
            return
        if self._found is not None:
            self._found(recorded, None)


def _expects_mail(state: MailState) -> bool:
    """Return whether the name stands able, or was seen so by the look that waits to be confirmed."""
    seen = [] if state.pending is None else [state.pending.readings[-1].verdict]
    return any(verdict.ability is Ability.ABLE for verdict in (state.standing, *seen) if verdict is not None)
