"""The sweep: one pass over the candidates that are due, existence first, then a careful look at what exists.

A shard is one tier of one protected name. Candidates without a row are absent once their shard's pass has ended; what
did not settle is kept as a row. A batch in which hardly anything settled, random names included (`controls`), is none:
nothing is recorded of it, its shards stay due, and the report is `blind`, because "we could not look" must never read
as "nothing there".
How far each pass is is written down twice a second, so that a run that was killed goes on where it was.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from watcher.core.errors import LeaseLost
from watcher.core.ports import Clock, Sweeper
from watcher.core.slips.candidates import Candidate
from watcher.core.states.budget import Budget, stretches
from watcher.services.looks.relook import Relook
from watcher.services.sweeps.agenda import Agenda
from watcher.services.sweeps.batch import PLENTY, Batch, Blind, SharedAbsence, SweepReport
from watcher.services.sweeps.controls import Controls
from watcher.services.sweeps.enumerate import Named
from watcher.services.sweeps.first_tier import FirstTier
from watcher.services.sweeps.passes import Pass, Tier
from watcher.store import Store, Tx, protected_names, shards
from watcher.store.fences import fenced
from watcher.store.shards import Holder

__all__ = ["PLENTY", "Sweep", "SweepState"]

log = logging.getLogger(__name__)

_BATCHES_AT_ONCE = 3  # so that one that waits for its last answers holds up nothing
_SAVED_EVERY = timedelta(seconds=0.5)  # and written within another half, so that a kill costs a second's work at most
_SHARED_EVERY = timedelta(seconds=5)  # where others wait for the database too: a death costs so much of the work
_SHARED_FOR = timedelta(minutes=5)


class Enumerate(Protocol):
    """Candidates of a protected name with first <= rank <= last, best first; what they stand for is `version`."""

    def __call__(self, name: Named, first: int, last: int) -> Iterator[Candidate]:
        """Lazily; runs in a thread."""
        ...


@dataclass(frozen=True, slots=True)
class SweepState:
    """The progress of a run. `done`, `unsettled` and `left` count candidates, `seconds` is how long it runs or ran."""

    running: bool
    done: int
    unsettled: int
    left: int
    seconds: float

    @property
    def rate(self) -> float:
        """Candidates a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """At this rate; None while there is none."""
        return self.left / self.rate if self.rate else None


@dataclass(frozen=True, slots=True)
class BlindPasses:
    """Passes that could not see the DNS, one after the other."""

    since: datetime
    reason: str


