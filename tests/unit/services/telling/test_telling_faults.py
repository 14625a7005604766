"""What goes wrong around the telling: database locked or full, a channel that hangs for hours, a thousand events at once."""

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event as hooks

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.clock import FakeClock
from tests.fakes.post_receiver import PostReceiver
from tests.fakes.recording_channel import RecordingChannel
from watcher.channels.webhook import Webhook
from watcher.core.errors import DeliveryRejected, StoreError
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import AlertPolicy
from watcher.services.telling.notify import Notifier, Patience
from watcher.store import Store, deliveries, event_log, outbox

SECRET = "whsec_" + "c2VjcmV0" * 4


class Desk:
    """A store, a clock and two channels."""

    def __init__(self, store: Store, clock: FakeClock, path: Path) -> None:
        self.store = store
        self.clock = clock
        self.path = path
        self.slack = RecordingChannel("slack")
        self.email = RecordingChannel("email")

    def notifier(self, channels=None, **changes) -> Notifier:
        chosen = channels or {"slack": self.slack, "email": self.email}
        arguments = {
            "policy": AlertPolicy(channels=tuple(chosen)),
            "jitter": lambda: 0.5,
            "owner": "here:1:a",
            **changes,
        }
        return Notifier(self.store, chosen, clock=self.clock, **arguments)

    async def happens(self, *new: Event) -> list[Event]:
        now = self.clock.now()
        made = [replace(event, id=self.store.ids(), at=now) for event in new]
        async with self.store.write() as tx:
            await event_log.add(tx, made, now=now)
        return made

    async def deliveries(self, **which) -> list[deliveries.Delivery]:
        async with self.store.read() as tx:
            return await deliveries.list_all(tx, limit=5000, **which)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock()
    path = tmp_path / "watcher.db"
    store = await Store.open_or_create(f"sqlite:///{path}", clock=clock)
    yield Desk(store, clock, path)
    await store.close()


def _told(channel: RecordingChannel) -> dict[str, set[str]]:
    """For each event that was told, the ids of the alerts that told of it."""
    found: dict[str, set[str]] = {}
    for alert in channel.accepted:
        for one in alert.events:
            found.setdefault(one.id, set()).add(alert.id)
    return found


