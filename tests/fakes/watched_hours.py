"""A small world that is watched for hours: names, resolvers and their faults, and what is told of it in the end."""

import random
from datetime import timedelta

from tests.fakes.zone_resolver import ZoneResolver
from watcher import checks
from watcher.core.events import Resemblance
from watcher.core.names.names import Fqdn
from watcher.core.states.mail_state import Origin
from watcher.data import load_suffixes
from watcher.services.health.pulse import Pulse, PulsedResolver
from watcher.services.health.vigil import Vigil
from watcher.services.health.wellness import Wellness
from watcher.services.looks.examine import Examiner
from watcher.services.looks.relook import Relook
from watcher.services.looks.watch import Watch
from watcher.services.names.own import Ours
from watcher.store import event_log

ROOT = "@ SOA a b 1 1 1 1 60\nml NS a.nic.ml.\nnet NS a.nic.net.\n"
ML = "@ SOA a b 1 1 1 1 60\narmy NS ns.army\nnavy NS ns.navy\n"
SOA = "@ SOA a b 1 1 1 1 60\n@ NS ns\n"
MX = SOA + "@ MX 10 mx.mail.net.\n"
MAIL = SOA + "mx A 93.184.215.25\nlie A 93.184.215.66\n"
FIRST, SECOND, THIRD, FOURTH = "9.9.9.1:53", "9.9.9.2:53", "9.9.9.3:53", "9.9.9.4:53"


class Several(ZoneResolver):
    """Several resolvers: one after the other, or by chance where there is a `dice`."""

    turn = 0
    dice: random.Random | None = None

    async def ask(self, questions, *, avoid=frozenset()):
        """As the careful resolver: three tries, one that is avoided only when no other is left untried twice."""
        usable = [one for one in self._resolvers if one not in avoid]
        rest = [one for one in self._resolvers if one in avoid]
        self.turn += 1
        if self.dice:
            self.dice.shuffle(usable)
        else:
            usable = usable[self.turn % len(usable) :] + usable[: self.turn % len(usable)] if usable else []
        answers = ()
        for chosen in [*usable, *usable, *rest][:3]:
            answers = await super().ask(questions, avoid=frozenset(self._resolvers) - {chosen})
            if all(answer.settled for answer in answers):
                break
        return answers


class WatchedHours:
    """`army.ml` exists without mail, `navy.ml` takes mail; both are known and looked at by their time."""

    def __init__(self, store, clock, resolvers=(FIRST, SECOND), policy=None, own_servers=None):
        self.store, self.clock = store, clock
        zones = {".": ROOT, "ml": ML, "net": SOA, "mail.net": MAIL, "army.ml": SOA, "navy.ml": MX}
        self.dns = Several(clock, zones, resolvers=resolvers, ttl=60)
        pulse = Pulse(clock)
        resolver = PulsedResolver(self.dns, pulse)
        examiner = Examiner(
            resolver,
            clock,
            load_suffixes(),
            checks.ALL,
            lambda: "w0123456789",
            own_servers=own_servers,
            several=len(resolvers) > 1,
        )
        self.watch = Watch(store=store, clock=clock, policy=policy, jitter=lambda: 0.5)
        self.relook = Relook(
            store=store,
            examiner=examiner,
            watch=self.watch,
            ours=Ours(store, load_suffixes()),
            clock=clock,
            resemblance=lambda _: None,
        )
        self.examiner = examiner
        self.vigil = Vigil(store=store, resolver=resolver, pulse=pulse, clock=clock, stale_after=timedelta(minutes=15))
        self.wellness = Wellness(
            store=store,
            clock=clock,
            plan=((200, timedelta(hours=1)),),
            budget=lambda: None,
            free_bytes=lambda: 10**10,
            data_dates=dict,
            registries=pulse.registry,
        )

    async def begin(self):
        now = self.clock.now()
        for name in ("army.ml", "navy.ml"):
            slip = Resemblance("army.mil", ("suffix_edit",), 0.03, "mil typed as ml", 1)
            look = await self.examiner.look(Fqdn(name))
            await self.watch.record(look, resemblances=[slip], origin=Origin() if name == "navy.ml" else None)
        self.clock._now = now + timedelta(minutes=2)
        return self

    async def minutes(self, count, *, step=1):
        for minute in range(0, count, step):
            await self.relook.due()
            if minute % 5 == 0:
                await self.vigil.check()
                await self.wellness.check()
            self.clock._now += timedelta(minutes=step)

    async def told(self):
        """Kind and name, in order, without what was there from the beginning."""
        async with self.store.read() as tx:
            found = [(one.kind.value, one.name) for one in await event_log.list_all(tx)]
        return [one for one in found if one[0] not in {"lookalike_found", "mail_found_able"}]