class Sweep:
    """Passes over shards: one run at a time, several batches of candidates at once.

    `budget` is how many questions a second there are; None: enough. `count` is called when a run begins, to bring it up
    to date. `spare`: the share of what the plan leaves free of it that is spent on looking sooner. `stamp` says of what
    candidates the first tier may be kept; None: it is made anew each time. `controls` judges whether the DNS is
    seen, by the same sweeper where None.
    """

    def __init__(
        self,
        *,
        store: Store,
        sweeper: Sweeper,
        relook: Relook,
        enumerate_: Enumerate,
        version: str,
        tiers: Sequence[Tier],
        clock: Clock,
        budget: Callable[[], Budget] | None = None,
        count: Callable[[], Awaitable[None]] | None = None,
        spare: float = 0.0,
        stamp: Callable[[], str] | None = None,
        controls: Controls | None = None,
        holder: Holder | None = None,
    ) -> None:
        self._store = store
        self._sweeper = sweeper
        self._relook = relook
        self._enumerate = enumerate_
        self._tiers = tuple(tiers)
        self.version = version + ":" + ",".join(str(tier.last) for tier in tiers)
        self._clock = clock
        self._budget = budget
        self._count = count
        self._spare = spare
        self._holder = holder
        self._renewed_at = clock.now()
        self._first = None if stamp is None else FirstTier(store, enumerate_, stamp=stamp, last=self._tiers[0].last)
        self._controls = controls or Controls(sweeper, clock)
        self._turn = asyncio.Lock()
        self._shared = SharedAbsence(clock, min(_SHARED_FOR, min(tier.interval for tier in tiers) / 4))
        self._agenda: Agenda | None = None
        self._saving = asyncio.Lock()
        self._touched: set[Pass] = set()
        self._names = 0
        self._waiting = 0
        self.report = SweepReport(clock.now())
        """The newest report; live while a sweep runs."""
        self.blind_passes: BlindPasses | None = None
        """Set while passes are blind: since when, and why."""
        self.seen = 0
        """Candidates that passes have been through since the start."""
        self.most_candidates = self._tiers[-1].last
        """Of one protected name."""

    async def run(self, *, once: bool = False) -> SweepReport:
        """Sweep everything that is due, best tiers first; `once`: nothing that becomes due meanwhile.

        Goes on where an earlier run was cut off. Returns early, with `blind` set, when the DNS cannot be seen.
        """
        async with self._turn:
            return await self._through(self._new_agenda(cutoff=self._clock.now() if once else None))

    async def over(self, names: Sequence[str], most: int, *, began: Callable[[], None] = lambda: None) -> SweepReport:
        """Sweep these protected names now, due or not, up to the rank `most`; a tier that it cuts stays due.

        A run that is under way lets it pass first; `began` is called when its turn has come.
        """
        self._waiting += 1
        try:
            await self._turn.acquire()
        finally:
            self._waiting -= 1
        try:
            self.report = SweepReport(self._clock.now())
            agenda = self._new_agenda(only=names, most=most)
            began()
            return await self._through(agenda)
        finally:
            self._turn.release()

    @property
    def state(self) -> SweepState:
        """Return the progress of the run under way, or of the last one."""
        agenda, report = self._agenda, self.report
        settled = report.absent + report.existing
        unsettled = sum(report.unsettled.values())
        return SweepState(
            running=report.ended_at is None and agenda is not None,
            done=settled + unsettled,
            unsettled=unsettled,
            left=0 if agenda is None else agenda.remaining,
            seconds=((report.ended_at or self._clock.now()) - report.started_at).total_seconds(),
        )

    @property
    def best_tier(self) -> int | None:
        """The best tier of which candidates wait in the run under way; None where none do."""
        running = self.report.ended_at is None and self._agenda is not None
        return self._agenda.best_tier if running and self._agenda is not None else None

    def _new_agenda(
        self, *, cutoff: datetime | None = None, only: Sequence[str] | None = None, most: int | None = None
    ) -> Agenda:
        self._agenda = agenda = Agenda(
            self._store,
            self._tiers,
            version=self.version,
            clock=self._clock,
            cutoff=cutoff,
            only=only,
            most=most,
            stretched=self._stretched,
            holder=self._holder,
        )
        return agenda

    @property
    def budget(self) -> Budget:
        """Questions a second that there are, as far as known."""
        return Budget() if self._budget is None else self._budget()

    def _stretched(self) -> Sequence[float]:
        plan = [(tier.last, tier.interval) for tier in self._tiers]
        return stretches(plan, self._names, self.budget, spare=self._spare)

    async def _through(self, agenda: Agenda) -> SweepReport:
        self.report = report = SweepReport(self._clock.now())
        async with self._store.read() as tx:
            self._names = await protected_names.count(tx)
        if self._count is not None:
            await self._count()
        self._touched.clear()
        try:
            async with asyncio.TaskGroup() as tasks:
                saving = tasks.create_task(self._save_again_and_again(agenda, report))
                await asyncio.gather(*(tasks.create_task(self._work(agenda, report)) for _ in range(_BATCHES_AT_ONCE)))
                async with self._saving:  # not in the middle of it
                    saving.cancel()
        finally:
            await self._save(agenda, report)
            await self._hand_back(agenda, agenda.under_way)
            report.ended_at = self._clock.now()
        return report

    async def _work(self, agenda: Agenda, report: SweepReport) -> None:
        """Run one batch after the other, until nothing is due, the DNS cannot be seen, or somebody waits for a turn."""
        while report.blind is None and not (self._waiting and agenda.interruptible):
            slices = await agenda.next()
            if not slices:
                return
            batch = Batch(
                slices,
                store=self._store,
                sweeper=self._sweeper,
                relook=self._relook,
                shared=self._shared,
                controls=self._controls,
                report=report,
                tell=self._tell,
            )
            try:
                await self._begin(batch)
                if not await self._swept(batch):
                    await self._hand_back(agenda, [part for part, _ in slices])
            except Blind as error:
                report.blind = str(error)
                since = self._clock.now() if self.blind_passes is None else self.blind_passes.since
                self.blind_passes = BlindPasses(since, report.blind)
                log.info("the sweep saw nothing: %s", error)
            await self._save(agenda, report)

    def _tell(self, one: Pass, count: int) -> None:
        """A pass came further, and is done with so many candidates."""
        self._touched.add(one)
        self.seen += count

    async def _begin(self, batch: Batch) -> None:
        """Make the candidates of a batch, and mark the passes that begin with it."""
        async with self._store.read() as tx:
            rows = await protected_names.find_all(tx, [part.protected for part, _ in batch.slices])
        gone = [part for part, _ in batch.slices if part.protected not in rows]
        best = [row for row in rows.values() if self._first is not None]
        first = {}
        if self._first is not None and all(part.last <= self._first.last for part, _ in batch.slices):
            first = await self._first.of(best)
        for part, ranks in batch.slices:
            if part in gone:
                part.next, part.left = part.last + 1, []
                part.missing(ranks)
                continue
            if part.protected in first:
                wanted = set(ranks)
                made = [candidate for candidate in first[part.protected] if candidate.rank in wanted]
            else:
                made = await asyncio.to_thread(self._made, rows[part.protected], ranks)
            batch.add(part, made)
            part.missing(set(ranks).difference(candidate.rank for candidate in made))
            if len(made) < len(ranks) and not part.left:
                part.last = min(part.last, max(part.next - 1, part.first))
            self._touched.add(part)
        new = [part for part, _ in batch.slices if not part.begun and part not in gone]
        if new:
            for item in new:
                item.begun = True
            started = [(item.protected, item.shard.tier, item.last - item.first + 1) for item in new]
            now = self._clock.now()
            await self._store.write_all([lambda tx: shards.start_all(tx, started, version=self.version, at=now)])

    def _made(self, row: Named, ranks: Collection[int]) -> list[Candidate]:
        wanted = set(ranks)
        found = self._enumerate(row, min(wanted), max(wanted))
        return [candidate for candidate in found if candidate.rank in wanted]

    async def _save_again_and_again(self, agenda: Agenda, report: SweepReport) -> None:
        while True:
            every = _SAVED_EVERY if self._holder is None else min(_SHARED_EVERY, self._holder.lease / 6)
            await self._clock.sleep(every.total_seconds())
            await self._renew(agenda)
            await self._save(agenda, report)

    async def _swept(self, batch: Batch) -> bool:
        """Sweep the batch; False when a lease on its shards was lost, and nothing of it was written since."""
        fences = set() if self._holder is None else {part.fence for part, _ in batch.slices}
        kept = True
        try:
            with fenced(*fences):
                if await batch.sweep():
                    self.blind_passes = None
        except* LeaseLost:
            log.warning("a lease ran out before its work was done: others have it, or will")
            kept = False
        return kept

    async def _renew(self, agenda: Agenda) -> None:
        """Hold the leases for another term when a third of this one is over; drop what was lost."""
        now, held = self._clock.now(), [item for item in agenda.under_way if not item.finished]
        if self._holder is None or not held or now - self._renewed_at < self._holder.lease / 3:
            return
        holder, fences = self._holder, [item.fence for item in held]
        async with self._store.write() as tx:
            lost = await shards.renew(tx, fences, holder=holder, now=now)
        self._renewed_at = now
        await self._hand_back(agenda, [item for item in held if item.fence in lost])

    async def _hand_back(self, agenda: Agenda, passes: Sequence[Pass]) -> None:
        """Do no more of these passes, and let others have them, as far as they are this process's still."""
        if self._holder is None:
            return
        left = [passe for passe in passes if not passe.finished]
        going = [(item.protected, item.shard.tier, item.progress) for item in left if item.begun and not item.cut]
        for item in left:
            item.abandon()
            agenda.ended(item)
        if not left:
            return
        async with self._saving, self._store.write() as tx:
            lost = {(row.protected, row.tier) for row in await shards.find_lost(tx, [item.fence for item in left])}
            await shards.save_progress(tx, [row for row in going if row[:2] not in lost])
            await shards.release(tx, [item.fence for item in left])

    async def _save(self, agenda: Agenda, report: SweepReport) -> None:
        """Write down how far the passes are that went on since the last time; end those that are through."""
        async with self._saving:
            touched = [item for item in self._touched if not item.finished]
            self._touched.clear()
            if not touched:
                return
            try:
                [through] = await self._store.write_all([lambda tx: self._written(tx, touched)])
            except BaseException:
                self._touched.update(touched)
                raise
            for item in through:
                item.finished = True
                agenda.ended(item)
                report.shards += 1

    async def _written(self, tx: Tx, touched: Sequence[Pass]) -> list[Pass]:
        """Write the progress of the touched passes; return those that are through."""
        now = self._clock.now()
        if self._holder is not None:
            lost = await shards.find_lost(tx, [item.fence for item in touched])
            touched = [item for item in touched if item.fence not in lost]
        through = [item for item in touched if item.ended]
        going = [(item.protected, item.shard.tier, item.progress) for item in touched if not item.ended or item.cut]
        await shards.save_progress(tx, going)
        for item in through:
            if item.cut:
                continue
            await shards.finish(
                tx,
                item.protected,
                item.shard.tier,
                settled=item.settled,
                unsettled=item.unsettled,
                at=now,
                since=item.since,
            )
        return through
