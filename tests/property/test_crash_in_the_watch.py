"""A name gains mail, and the service dies at the first statement of a step, then at the second, and so on to the last.

Whatever the step, people are told afterwards: once, as what it is, and soon.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as hooks

from tests.fakes.clock import FakeClock
from tests.fakes.recording_channel import RecordingChannel
from tests.fakes.zone_resolver import Fault, ZoneResolver
from tests.fakes.zone_sweeper import ZoneSweeper
from watcher import checks
from watcher.core.events import Resemblance
from watcher.core.mail.dns import Outcome
from watcher.core.names.names import Fqdn
from watcher.core.slips.candidates import Candidate
from watcher.core.telling.alerts import AlertPolicy
from watcher.data import load_suffixes
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.services.names.protect import protect
from watcher.services.sweeps.passes import tiers_from
from watcher.services.sweeps.sweep import Sweep
from watcher.services.telling.notify import Notifier
from watcher.store import Store, backup, event_log

HOUR = 3600
NAME = "army.ml"
CANDIDATES = (NAME, "army.com", "army.org")
SUFFIX = "@ SOA ns1 hostmaster 1 3600 600 86400 60\n@ NS ns1\n"
ABLE = SUFFIX + "@ MX 10 mx\nmx A 93.184.215.14\n"
CHANNELS = ("slack", "email")
SOON = (1, 62, 62)
"""When it looks after the restart, in seconds from one time to the next: it takes two looks a minute apart."""


class Crash(BaseException):
    """The process ends here, and does nothing more."""


class Service:
    """All from the sweep to the channels over one database; dies at a chosen statement or commit."""

    def __init__(self, url: str) -> None:
        self.url, self.clock = url, FakeClock()
        self.dns = ZoneResolver(
            self.clock, dict.fromkeys(("mil", "ml", "com", "org"), SUFFIX), resolvers=("9.9.9.10", "9.9.9.11"), ttl=60
        )
        self.channels = {name: RecordingChannel(name) for name in CHANNELS}
        self.statements, self.die_at, self.dead = 0, -1, False

    async def start(self) -> None:
        self.store = await Store.open_existing(self.url, clock=self.clock)
        for name in ("before_cursor_execute", "commit"):
            hooks.listen(self.store._engine.sync_engine, name, self._statement)
            hooks.listen(self.store._direct, name, self._statement)
        suffixes = load_suffixes()
        ours = Ours(self.store, suffixes)
        await ours.read()
        self.relook = Relook(
            store=self.store,
            examiner=Examiner(self.dns, self.clock, suffixes, checks.ALL, lambda: "wnobody"),
            watch=Watch(store=self.store, clock=self.clock, jitter=lambda: 0.5),
            ours=ours,
            clock=self.clock,
            resemblance=lambda one: Resemblance("army.mil", ("suffix_edit",), one.likelihood, "mil typed", one.rank),
        )
        self.sweep = Sweep(
            store=self.store,
            sweeper=ZoneSweeper(self.dns),
            relook=self.relook,
            enumerate_=lambda _name, first, last: (
                Candidate(Fqdn(one), Fqdn(one), ("suffix_edit",), 0.1 / rank, 0.5, rank, (), Fqdn("army.mil"))
                for rank, one in enumerate(CANDIDATES, start=1)
                if first <= rank <= last
            ),
            version="1",
            tiers=tiers_from([(len(CANDIDATES), timedelta(hours=1))]),
            clock=self.clock,
        )
        self.notifier = Notifier(self.store, self.channels, self.clock, AlertPolicy(CHANNELS), jitter=lambda: 0.5)
        await self.notifier.start()

    async def restart(self) -> None:
        await self.store.close()
        self.dead, self.die_at = False, -1
        await self.start()

    def _statement(self, *_: object) -> None:
        self.statements += 1
        self.dead = self.dead or self.statements - 1 == self.die_at
        if self.dead:
            raise Crash

    async def sweeps(self) -> None:
        await self.sweep.run()

    async def looks(self) -> None:
        while await self.relook.due():
            pass

    async def tells(self) -> None:
        await self.notifier.gather()
        await self.notifier.deliver()

    async def goes_on(self, *moments: int) -> None:
        for seconds in moments:
            await self.clock.advance(seconds)
            await self.sweeps()
            await self.looks()
        await self.tells()
        await self.clock.advance(31)
        await self.tells()

    async def kinds(self) -> list[str]:
        async with self.store.read() as tx:
            return [one.kind.value for one in await event_log.list_all(tx) if one.name == NAME]

    def told(self, channel: str) -> list[tuple[str, str]]:
        """Which alerts told of which event of the name."""
        accepted = self.channels[channel].accepted
        return [(alert.id, one.kind.value) for alert in accepted for one in alert.events if one.name == NAME]


async def _protected(service: Service) -> None:
    await protect(service.store, ["army.mil"], suffixes=load_suffixes(), now=service.clock.now())
    await service.restart()


async def _gained(service: Service) -> None:
    """The first sweep found it absent; now it takes mail, and the next sweep is due."""
    await _protected(service)
    await service.sweeps()
    await service.tells()
    service.dns.load(NAME, ABLE)
    await service.clock.advance(HOUR)


async def _unsettled(service: Service) -> None:
    """The sweep that is due meets only failures of its nameservers."""
    await _gained(service)
    service.dns.faults.append(Fault(NAME, "*", Outcome.SERVFAIL))


async def _swept_unsettled(service: Service) -> None:
    """Such a sweep is over, and the nameservers work by now."""
    await _unsettled(service)
    await service.sweeps()
    service.dns.faults.clear()
    await service.clock.advance(61)


async def _seen(service: Service) -> None:
    """A sweep saw it; the confirming look is due."""
    await _gained(service)
    await service.sweeps()
    await service.clock.advance(61)


async def _confirmed(service: Service) -> None:
    await _seen(service)
    await service.looks()
    await service.clock.advance(31)


STEPS = (
    pytest.param(_gained, Service.sweeps, id="the sweep that sees it"),
    pytest.param(_unsettled, Service.sweeps, id="a sweep that sees failures", marks=pytest.mark.soak),
    pytest.param(_swept_unsettled, Service.looks, id="the look after failures", marks=pytest.mark.soak),
    pytest.param(_seen, Service.looks, id="the confirming look"),
    pytest.param(_confirmed, Service.tells, id="the telling", marks=pytest.mark.soak),
)
Step = Callable[[Service], Awaitable[None]]


async def _crashes(tmp_path: Path, prepare: Step, act: Step) -> AsyncGenerator[Service, None]:
    """The service after a crash at each statement of `act` in turn, started again; closed by the caller's next step."""
    empty = f"sqlite:///{tmp_path}/empty.db"
    await (await Store.open_or_create(empty, clock=FakeClock())).close()
    prepared = Service(empty)
    await prepared.start()
    await prepare(prepared)
    await prepared.store.close()
    at = 0
    while True:
        copy = tmp_path / f"{at}.db"
        await backup(empty, copy)
        service = Service(f"sqlite:///{copy}")
        service.clock, service.dns = prepared.clock, prepared.dns
        begun = prepared.clock.now()
        await service.start()
        service.channels = {name: RecordingChannel(name) for name in CHANNELS}
        service.notifier._channels = dict(service.channels)
        service.statements, service.die_at = 0, at
        crashed = False
        try:
            await act(service)
        except BaseException as error:
            crashed = service.dead
            if not crashed:
                raise AssertionError("something else went wrong") from error
        if not crashed:
            assert service.statements == at, "no statement is left to crash at"
            await service.store.close()
            return
        await service.restart()
        try:
            yield service
        finally:
            await service.store.close()
        service.clock._now = begun
        at += 1


