"""A watch in simulated time whose names misbehave as their owners like: sweeps and looks as the service runs them.

The sweeper and the resolver here take as long as the real ones do for each kind of name.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from tests.fakes.zone_resolver import Fault, ZoneResolver
from tests.fakes.zone_sweeper import ZoneSweeper
from watcher import checks
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence
from watcher.core.states.cadence import Cadence
from watcher.core.states.mail_state import Policy
from watcher.data import load_suffixes, load_tables
from watcher.services.health.pulse import Pulse, PulsedResolver, PulsedSweeper
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import MOST_SLOW, Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.services.sweeps.enumerate import Enumeration
from watcher.services.sweeps.passes import tiers_from
from watcher.services.sweeps.sweep import Sweep
from watcher.store import event_log, shards
from watcher.techniques import ALL

NAME = "army.mil"
RANKS = 80
TIER = timedelta(seconds=2)
TIMEOUT, TRIES, PATIENCE = 3.0, 3, 4.0
SOA = "@ SOA ns1 hostmaster 1 3600 600 86400 1\n@ NS ns1\n"
ABLE = SOA + "@ MX 10 mx\nmx A 93.184.215.14\n"

FIRST, SECOND = "9.9.9.10", "149.112.112.10"
KINDS = {
    "lame": (Outcome.SERVFAIL, 2.5),
    "bogus": (Outcome.BOGUS, 0.2),
    "refusing": (Outcome.REFUSED, 0.05),
    "mute": (Outcome.TIMEOUT, TIMEOUT),
    "cut": (Outcome.TRUNCATED, 0.05),
    "dripping": (Outcome.TRUNCATED, TIMEOUT),
    "filtered": (Outcome.FILTERED, 0.05),
}
"""What becomes of every try of a question about a name of each kind, and the seconds it takes."""
HALF = "half mute"
"""The kind of names whose exchanges are told and whose addresses never are."""


_CANDIDATES: list[str] = []  # the same for every watch, and two seconds' work


class HostileDns(ZoneResolver):
    """`kinds` says which registrable domains misbehave, and how; everything else is answered at once."""

    def __init__(self, clock, kinds):
        suffixes = ("mil", "ml", "com", "net", "org")
        super().__init__(clock, dict.fromkeys(suffixes, SOA), resolvers=(FIRST, SECOND), ttl=1)
        self._kinds = {}
        for domain, kind in kinds.items():
            self.misbehave(domain, kind)

    def misbehave(self, domain, kind):
        """From now on, every name under `domain`."""
        self._kinds[domain] = kind
        outcome = KINDS[kind][0] if kind != HALF else Outcome.TIMEOUT
        for name in (domain, f"*.{domain}"):
            for type_ in ("*",) if kind != HALF else ("A", "AAAA"):
                self.faults.append(Fault(name, type_, outcome))
        if kind == HALF:
            self.load(domain, SOA)

    def seconds(self, question):
        """The time that one try takes."""
        name = question.name
        while name not in self._kinds and "." in name:
            name = name.partition(".")[2]
        kind = self._kinds.get(name)
        if kind == HALF:
            return TIMEOUT if question.type in {RRType.A, RRType.AAAA} else 0.05
        return 0.05 if kind is None else KINDS[kind][1]

    async def ask(self, questions, *, avoid=frozenset()):
        return tuple(await asyncio.gather(*(self._ask_one(question, avoid) for question in questions)))

    async def _ask_one(self, question, avoid):
        for _ in range(TRIES):
            await self._clock.sleep(self.seconds(question))
            (answer,) = await super().ask([question], avoid=avoid)
            if answer.settled:
                break
        return answer


class AtOnce:
    """The answers of a hostile DNS without their time."""

    def __init__(self, dns):
        self._dns = dns

    async def ask(self, questions):
        return await ZoneResolver.ask(self._dns, questions)


class HostileSweeper(ZoneSweeper):
    """The same for a sweep: all are asked at once, and given up when their time is over."""

    def __init__(self, dns):
        super().__init__(AtOnce(dns))
        self._dns = dns

    async def sweep(self, names: Iterable[Fqdn]):
        found: asyncio.Queue[Existence] = asyncio.Queue()
        names = list(names)

        async def one(name):
            seconds = self._dns.seconds(Question(name, RRType.MX))
            existence = await anext(super(HostileSweeper, self).sweep([name]))
            settles = existence.presence is not Presence.UNSETTLED
            await self._dns._clock.sleep(seconds if settles else min(TRIES * seconds, PATIENCE))
            await found.put(existence)

        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(one(name)) for name in names]
            try:
                for _ in names:
                    yield await found.get()
            finally:
                for task in running:
                    task.cancel()


class AttackedWatch:
    """One process of the service over `store`; another one over the same goes on where it was killed."""

    def __init__(self, store, clock, dns):
        self.store, self.clock, self.dns = store, clock, dns
        suffixes = load_suffixes()
        self.ours = Ours(store, suffixes)
        names = Enumeration(load_tables(), ALL, "1", self.ours)
        pulse = Pulse(clock)
        resolver = PulsedResolver(dns, pulse)
        self.relook = Relook(
            store=store,
            examiner=Examiner(resolver, clock, suffixes, checks.ALL, lambda: "wnobody"),
            watch=Watch(
                store=store,
                clock=clock,
                policy=Policy(delay=TIER),
                cadence=Cadence(longest=TIER, retry=TIER, retry_most=TIER, owned=TIER),
                jitter=lambda: 0.5,
            ),
            ours=self.ours,
            clock=clock,
            resemblance=names.resemblance,
        )
        self.sweep = Sweep(
            store=store,
            sweeper=PulsedSweeper(HostileSweeper(dns), pulse, clock),
            relook=self.relook,
            enumerate_=names.candidates,
            version="1",
            tiers=tiers_from(((RANKS, TIER),)),
            clock=clock,
            stamp=lambda: "1",
        )
        self._names = names
        self._jobs = []

    async def candidates(self):
        """Return the registrable domains among the candidates, best first."""
        if not self.ours.protected:
            await protect(self.store, [NAME], suffixes=load_suffixes(), now=self.clock.now())
        await self.ours.read()
        if not _CANDIDATES:
            row = next(row for row in self.ours.protected if row.name == NAME)
            found = (candidate.name for candidate in self._names.candidates(row, 1, RANKS))
            _CANDIDATES.extend(name for name in found if name.count(".") == 1)
        return tuple(_CANDIDATES)

    async def start(self):
        """Run the jobs of the service until `kill`."""
        await self.candidates()
        works = (
            self.sweep.run,
            lambda: self.relook.due(failing=False),
            lambda: self.relook.due(MOST_SLOW, failing=True),
        )
        self._jobs = [asyncio.create_task(self._again_and_again(work)) for work in works]

    async def _again_and_again(self, work):
        while True:
            await work()
            await self.clock.sleep(0.5)

    async def kill(self):
        """Stop in the middle of everything."""
        await self.relook.close()
        for job in self._jobs:
            job.cancel()
        for job in self._jobs:
            with suppress(asyncio.CancelledError):
                await job

    async def passes(self):
        """Return how many passes have ended, as the marks of the shard say: the time of the last one."""
        async with self.store.read() as tx:
            (shard,) = await shards.list_all(tx, protected=NAME)
        return shard.last_finished_at

    async def seconds_until(self, name, *, most):
        """Return how long it takes until a gain of `name` is an event; None if it takes more than `most`."""
        began = self.clock.now()
        while (self.clock.now() - began).total_seconds() < most:
            await self.clock.advance(1)
            async with self.store.read() as tx:
                if any(
                    event.name == name and event.kind == "mail_became_able" for event in await event_log.list_all(tx)
                ):
                    return (self.clock.now() - began).total_seconds()
        return None