async def _in_the_background(desk: Desk, notifier: Notifier, until) -> None:
    """Let `run` go on, in simulated time, until `until()`."""
    running = asyncio.create_task(notifier.run())
    try:
        async with asyncio.timeout(60):
            while not until():
                await desk.clock.advance(1)
                await asyncio.sleep(0.005)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_a_locked_database_is_waited_for_and_said(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    hooks.listen(
        desk.store._engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=20")
    )
    (event,) = await desk.happens(became_able())
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with caplog.at_level(logging.WARNING):
            await _in_the_background(desk, desk.notifier(), lambda: "telling waits 1 s: database" in caplog.text)
        assert "locked; another program holds it" in caplog.text
        assert desk.slack.tried == []
        other.execute("ROLLBACK")
    await _in_the_background(desk, desk.notifier(), lambda: desk.slack.accepted and desk.email.accepted)
    assert _told(desk.slack).keys() == _told(desk.email).keys() == {event.id}
    assert len(desk.slack.tried) == 1


async def test_a_full_database_loses_nothing_that_was_promised(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """What cannot be written did not happen and is seen again; what was written is told, once, when there is room."""
    full = True

    def limit(connection) -> None:
        connection.exec_driver_sql(f"PRAGMA max_page_count={1 if full else 1 << 30}")

    (event,) = await desk.happens(became_able())
    hooks.listen(desk.store._engine.sync_engine, "begin", limit)
    big = replace(EVENTS["mail_became_able"], severity_reasons=("x" * 1000,) * 3000)
    with pytest.raises(StoreError, match="full; make room on its disk"):
        await desk.happens(big)
    async with desk.store.read() as tx:
        alone = await tx.exec_driver_sql("select count(*) from events where id not in (select event_id from outbox)")
        assert alone.scalar_one() == 0
        assert [one.event.id for one in await outbox.list_undecided(tx)] == [event.id], "all of it or nothing"
    full = False
    await _in_the_background(desk, desk.notifier(), lambda: desk.slack.accepted and desk.email.accepted)
    assert _told(desk.slack).keys() == {event.id}


async def test_accepted_while_the_database_is_full_is_not_sent_again(desk: Desk) -> None:
    await desk.happens(became_able())
    notifier = desk.notifier()
    await desk.clock.advance(31)
    await notifier.gather()
    broken = True

    def refuse(_connection, _cursor, statement, *_rest) -> None:
        if broken and statement.startswith("UPDATE deliveries SET status"):
            raise sqlite3.OperationalError("database or disk is full")

    hooks.listen(desk.store._engine.sync_engine, "before_cursor_execute", refuse)
    with pytest.raises((StoreError, sqlite3.OperationalError)):
        await notifier.deliver_through("slack")
    broken = False
    await desk.clock.advance(61)
    await notifier.deliver_through("slack")
    assert len(desk.slack.tried) == 1
    assert [one.status for one in await desk.deliveries(channel="slack")] == ["sent"]


class Hanging(RecordingChannel):
    """Never answers while it `hangs`."""

    hangs = True

    async def send(self, alert) -> None:
        if self.hangs:
            self.tried.append(alert)
            await asyncio.Event().wait()
        await super().send(alert)


async def test_a_channel_that_hangs_for_hours_is_told_of_and_then_catches_up(desk: Desk) -> None:
    hanging = Hanging("slack")
    patience = Patience(limit=timedelta(seconds=0.01), lease=timedelta(seconds=60))
    notifier = desk.notifier({"slack": hanging, "email": desk.email}, patience=patience)
    names = [f"army{number}.ml" for number in range(6)]
    for hour in range(6):  # one alert an hour, for six hours
        await desk.happens(became_able(name=names[hour]))
        for _ in range(60):
            await desk.clock.advance(60)
            await notifier.gather()
            await notifier.deliver()
    kinds = [event.kind for alert in desk.email.accepted for event in alert.events]
    assert kinds.count(EventKind.MAIL_BECAME_ABLE) == 6, "the other channel had no delay"
    assert kinds.count(EventKind.CHANNEL_FAILING) == 1, "said once"
    (said,) = [e for alert in desk.email.accepted for e in alert.events if e.kind is EventKind.CHANNEL_FAILING]
    assert (said.after["channel"], said.after["reason"]) == ("slack", "slack: no answer within 0 s")
    waiting = await desk.deliveries(channel="slack", status="pending")
    assert [one.alert.events[0].name for one in reversed(waiting)] == names
    assert len(hanging.tried) < 150, "it is not hammered"

    hanging.hangs = False
    for _ in range(60):
        await desk.clock.advance(60)
        await notifier.gather()
        await notifier.deliver()
    assert sorted(alert.events[0].name for alert in hanging.accepted) == names
    kinds = [event.kind for alert in desk.email.accepted for event in alert.events]
    assert kinds.count(EventKind.CHANNEL_RECOVERED) == 1, "who was told that it fails is told that it works again"


async def test_a_thousand_events_at_once_are_one_message_and_a_thousand_posts(desk: Desk) -> None:
    made = await desk.happens(*(became_able(name=f"army{number}.ml") for number in range(1000)))
    async with PostReceiver() as receiver:
        webhook = Webhook(url=receiver.url, secrets=[SECRET])
        notifier = desk.notifier({"slack": desk.slack, "webhook": webhook})
        await desk.clock.advance(31)
        receiver.next(*([200] * 400), 503)  # it fails in the middle
        for _ in range(5):
            await notifier.gather()
            await notifier.deliver()
            await desk.clock.advance(30)
    (alert,) = desk.slack.accepted
    assert (alert.total, len(alert.events)) == (1000, 50)
    posted = [json.loads(post.body)["data"]["id"] for post in receiver.accepted]
    assert posted == [one.id for one in made], "every one, once, in order"
    assert {one.status for one in await desk.deliveries()} == {"sent"}


@pytest.mark.parametrize(("names", "messages"), [(50, 50), (300, 1)])
async def test_names_with_nothing_in_common_are_all_told_and_too_many_as_one(
    desk: Desk, names: int, messages: int
) -> None:
    after = {"ability": "able", "basis": "explicit_mx", "flags": [], "exchanges": []}
    told = [became_able(name=f"army{number}.ml", registrable_domain=f"army{number}.ml") for number in range(names)]
    made = await desk.happens(*(replace(one, after=after, evidence=()) for one in told))
    every = RecordingChannel("webhook")
    every.every_event = True
    notifier = desk.notifier({"slack": desk.slack, "webhook": every})
    await desk.clock.advance(31)
    await notifier.gather()
    await notifier.deliver()
    assert [len(desk.slack.accepted), sum(alert.total for alert in desk.slack.accepted)] == [messages, names]
    assert _told(every).keys() == {one.id for one in made}, "programs get every event"
    assert all(len(ids) == 1 for ids in _told(every).values())


async def test_the_end_is_told_where_the_beginning_was(desk: Desk) -> None:
    """By severity alone the loss would wait for the digest."""
    notifier = desk.notifier()
    await desk.happens(became_able(severity=Severity.HIGH))
    desk.email.fails = lambda _alert: DeliveryRejected("email: the mailbox is gone")
    await desk.clock.advance(31)
    await notifier.gather()
    await notifier.deliver()
    (lost,) = await desk.happens(replace(EVENTS["mail_became_unable"], severity=Severity.INFO))
    (other,) = await desk.happens(
        replace(EVENTS["mail_became_unable"], severity=Severity.INFO, name="navy.ml", registrable_domain="navy.ml")
    )
    await desk.clock.advance(31)
    await notifier.gather()
    await notifier.deliver()
    assert lost.id in _told(desk.slack)
    assert other.id not in _told(desk.slack), "nobody was told that navy.ml could: the digest"
    async with desk.store.read() as tx:
        reasons = {row[0]: row[1] for row in await tx.exec_driver_sql("select event_id, reason from outbox")}
    assert reasons[lost.id].startswith("slack, email told of what this ends")
    assert "below alerts.min_severity" in reasons[other.id]


async def test_events_of_the_watch_are_told_whatever_the_least_severity(desk: Desk) -> None:
    grave = AlertPolicy(channels=("slack", "email"), min_severity=Severity.CRITICAL)
    notifier = desk.notifier(policy=grave)
    (stale,) = await desk.happens(EVENTS["watch_stale"])
    await desk.clock.advance(31)
    await notifier.gather()
    await notifier.deliver()
    assert stale.id in _told(desk.slack)


async def test_what_waits_for_a_channel_that_is_gone_says_so_and_comes_when_it_is_back(desk: Desk) -> None:
    desk.slack.die()
    await desk.happens(became_able())
    await desk.clock.advance(31)
    await desk.notifier().gather()
    await desk.notifier().deliver()

    without = desk.notifier({"email": desk.email})
    for _ in range(4):
        await desk.clock.advance(31)
        await without.gather()
        await without.deliver()
    (waiting,) = await desk.deliveries(channel="slack")
    assert (waiting.status, waiting.last_error) == ("pending", "slack is not configured any more")
    told = [event.after["reason"] for alert in desk.email.accepted[1:] for event in alert.events]
    assert told == ["slack is not configured any more; 1 message waits for it"], "once"

    desk.slack.live()
    back = desk.notifier()
    await back.gather()
    await back.deliver()
    assert [alert.id for alert in desk.slack.accepted] == [waiting.alert.id]


async def test_what_waits_for_a_channel_that_stays_gone_is_given_up(desk: Desk) -> None:
    desk.slack.die()
    await desk.happens(became_able())
    await desk.clock.advance(31)
    await desk.notifier().gather()
    without = desk.notifier({"email": desk.email})
    await without.gather()
    await desk.clock.advance(timedelta(days=3).total_seconds() + 1)
    await without.gather()
    (lost,) = await desk.deliveries(channel="slack")
    assert (lost.status, lost.last_error) == ("rejected", "given up: slack is not configured any more")
    desk.slack.live()
    back = desk.notifier()
    assert await back.retry(lost.id), "by hand it can still be sent"
    await back.deliver()
    assert [alert.id for alert in desk.slack.accepted] == [lost.alert.id]
