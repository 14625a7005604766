"""The outbox under crashes between any two statements: nothing lost, nothing under two ids, no event without its row.

A crash is an exception at the n-th statement or commit, after which the database file is opened again, as after a
SIGKILL. The database is real; the channels and the clock are not.
"""

import asyncio
import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event as hooks

from tests.fakes.alert_samples import EVENTS
from tests.fakes.clock import FakeClock
from tests.fakes.recording_channel import RecordingChannel
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.telling.alerts import Alert, AlertKind, AlertPolicy
from watcher.services.telling.notify import Notifier, Patience
from watcher.store import Store, deliveries, event_log

KINDS = ("mail_became_able", "mail_became_unable", "exchanges_changed", "registered")
NAMES = ("army.ml", "navy.ml", "mod.uk", "army.cm", "amry.mil", "us.army.ml")
POLICY = AlertPolicy(channels=("slack", "email"), digest_after=2, group_wait=timedelta(seconds=30))


class Crash(BaseException):
    """The process ends here."""


class Outbox(RuleBasedStateMachine):
    """Events happen, time passes, channels fail, the process dies; in the end everything is told."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.folder = tempfile.TemporaryDirectory()
        self.clock = FakeClock()
        self.url = f"sqlite:///{Path(self.folder.name) / 'watcher.db'}"
        self.channels = {name: RecordingChannel(name) for name in POLICY.channels}
        self.committed: set[str] = set()
        self.generation = 0
        self.left = -1
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        self.store = await Store.open_or_create(self.url, clock=self.clock)
        self.generation += 1
        self.notifier = Notifier(
            self.store, self.channels, self.clock, POLICY,
            jitter=lambda: 0.5, owner=f"here:1:{self.generation}", patience=Patience(digests=timedelta(0)),
        )  # fmt: skip
        engine = self.store._engine.sync_engine
        hooks.listen(engine, "before_cursor_execute", self._statement)
        hooks.listen(engine, "commit", self._statement)

    def _statement(self, *_: object) -> None:
        if self.left == 0:
            self.left = -1
            raise Crash
        if self.left > 0:
            self.left -= 1

    def _do(self, work, crash_after: int | None) -> None:
        """Do the work; die at the statement after so many, and come back."""
        self.left = -1 if crash_after is None else crash_after
        try:
            self.loop.run_until_complete(work)
        except Crash:
            self.loop.run_until_complete(self._restart())
        self.left = -1

    async def _restart(self) -> None:
        await self.store.close()
        await self._open()

    crashes = st.none() | st.integers(0, 25)

    @rule(names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4), kind=st.sampled_from(KINDS), crash=crashes)
    def happens(self, names: list[str], kind: str, crash: int | None) -> None:
        now = self.clock.now()
        made = [
            replace(EVENTS[kind], id=self.store.ids(), name=name, registrable_domain=name, at=now) for name in names
        ]  # fmt: skip

        async def add() -> None:
            async with self.store.write() as tx:
                await event_log.add(tx, made, now=now)
            self.committed.update(one.id for one in made)

        self._do(add(), crash)

    @rule(seconds=st.sampled_from([1, 10, 31, 70, 3600, 86400]), crash=crashes)
    def gathers(self, seconds: int, crash: int | None) -> None:
        self.loop.run_until_complete(self.clock.advance(seconds))
        self._do(self.notifier.gather(), crash)

    @rule(channel=st.sampled_from(POLICY.channels), crash=crashes)
    def delivers(self, channel: str, crash: int | None) -> None:
        self._do(self.notifier.deliver_through(channel), crash)

    @rule(channel=st.sampled_from(POLICY.channels), sort=st.sampled_from(["live", "dead", "half", "taken", "refuses"]))
    def channel_turns(self, channel: str, sort: str) -> None:
        one = self.channels[channel]
        count = [0]

        def half(_alert: Alert) -> Exception | None:
            count[0] += 1
            return DeliveryFailed("down") if count[0] % 2 else None

        def taken(alert: Alert) -> Exception | None:
            one.accepted.append(alert)  # it took the alert, and says that it did not
            return DeliveryFailed("lost the answer")

        one.fails = {
            "live": lambda _alert: None,
            "dead": lambda _alert: DeliveryFailed("dead"),
            "half": half,
            "taken": taken,
            "refuses": lambda _alert: DeliveryRejected("never"),
        }[sort]

    @rule(
        channel=st.sampled_from(POLICY.channels),
        names=st.lists(st.sampled_from(NAMES), min_size=1, max_size=4, unique=True),
        seconds=st.sampled_from([70, 600, 7200]),
        crash=crashes,
    )
    def is_down_while_more_happens(self, channel: str, names: list[str], seconds: int, crash: int | None) -> None:
        """The older message waits long by then, the newer one is due: they must not change places."""
        self.channel_turns(channel, "dead")
        self.happens(names, "mail_became_able", None)
        for wait in (31, seconds):
            self.gathers(wait, None)
            self.delivers(channel, crash)
        self.happens(names, "mail_became_unable", None)
        self.gathers(31, crash)
        self.channel_turns(channel, "live")
        self.delivers(channel, crash)

    @invariant()
    def every_event_has_its_row_and_every_alert_its_deliveries(self) -> None:
        if not hasattr(self, "loop"):
            return

        async def read() -> tuple[int, int, int, set[str]]:
            async with self.store.read() as tx:
                alone = (
                    await tx.exec_driver_sql(
                        "select count(*) from events where id not in (select event_id from outbox)"
                    )
                ).scalar_one()
                bare = (
                    await tx.exec_driver_sql(
                        "select count(*) from alerts where (select count(*) from deliveries where alert_id = alerts.id) = 0"
                    )
                ).scalar_one()
                told = (
                    await tx.exec_driver_sql("select count(*) from outbox where decision = 'page' and alert_id is null")
                ).scalar_one()
                rows = await tx.exec_driver_sql("select id from events")
                return alone, bare, told, {row[0] for row in rows}  # fmt: skip

        alone, bare, untold, known = self.loop.run_until_complete(read())
        assert alone == 0, "an event without its outbox row"
        assert bare == 0, "an alert without deliveries"
        assert untold == 0, "decided to be told, without the alert"
        assert self.committed <= known
        self.committed = known

    def teardown(self) -> None:
        if not hasattr(self, "loop"):
            return
        try:
            self.loop.run_until_complete(self._in_the_end())
        finally:
            self.loop.run_until_complete(self.store.close())
            self.loop.close()
            self.folder.cleanup()

    async def _in_the_end(self) -> None:
        for channel in self.channels.values():
            channel.live()
        await self._hours_pass()
        async with self.store.read() as tx:
            refused = await deliveries.list_all(tx, status=deliveries.Status.REJECTED, limit=1000)
        out_of_turn = {(one.channel, one.alert.id) for one in refused}
        for one in refused:
            assert await self.notifier.retry(one.id)
        await self._hours_pass()
        async with self.store.read() as tx:
            assert not await deliveries.list_all(tx, status=deliveries.Status.PENDING), "nothing is left"
        async with self.store.read() as tx:
            rows = await tx.exec_driver_sql("select id, kind from events")
            kinds = {row[0]: row[1] for row in rows}
        for name, channel in self.channels.items():
            alert_of: dict[str, str] = {}
            for alert in channel.accepted:
                for one in alert.events:
                    assert alert_of.setdefault(one.id, alert.id) == alert.id, f"{one.id} under two ids"
            due = {event_id for event_id, kind in kinds.items() if not kind.startswith("channel_")}
            assert due <= alert_of.keys(), f"{name} was never told of {due - alert_of.keys()}"
            told: dict[str, list[str]] = {}
            alerts = {alert.id: alert for alert in channel.accepted}.values()  # in the order of the first acceptance
            for alert in alerts:
                if alert.kind is not AlertKind.PAGE or (name, alert.id) in out_of_turn:
                    continue
                for about in {one.name for one in alert.events if one.name}:
                    ids = sorted(one.id for one in alert.events if one.name == about)
                    assert told.get(about, [""])[-1] < ids[0], f"{name} was told of {about} out of order"
                    told[about] = ids

    async def _hours_pass(self) -> None:
        for _ in range(20):
            await self.clock.advance(7200)
            await self.notifier.gather()
            await self.notifier.deliver()


_UNHURRIED = settings(
    stateful_step_count=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)

TestOutbox = Outbox.TestCase
TestOutbox.settings = settings(_UNHURRIED, max_examples=8, stateful_step_count=15)


@pytest.mark.soak
class TestOutboxLong(Outbox.TestCase):  # type: ignore[name-defined, misc]
    """The same for longer, and never the same twice."""

    settings = settings(_UNHURRIED, max_examples=150, derandomize=False)
