"""One story told with a crash at its first statement or commit, then at its second, and so on to the last.

What the state machine beside this finds by chance, this finds for certain in the steps that matter.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as hooks

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.clock import FakeClock
from tests.fakes.recording_channel import RecordingChannel
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.telling.alerts import AlertPolicy
from watcher.services.telling.notify import Notifier, Patience
from watcher.store import Store, backup, event_log, protected_names, shards
from watcher.store.protected_names import ProtectedRow

POLICY = AlertPolicy(channels=("slack", "email"), digest_after=2)


class Crash(BaseException):
    """The process ends here."""


class Story:
    """A database in a known state, and a process that dies at a chosen statement."""

    def __init__(self, url: str, clock: FakeClock) -> None:
        self.url = url
        self.clock = clock
        self.channels = {name: RecordingChannel(name) for name in POLICY.channels}
        self.statements = 0
        self.die_at = -1

    async def open(self) -> None:
        self.store = await Store.open_existing(self.url, clock=self.clock)
        self.notifier = Notifier(
            self.store, self.channels, self.clock, POLICY,
            jitter=lambda: 0.5, owner="here:1:a", patience=Patience(digests=timedelta(0)),
        )  # fmt: skip
        for name in ("before_cursor_execute", "commit"):
            hooks.listen(self.store._engine.sync_engine, name, self._statement)
            hooks.listen(self.store._direct, name, self._statement)

    def _statement(self, *_: object) -> None:
        self.statements += 1
        if self.statements - 1 == self.die_at:
            self.die_at = -1
            raise Crash

    async def happens(self, *new) -> None:
        now = self.clock.now()
        made = [replace(one, id=self.store.ids(), at=now) for one in new]
        async with self.store.write() as tx:
            await event_log.add(tx, made, now=now)

    async def check(self) -> None:
        """What must hold at any moment, also right after a crash."""
        async with self.store.read() as tx:
            for what, query in {
                "an event without its outbox row": "select count(*) from events e left join outbox o on o.event_id = e.id where o.event_id is null",
                "an alert without both its deliveries": "select count(*) from alerts a where kind != 'test' and group_key not like 'channel:%' and (select count(*) from deliveries d where d.alert_id = a.id) != 2",
                "decided to be told, without the alert": "select count(*) from outbox where decision = 'page' and alert_id is null",
                "sent, and not accepted": f"select count(*) from deliveries where status = 'sent' and alert_id not in ({self._accepted()})",
            }.items():
                assert (await tx.exec_driver_sql(query)).scalar_one() == 0, what

    def _accepted(self) -> str:
        return ", ".join(f"'{alert.id}'" for one in self.channels.values() for alert in one.accepted) or "''"

    async def finish(self) -> None:
        """All channels work and time passes: everything is told on both, each under one id."""
        for channel in self.channels.values():
            channel.live()
        for _ in range(3):
            await self.clock.advance(43_200)
            await self.notifier.gather()
            await self.notifier.deliver()
        async with self.store.read() as tx:
            rows = await tx.exec_driver_sql("select id from events where kind not like 'channel_%'")
            happened = {row[0] for row in rows}
            rows = await tx.exec_driver_sql("select channel from deliveries where status = 'rejected'")
            rejected = {row[0] for row in rows}
        for name, channel in self.channels.items():
            alert_of: dict[str, str] = {}
            for alert in channel.accepted:
                for one in alert.events:
                    assert alert_of.setdefault(one.id, alert.id) == alert.id, f"{one.id} under two ids"
            if name not in rejected:
                assert happened <= alert_of.keys(), f"{name} was never told of {happened - alert_of.keys()}"


async def _pages(story: Story) -> None:
    await story.happens(became_able(), became_able(2, "navy.ml"), replace(EVENTS["mail_became_unable"]))
    await story.clock.advance(31)


async def _digest(story: Story) -> None:
    await story.happens(EVENTS["registered"], EVENTS["lookalike_found"])
    await story.clock.advance(86_400)


async def _baseline(story: Story) -> None:
    now = story.clock.now()
    async with story.store.write() as tx:
        await protected_names.add(tx, [ProtectedRow("army.mil", "domain", now)])
        await shards.plan(tx, "army.mil", [0], version="v1")
        await shards.start(tx, "army.mil", 0, version="v1", total=10, at=now)
        await shards.finish(tx, "army.mil", 0, settled=10, unsettled=0, at=now)
    await story.happens(EVENTS["mail_found_able"])


async def _alerts(story: Story) -> None:
    await _pages(story)
    await story.notifier.gather()


async def _failing(story: Story) -> None:
    await _alerts(story)
    story.channels["slack"].fails = lambda _alert: DeliveryFailed("down", timedelta(seconds=9))


async def _refusing(story: Story) -> None:
    await _alerts(story)
    story.channels["slack"].fails = lambda _alert: DeliveryRejected("gone")


async def _recovering(story: Story) -> None:
    await _refusing(story)
    await story.notifier.deliver_through("slack")
    story.channels["slack"].live()


STEPS = {
    "gather pages": (_pages, lambda story: story.notifier.gather()),
    "gather a digest": (_digest, lambda story: story.notifier.gather()),
    "gather a baseline": (_baseline, lambda story: story.notifier.gather()),
    "deliver": (_alerts, lambda story: story.notifier.deliver_through("slack")),
    "deliver and fail": (_failing, lambda story: story.notifier.deliver_through("slack")),
    "deliver and be refused": (_refusing, lambda story: story.notifier.deliver_through("slack")),
    "deliver again": (_recovering, lambda story: story.notifier.deliver_through("slack")),
}


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_each_statement_loses_nothing(step: str, tmp_path: Path) -> None:
    prepare, act = STEPS[step]
    clock = FakeClock()
    empty = f"sqlite:///{tmp_path}/empty.db"
    await (await Store.open_or_create(empty, clock=clock)).close()
    crashed = 0
    while True:
        copy = tmp_path / f"{crashed}.db"
        await backup(empty, copy)
        story = Story(f"sqlite:///{copy}", FakeClock())
        await story.open()
        await prepare(story)
        story.statements, story.die_at = 0, crashed
        try:
            await act(story)
        except Crash:
            await story.store.close()
            await story.open()
            await story.check()
        else:
            assert story.statements == crashed, "no statement is left to crash at"
            await story.store.close()
            break
        await story.finish()
        await story.store.close()
        crashed += 1
        await asyncio.sleep(0)
    assert crashed >= 5, "the step did something"
