"""Reads a scenario of section E and plays it: zones that change, sweeps, hours that pass, and the events that follow.

It is the real watch over a real database; only the resolver and the clock are fakes. `[[step]]` tables are played in
order:

    zones       zones to add or replace: origin = master-file text ("" takes the zone away)
    faults      all faults from now on, as in `tests.fakes.zone_resolver.Fault`
    sweep       names of candidates that one pass over their shard finds in this order; what is due again is looked at too
    feed        names that a feed brings; `lacked`: seconds since a complete zone lacked them
    registered  names that the registry calls registered so many seconds ago: name = seconds
    pass        seconds that pass then, with every look that falls due

and, expected: events (all of them in order, one line each, see `line`; the last words are the marks of its story), forbidden (kinds that must not be among them),
stands (name = what stands at the end: `ability basis`), readings (name = how many resolvers are in the evidence of its last
event). A scenario may set `resolvers`, `protected`, `ranks` (name = rank) and `first_sweep` (false: no sweep has finished before).
"""

import tomllib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import ZoneResolver
from tests.fakes.zone_sweeper import ZoneSweeper
from tests.scenarios.timeline import OPERATORS, fault
from watcher import checks
from watcher.core.events import Event, Resemblance
from watcher.core.names.names import Fqdn, parse
from watcher.core.ports import Presence
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.slips.candidates import Candidate
from watcher.core.states.mail_state import Origin, Policy
from watcher.core.states.steadiness import Mark
from watcher.data import load_suffixes
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.sweeps import matched
from watcher.store import Store, event_log, lookalikes, protected_names, shards
from watcher.store.protected_names import ProtectedRow

_RESOLVERS = ("9.9.9.10:53", "149.112.112.10:53")


def scenario_files() -> list[Path]:
    """Every scenario of section E, in order."""
    return sorted((Path(__file__).parent / "time").glob("*.toml"))


