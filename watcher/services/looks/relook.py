"""Looks that are recorded: at new candidates, at what is due again, at one name now.

Whoever runs a name's servers decides how long a look at it takes. A look that is not over in a moment leaves its place
to another one and goes on among the late ones; names whose last look did not settle have places of their own. So slow
names never take the places of others.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

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
from watcher.services.looks.transactions import SharedTransactions
from watcher.services.looks.watch import Recorded, Watch
from watcher.services.names.own import Ours
from watcher.store import Store, lookalikes, protected_names, resemblances
from watcher.store.fences import LookFence, fenced

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=5)
"""The time for which a row belongs to its taker. An owner's crash that cannot be seen delays the look by that much.

On the same machine it can be: a service that was killed and started again takes up at once what it had in hand.
"""

PATIENCE = timedelta(seconds=4)
"""The time that the first look at a candidate may take: a question's timeout, and a second try that is answered."""
MOMENT = timedelta(seconds=0.5)
"""The time for which a look keeps its place."""
MOST_LATE = 256
"""Looks that go on without a place; where there are more, the others keep theirs while their patience lasts."""
MOST_SLOW = 128
"""Names that are looked at together of those whose last look did not settle."""

Result = TypeVar("Result")

Found = Callable[[Recorded, "Candidate | None"], None]
"""Called for every recorded look; the candidate where it is the first one."""


class Relook:
    """Takes looks and hands them to the watch; several at once, never two of one claim.

    `resemblance` says what a candidate resembles and where the slip is. `looks_at_once` bounds the prompt inquiries.
    `patience`: how long the first look at a candidate may last, unless the resolvers are `busy` with what we ask.
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
        self._transactions = SharedTransactions(store)
        self._examiner = examiner
        self._watch = watch
        self._ours = ours
        self._clock = clock
        self._resemblance = resemblance
        self._places = asyncio.Semaphore(looks_at_once)
        self._patience = patience
        self._busy = busy
        self._late: set[asyncio.Task[Any]] = set()
        self._going_on: dict[asyncio.Task[None], bool] = {}  # looks at rows that are late; of failing ones: True
        self._errors: list[BaseException] = []  # of those
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
        options = LookOptions(owner=self._ours.owner, registration=registration)
        looking = await self._begun(lambda: self._examiner.look(candidate.name, options))
        try:
            await self._wait(looking, self._patience - MOMENT)
        finally:
            if not looking.done():
                looking.cancel()
        if looking.done():
            return await self._record(looking.result(), candidate, origin, registration)
        silence = Existence(candidate.registrable_domain or candidate.name, Presence.LOOK, Outcome.TIMEOUT, "")
        return await self.unanswered(candidate, origin, silence, registration)

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
            await self._transactions.run(lambda tx: lookalikes.plan_look(tx, [candidate.name], at=self._clock.now()))
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
        the late ones have ended too. A look that goes wrong leaves the others alone; what it raised is raised when
        they have ended, by a late one at the next call.
        """
        now = self._clock.now()
        if failing:
            limit = min(limit, MOST_SLOW - sum(self._going_on.values()))
        async with self._store.write() as tx:
            if not self._took_over:
                dead = [owner for owner in await lookalikes.list_claimants(tx) if is_dead(owner, self._owner)]
                await lookalikes.release(tx, dead)
            rows = await lookalikes.claim_due(tx, owner=self._owner, now=now, limit=limit, lease=LEASE, failing=failing)
        self._took_over = True
        await self._each(rows, self._again)
        if failing is None and self._going_on:
            await asyncio.wait(self._going_on)
        if self._errors:
            error, self._errors = self._errors[0], []
            raise error
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
        failing = row.state.failures > 0
        looking = await self._begun(lambda: self._look_again(row), place=not failing)
        if looking.done():
            looking.result()
            return
        self._going_on[looking] = failing
        looking.add_done_callback(self._has_ended)

    def _has_ended(self, looking: "asyncio.Task[None]") -> None:
        """Note the end of a late look at a row."""
        del self._going_on[looking]
        if not looking.cancelled() and (error := looking.exception()) is not None:
            self._errors.append(error)

    async def _begun(
        self, look: Callable[[], Coroutine[Any, Any, Result]], *, place: bool = True
    ) -> asyncio.Task[Result]:
        """Begin a look; return it when it has ended, or when it goes on as a late one. `place`: it needs one."""
        async with self._places if place else nullcontext():
            looking = asyncio.create_task(look())
            try:
                await self._wait(looking, MOMENT)
                if place and len(self._late) >= MOST_LATE:
                    await self._wait(looking, self._patience)
            except asyncio.CancelledError:
                looking.cancel()
                raise
        if not looking.done():
            self._late.add(looking)
            looking.add_done_callback(self._late.discard)
        return looking

    async def _wait(self, looking: "asyncio.Task[Any]", most: timedelta) -> None:
        """Wait for a look for a while; what waits for its turn at the resolvers is not slow."""
        while not looking.done():
            patience = asyncio.ensure_future(self._clock.sleep(most.total_seconds()))
            try:
                await asyncio.wait({looking, patience}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                patience.cancel()
            if not self._busy():
                return

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
