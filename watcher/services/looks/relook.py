"""Looks that are recorded: at new candidates, at what is due again, at one name now."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta

from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.slips.candidates import Candidate
from watcher.core.states.close_look import carried, close_look_due
from watcher.core.states.mail_state import Origin
from watcher.services.lease_owner import is_dead, this_process
from watcher.services.looks.examine import Examiner, LookOptions
from watcher.services.looks.watch import Recorded, Watch
from watcher.services.names.own import Ours
from watcher.store import Store, lookalikes, protected_names, resemblances
from watcher.store.lookalikes import Lookalike

LEASE = timedelta(minutes=5)
"""How long a row that was taken up is nobody else's; where the crash of its owner cannot be seen, that delays its look.

On the same machine it can be: a service that was killed and started again takes up at once what it had in hand.
"""

Found = Callable[[Recorded, "Candidate | None"], None]
"""Told of every recorded look; the candidate where it is the first one."""


class Relook:
    """Takes looks and hands them to the watch; several at once, never two of one claim.

    `resemblance` says what a candidate resembles and where the slip is. `looks_at_once` bounds the inquiries that wait.
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
        self._probe = probe
        self._found = found
        self._owner = owner or this_process()
        self._took_over = False

    async def candidate(
        self, candidate: Candidate, origin: Origin, registration: RegistrationFacts | None = None
    ) -> Recorded:
        """The first look at a candidate that exists or did not settle, or that its registry knows (`registration`)."""
        async with self._places:
            look = await self._examiner.look(
                candidate.name, LookOptions(owner=self._ours.owner, registration=registration)
            )
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

    async def due(self, limit: int = 200) -> int:
        """Look again at what is due; how many looks that were. The first time also what dead processes had in hand.

        A look that goes wrong leaves the others alone; what it raised is raised when they have ended.
        """
        now = self._clock.now()
        async with self._store.write() as tx:
            if not self._took_over:
                dead = [owner for owner in await lookalikes.list_claimants(tx) if is_dead(owner, self._owner)]
                await lookalikes.release(tx, dead)
            rows = await lookalikes.claim_due(tx, owner=self._owner, now=now, limit=limit, lease=LEASE)
        self._took_over = True
        await self._each(rows, self._again)
        return len(rows)

    async def now(self, name: Fqdn) -> None:
        """A look right now at a name that has a row, recorded with all that follows; nothing for one without."""
        async with self._store.read() as tx:
            row = await lookalikes.find(tx, name)
        if row is not None:
            await self._again(row, closely=True)

    async def _each(self, rows: Sequence[Lookalike], work: Callable[[Lookalike], Coroutine[None, None, None]]) -> None:
        failed: list[Exception] = []

        async def one(row: Lookalike) -> None:
            try:
                await work(row)
            except Exception as error:  # noqa: BLE001 (raised below: the others would be cut off, and stay claimed)
                failed.append(error)

        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(one(row))
        if failed:
            raise failed[0]

    async def _again(self, row: Lookalike, *, closely: bool = False) -> None:
        # Always fresh: what a sweep remembers would repeat itself where a change is looked for.
        name = Fqdn(row.name)
        close = close_look_due(name, row.verdict, row.state.settled_at, self._clock.now())
        async with self._places:
            look = await self._examiner.look(
                name,
                LookOptions(
                    avoid=row.state.avoid,
                    fresh=True,
                    owner=self._ours.owner,
                    registration=row.registration,
                    posture=close or closely,
                    probe=close and self._probe,
                ),
            )
        if not close:
            look = replace(look, verdict=carried(look.verdict, row.verdict))
        recorded = await self._watch.record(look)
        if self._found is not None:
            self._found(recorded, None)
