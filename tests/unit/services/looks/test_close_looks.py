"""What is asked besides a name's mail: in every check, once a day by the watch, never in a sweep; and it is kept."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.zone_resolver import ZoneResolver
from watcher import checks
from watcher.checks import VOCABULARY
from watcher.core.events import Resemblance
from watcher.core.mail.dns import Question, RRType
from watcher.core.mail.probing import Probed, ProbeOutcome
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag
from watcher.core.names.names import Fqdn, parse
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.shapes.known import check_json
from watcher.core.slips.candidates import Candidate
from watcher.core.states.mail_state import Origin
from watcher.data import load_suffixes
from watcher.services.answers.lookup import Lookup
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.store import Store, lookalikes, protected_names
from watcher.store.protected_names import ProtectedRow

_NAME = parse("army.ml")
_ZONE = '@ MX 10 mx\nmx A 93.184.215.14\n@ TXT "v=spf1 mx -all"\n'
_RESOLVERS = ("9.9.9.10:53", "149.112.112.10:53")
_CANDIDATE = Candidate(_NAME, Fqdn("army.ml"), ("suffix_edit",), 0.1, 0.1, 1, (), Fqdn("army.mil"))


class _Server:
    def __init__(self) -> None:
        self.asked = 0

    async def probe(self, name: str, host: str, address: str) -> Probed:
        self.asked += 1
        return Probed(host, address, ProbeOutcome.ACCEPTS_ANY, "250 2.1.5 Ok", starttls=False)


class _World:
    def __init__(self, store: Store, clock: FakeClock, *, probe: bool = True) -> None:
        self.store, self.clock, self.server = store, clock, _Server()
        self.resolver = ZoneResolver(clock, {"army.ml": _ZONE}, resolvers=_RESOLVERS)
        self.examiner = Examiner(
            self.resolver, clock, load_suffixes(), checks.ALL, lambda: "label", prober=self.server
        )  # fmt: skip
        self.relook = Relook(
            store=store,
            examiner=self.examiner,
            watch=Watch(store=store, clock=clock, jitter=lambda: 0.5),
            ours=Ours(store, load_suffixes()),
            clock=clock,
            resemblance=lambda one: Resemblance(one.protected, one.techniques, one.likelihood, "a slip", one.rank),
            probe=probe,
        )

    def posture_questions(self) -> int:
        return sum(one.type is RRType.TXT and one.name == _NAME for one in self.resolver.asked)

    async def flags(self) -> set[Flag]:
        async with self.store.read() as tx:
            row = await lookalikes.find(tx, _NAME)
        assert row is not None
        assert row.verdict is not None
        return set(row.verdict.flags)

    async def hours(self, count: int) -> AsyncIterator[int]:
        for hour in range(count):
            await self.clock.advance(3600)
            await self.relook.due()
            yield hour


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    clock = FakeClock()
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    async with store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", "domain", clock.now())])
    yield store
    await store.close()


async def test_the_first_look_of_a_sweep_asks_for_mail_only(store: Store):
    world = _World(store, FakeClock())
    await world.relook.candidate(_CANDIDATE, Origin())
    assert world.posture_questions() == 0
    assert world.server.asked == 0


async def test_once_a_day_a_look_is_close_and_what_it_showed_stays(store: Store):
    world = _World(store, FakeClock())
    await world.relook.candidate(_CANDIDATE, Origin())
    seen = False
    async for _ in world.hours(72):
        flags = await world.flags()
        seen = seen or Flag.OPERATED in flags
        assert seen == ({Flag.OPERATED, Flag.ACCEPTS_ANY} <= flags)
    assert seen
    assert 3 <= world.posture_questions() <= 4
    assert world.server.asked == world.posture_questions()


async def test_no_mail_server_is_asked_where_the_probe_is_off(store: Store):
    world = _World(store, FakeClock(), probe=False)
    await world.relook.candidate(_CANDIDATE, Origin())
    async for _ in world.hours(30):
        pass
    await world.relook.now(_NAME)
    assert world.posture_questions() >= 2
    assert world.server.asked == 0


async def test_what_is_not_published_any_more_is_gone_a_day_later(store: Store):
    world = _World(store, FakeClock())
    await world.relook.candidate(_CANDIDATE, Origin())
    async for _ in world.hours(25):
        pass
    assert Flag.OPERATED in await world.flags()
    world.resolver.load("army.ml", "@ MX 10 mx\nmx A 93.184.215.14")
    async for _ in world.hours(25):
        pass
    assert Flag.OPERATED not in await world.flags()


class _Registry:
    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock

    async def facts(self, domain: Fqdn, *, worth: float = 0.0) -> RegistrationFacts:
        status, source = RegistrationStatus.REGISTERED, RegistrationSource.RDAP
        return RegistrationFacts(status, source, self._clock.now(), nameservers=("ns1.army.ml",))


def _lookup(world: _World, *, confirms: bool) -> Lookup:
    async def resembling(_name: Fqdn) -> tuple[Resemblance, ...]:
        return ()

    return Lookup(
        clock=world.clock,
        suffixes=load_suffixes(),
        looker=world.examiner,
        resembling=resembling,
        registry=_Registry(world.clock),
        confirms=confirms,
    )


async def test_a_check_asks_for_posture_and_is_seen_by_two_resolvers(store: Store):
    world = _World(store, FakeClock())
    known = await _lookup(world, confirms=True).looked_at(_NAME)
    said = VOCABULARY.sentence(_NAME, known.verdict)
    assert said == "Mail for army.ml is delivered to mx.army.ml (93.184.215.14): MX 10, seen by 2 resolvers"
    assert Flag.OPERATED in known.verdict.flags
    assert known.probed is None
    assert {answer.resolver for answer in known.verdict.evidence} == set(_RESOLVERS)
    assert world.posture_questions() == 1, "what the registry said is judged without asking again"


async def test_with_one_resolver_a_check_reads_once(store: Store):
    world = _World(store, FakeClock())
    known = await _lookup(world, confirms=False).looked_at(_NAME, probe=True)
    mx = [answer for answer in known.verdict.evidence if answer.question == Question(_NAME, RRType.MX)]
    assert len(mx) == 1
    said = "250 2.1.5 Ok"
    assert known.probed == Probed("mx.army.ml", "93.184.215.14", ProbeOutcome.ACCEPTS_ANY, said, starttls=False)
    assert check_json(known)["probe"]["reply"] == said
    assert Flag.ACCEPTS_ANY in known.verdict.flags
    assert known.severity is Severity.CRITICAL


async def test_a_check_that_is_confirmed_keeps_what_the_mail_server_said(store: Store):
    world = _World(store, FakeClock())
    known = await _lookup(world, confirms=True).looked_at(_NAME, probe=True)
    assert {Flag.ACCEPTS_ANY, Flag.OPERATED} <= set(known.verdict.flags)
    assert world.clock.now() - FakeClock().now() < timedelta(seconds=1)