@pytest.mark.parametrize(("prepare", "act"), STEPS)
async def test_a_gain_is_told_as_one_and_soon_wherever_the_service_dies(
    prepare: Step, act: Step, tmp_path: Path
) -> None:
    crashed = 0
    async with aclosing(_crashes(tmp_path, prepare, act)) as crashes:
        async for service in crashes:
            faults, service.dns.faults[:] = list(service.dns.faults), []
            await service.goes_on(*SOON)
            assert await service.kinds() == ["lookalike_found", "mail_became_able"]
            slack, email = service.told("slack"), service.told("email")
            assert sorted(set(slack)) == sorted(set(email)), "one id on both channels"
            assert [kind for _, kind in dict.fromkeys(slack)].count("mail_became_able") == 1
            service.dns.faults[:] = faults
            crashed += 1
    assert crashed >= 5, "the step did something"


@pytest.mark.soak
async def test_what_the_first_sweep_saw_absent_stays_absent_wherever_it_dies(tmp_path: Path) -> None:
    crashed = 0
    async with aclosing(_crashes(tmp_path, _protected, Service.sweeps)) as crashes:
        async for service in crashes:
            await service.goes_on(1)
            service.dns.load(NAME, ABLE)
            await service.goes_on(HOUR, *SOON)
            assert await service.kinds() == ["lookalike_found", "mail_became_able"]
            assert "mail_became_able" in [kind for _, kind in service.told("slack")]
            del service.dns._zones[NAME]
            crashed += 1
    assert crashed >= 5