def read_scenario(path: Path) -> dict[str, Any]:
    """The scenario in a file."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def line(event: Event) -> str:
    """One event: `mail_became_able army.ml unable no_such_name > able explicit_mx critical`."""
    sides = [f"{side['ability']} {side['basis']}" for side in (event.before, event.after) if "ability" in side]
    marks = [mark.value for mark in Mark if event.after.get(mark)]
    return " ".join((event.kind.value, event.name, *(" > ".join(sides),) * bool(sides), event.severity.value, *marks))


async def play(scenario: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """What each step showed, in the form of what it expects."""
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{folder}/watcher.db", clock=clock)
    try:
        world = _World(scenario, store, clock)
        return [await world.step(step) for step in await world.begin()]
    finally:
        await store.close()


class _World:
    def __init__(self, scenario: dict[str, Any], store: Store, clock: FakeClock) -> None:
        self._scenario = scenario
        self._store = store
        self._clock = clock
        resolvers = scenario.get("resolvers", _RESOLVERS)
        self._resolver = ZoneResolver(clock, resolvers=resolvers, ttl=scenario.get("ttl", 300))
        suffixes = load_suffixes()
        examiner = Examiner(self._resolver, clock, suffixes, checks.ALL, lambda: "probe", operators=OPERATORS)
        policy = Policy(alone=len(resolvers) == 1)
        self._watch = Watch(store=store, clock=clock, policy=policy, jitter=lambda: 0.5)
        self._ours = Ours(store, suffixes)
        self._suffixes = suffixes
        self._relook = Relook(
            store=store,
            examiner=examiner,
            watch=self._watch,
            ours=self._ours,
            clock=clock,
            resemblance=self._resemblance,
        )
        self._protected = scenario.get("protected", ["army.mil"])
        self._swept: set[Fqdn] = set()
        self._absent: dict[str, datetime] = {}
        self._last_sweep: datetime | None = clock.now() if scenario.get("first_sweep", True) else None

    async def begin(self) -> list[dict[str, Any]]:
        """The steps, once what they need is there."""
        names = self._protected
        async with self._store.write() as tx:
            await protected_names.add(tx, [ProtectedRow(name, "domain", self._clock.now()) for name in names])
        await self._ours.read()
        steps: list[dict[str, Any]] = self._scenario["step"]
        return steps

    async def step(self, step: dict[str, Any]) -> dict[str, Any]:
        async with self._store.read() as tx:
            before = {event.id for event in await event_log.list_all(tx, limit=1000)}
        for origin, text in step.get("zones", {}).items():
            self._resolver.load(origin, text or None)
        if "faults" in step:
            self._resolver.faults = [fault(row) for row in step["faults"]]
        if "sweep" in step:
            await self._sweep([parse(name) for name in step["sweep"]])
        if "feed" in step:
            await self._feed([parse(name) for name in step["feed"]], step.get("lacked"))
        for name, ago in step.get("registered", {}).items():
            await self._registered(parse(name), ago)
        await self._wait(step.get("pass", 0))
        async with self._store.read() as tx:
            told = [event for event in await event_log.list_all(tx, limit=1000) if event.id not in before]
            rows = {name: await lookalikes.find(tx, name) for name in step.get("stands", {})}
        told.sort(key=lambda event: event.id)
        standing = {name: row.state.standing if row is not None else None for name, row in rows.items()}
        return {
            "events": [line(event) for event in told],
            "kinds": {event.kind.value for event in told},
            "stands": {
                name: "nothing" if verdict is None else f"{verdict.ability.value} {verdict.basis.value}"
                for name, verdict in standing.items()
            },
            "readings": {event.name: len({row["resolver"] for row in event.evidence}) for event in told},
            "evidence": all(event.evidence for event in told),
        }

    async def _wait(self, seconds: float) -> None:
        """Let time pass, and take every look when it is due."""
        end = self._clock.now() + timedelta(seconds=seconds)
        while True:
            await self._relook.due()
            async with self._store.read() as tx:
                rows = await lookalikes.find_all(tx, list(self._swept))
            due = [row.next_look_at for row in rows.values() if row.next_look_at is not None]
            now = self._clock.now()
            if now >= end:
                return
            # A look is never taken twice at one moment, so a second goes by at least.
            await self._clock.advance(max((min([*due, end]) - now).total_seconds(), 1))

    async def _sweep(self, names: list[Fqdn]) -> None:
        """One pass: what is there has its first look, what is not is settled as absent."""
        started = self._clock.now()
        self._swept.update(names)
        async with self._store.read() as tx:
            known = await lookalikes.find_known(tx, names)
        new = [name for name in names if name not in known]
        async for found in ZoneSweeper(self._resolver).sweep(new):
            if found.presence is not Presence.ABSENT:
                origin = Origin(self._absent.get(found.name), self._last_sweep)
                await self._relook.candidate(self._candidate(found.name), origin)
        async with self._store.read() as tx:
            rows = await lookalikes.find_known(tx, names)
        self._absent.update({name: started for name in names if name not in rows})
        self._last_sweep = started
        async with self._store.write() as tx:
            for name in self._protected:
                await shards.plan(tx, name, [0], version="1")
                await shards.start(tx, name, 0, version="1", total=len(names), at=started)
                await shards.finish(tx, name, 0, settled=len(names), unsettled=0, at=self._clock.now())

    async def _feed(self, names: list[Fqdn], lacked: float | None) -> None:
        now = self._clock.now()
        found = [(name, [self._resemblance(self._candidate(name))]) for name in names]
        since = None if lacked is None else now - timedelta(seconds=lacked)
        self._swept.update(names)
        await matched.keep(self._store, found, suffixes=self._suffixes, now=now, absent_since=since)

    async def _registered(self, name: Fqdn, ago: float) -> None:
        now = self._clock.now()
        created = now - timedelta(seconds=ago)
        facts = RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.RDAP, now, created_at=created)
        await self._watch.record_registration(name, facts)

    def _candidate(self, name: Fqdn) -> Candidate:
        rank = self._scenario.get("ranks", {}).get(name, 200)
        mark = Fqdn(self._protected[0])
        return Candidate(name, self._suffixes.registrable_domain(name), ("suffix_edit",), 0.01, 0.1, rank, (), mark)

    def _resemblance(self, candidate: Candidate) -> Resemblance:
        return Resemblance(candidate.protected, candidate.techniques, candidate.likelihood, "a slip", candidate.rank)
