"""Telling people, in simulated time, against a real database."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.clock import FakeClock
from tests.fakes.recording_channel import HangingChannel, RecordingChannel
from watcher.core.alerts import Policy, group_key
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.events import Event, EventKind
from watcher.services.notify import Notifier, Patience, send_test
from watcher.store import Store, events, outbox

WAIT = timedelta(seconds=30)


class Office:
    """A store, a clock, two channels and a notifier."""

    def __init__(self, store: Store, clock: FakeClock, url: str) -> None:
        self.store = store
        self.clock = clock
        self.url = url
        self.slack = RecordingChannel("slack")
        self.email = RecordingChannel("email")
        self.policy = Policy(channels=("slack", "email"), group_wait=WAIT)
        self.seen: list[tuple[str, str]] = []
        self.notifier = self.another()

    def another(self, **changes) -> Notifier:
        arguments = {
            "channels": {"slack": self.slack, "email": self.email},
            "jitter": lambda: 0.5,
            "observe": lambda channel, result, _seconds: self.seen.append((channel, result)),
            "owner": "here:1:a",
            "policy": self.policy,
            **changes,
        }
        return Notifier(self.store, clock=self.clock, **arguments)

    async def happens(self, *new: Event) -> None:
        now = self.clock.now()
        made = [replace(event, id=self.store.ids(), at=now) for event in new]
        async with self.store.write() as tx:
            await events.add(tx, made, group=group_key, now=now)

    async def passes(self, seconds: float, step: float = 1.0) -> None:
        """Time goes by, with a pass of the notifier each `step` seconds."""
        for _ in range(int(seconds / step)):
            await self.clock.advance(step)
            await self.notifier.gather()
            await self.notifier.deliver()

    async def deliveries(self, **which) -> list[outbox.Delivery]:
        async with self.store.read() as tx:
            return await outbox.listed(tx, **which)


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    clock = FakeClock()
    url = f"sqlite:///{tmp_path}/watcher.db"
    store = await Store.open_or_create(url, clock=clock)
    yield Office(store, clock, url)
    await store.close()


async def test_an_event_is_told_once_on_each_channel_after_the_group_wait(office: Office) -> None:
    await office.happens(became_able())
    await office.passes(29)
    assert not office.slack.tried
    await office.passes(120, step=4)
    assert [len(office.slack.accepted), len(office.email.accepted)] == [1, 1]
    assert office.slack.accepted[0].id == office.email.accepted[0].id
    assert sorted(office.seen) == [("email", "sent"), ("slack", "sent")]


async def test_six_of_one_operator_are_one_message_and_five_are_five(office: Office) -> None:
    notifier = office.another(operator_of=lambda host: host.partition(".")[2])
    office.notifier = notifier
    await office.happens(*(became_able(n, f"army{n}.ml") for n in range(6)))
    await office.passes(40)
    assert [alert.total for alert in office.slack.accepted] == [6]
    assert office.slack.accepted[0].group == "exchange:army.ml:mail_became_able"
    await office.happens(*(became_able(n, f"navy{n}.ml") for n in range(5)))
    await office.passes(40)
    assert [alert.total for alert in office.slack.accepted] == [6, 1, 1, 1, 1, 1]


async def test_why_an_event_is_told_or_not_is_kept(office: Office) -> None:
    await office.happens(became_able(), EVENTS["lookalike_found"])
    await office.passes(40)
    async with office.store.read() as tx:
        rows = await tx.exec_driver_sql("select decision, reason from outbox order by event_id")
        kept = [tuple(row) for row in rows]
    assert kept[0][0] == "page"
    assert kept[1] == ("digest", "lookalike_found is not in alerts.kinds: in the digest; every channel")


async def test_a_dead_channel_blocks_no_other_and_is_told_of_through_them(office: Office) -> None:
    office.slack.die()
    await office.happens(became_able())
    await office.passes(60)
    assert len(office.email.accepted) == 1
    await office.passes(900, step=15)
    told = [event.kind for alert in office.email.accepted for event in alert.events]
    assert told == [EventKind.MAIL_BECAME_ABLE, EventKind.CHANNEL_FAILING]
    assert office.email.accepted[1].events[0].after["reason"] == "slack: dead"
    office.slack.live()
    await office.passes(1900, step=50)
    assert [alert.id for alert in office.slack.accepted] == [office.email.accepted[0].id]
    recovered = await _kinds(office)
    assert recovered.count("channel_failing") == 1
    assert recovered.count("channel_recovered") == 1


async def test_a_hanging_channel_holds_up_no_other(office: Office) -> None:
    hanging = HangingChannel("slack")
    patience = Patience(limit=timedelta(seconds=0.2))
    office.notifier = office.another(channels={"slack": hanging, "email": office.email}, patience=patience)
    await office.happens(became_able(1, "army.ml"), became_able(2, "navy.ml"))
    await office.clock.advance(31)
    await office.notifier.gather()
    sending = asyncio.create_task(office.notifier.deliver())
    async with asyncio.timeout(60):
        while len(office.email.accepted) < 2:
            await asyncio.sleep(0.005)
        assert len(hanging.tried) == 1
        await sending
    waiting = await office.deliveries(status="pending")
    assert {one.last_error for one in waiting} == {"slack: no answer within 0 s", None}


async def test_a_refusal_is_final_and_told_of_and_can_be_retried_by_hand(office: Office) -> None:
    office.slack.fails = lambda _alert: DeliveryRejected("slack: Slack said no_service (status 404)")
    await office.happens(became_able())
    await office.passes(120, step=4)
    assert len(office.slack.tried) == 1
    (rejected,) = await office.deliveries(status="rejected")
    assert rejected.last_error == "slack: Slack said no_service (status 404)"
    assert office.email.accepted[-1].events[0].kind is EventKind.CHANNEL_FAILING
    office.slack.live()
    assert await office.notifier.retry(rejected.id)
    await office.passes(2)
    assert [alert.id for alert in office.slack.accepted] == [rejected.alert.id]
    assert not await office.notifier.retry(rejected.id), "what is sent is not sent again"


async def test_what_was_refused_for_the_settings_is_tried_again_when_they_are_mended(office: Office) -> None:
    for how in ("a restart", "something is accepted"):
        office.slack.fails = lambda _alert: DeliveryRejected("slack: Slack said token_revoked", mendable=True)
        await office.happens(became_able(1, "army.ml"))
        await office.passes(120, step=4)
        (rejected,) = await office.deliveries(status="rejected")
        tried = len(office.slack.tried)
        await office.passes(600, step=50)
        assert len(office.slack.tried) == tried, "not by itself"
        office.slack.live()
        if how == "a restart":
            await office.another().start()
        else:
            await office.happens(became_able(2, "navy.ml"))
        await office.passes(60, step=4)
        assert rejected.alert.id in [alert.id for alert in office.slack.accepted], how
        assert not await office.deliveries(status="rejected")


async def test_what_a_message_holds_is_not_mended_by_a_restart(office: Office) -> None:
    office.slack.fails = lambda _alert: DeliveryRejected("slack: Slack said invalid_blocks")
    await office.happens(became_able())
    await office.passes(120, step=4)
    await office.another().start()
    await office.passes(60, step=4)
    assert len(office.slack.tried) == 1


async def test_what_gets_through_in_parts_goes_on_at_once_and_is_no_failure(office: Office) -> None:
    parts = iter(range(400))
    office.slack.fails = lambda _alert: (
        DeliveryFailed("slack: the rest follows", progressed=True) if next(parts, None) is not None else None
    )
    await office.happens(became_able())
    await office.passes(31 + 410)
    assert len(office.slack.accepted) == 1
    assert len({alert.id for alert in office.slack.tried}) == 1
    assert await _kinds(office) == ["mail_became_able"], "nobody is told that it fails"


async def test_tries_are_spaced_ever_wider_with_one_id(office: Office) -> None:
    times = []

    def fails(_alert):
        times.append(office.clock.now())
        return DeliveryFailed("slack: down")

    office.slack.fails = fails
    await office.happens(became_able())
    await office.passes(400)
    gaps = [round((later - earlier).total_seconds()) for earlier, later in itertools.pairwise(times)]
    assert gaps == [5, 10, 20, 40, 80, 160]
    assert len({alert.id for alert in office.slack.tried}) == 1


async def test_the_wait_has_jitter_and_a_ceiling() -> None:
    patience = Patience()
    assert patience.wait(timedelta(), 0.0) == timedelta(seconds=3.75)
    assert patience.wait(timedelta(), 1.0) == timedelta(seconds=6.25)
    assert patience.wait(timedelta(days=1), 1.0) == timedelta(minutes=37.5)
    assert patience.wait(timedelta(), 0.5, timedelta(minutes=2)) == timedelta(minutes=2)
    assert patience.wait(timedelta(), 0.5, timedelta(days=9)) == timedelta(hours=1)
    with pytest.raises(ValueError, match="outlive"):
        Patience(limit=timedelta(seconds=60))


async def test_retry_after_holds_the_whole_channel(office: Office) -> None:
    answers = iter([DeliveryFailed("slack: slow down", timedelta(seconds=60))])
    office.slack.fails = lambda _alert: next(answers, None)
    await office.happens(became_able(1, "army.ml"), became_able(2, "navy.ml"))
    await office.passes(31)
    assert len(office.slack.tried) == 1
    await office.passes(57)
    assert len(office.slack.tried) == 1
    await office.passes(5)
    assert len(office.slack.accepted) == 2


async def test_success_brings_forward_what_waits(office: Office) -> None:
    office.slack.die()
    await office.happens(became_able(1, "army.ml"))
    await office.passes(1000, step=20)
    office.slack.live()
    await office.happens(became_able(2, "navy.ml"))
    await office.passes(33)
    assert [alert.events[0].name for alert in office.slack.accepted] == ["navy.ml", "army.ml"]


async def test_bad_luck_with_a_channel_that_works_is_no_long_wait(office: Office) -> None:
    """One message is refused each time, others get through meanwhile: it is tried soon, not after minutes."""
    unlucky = []

    def fails(alert):
        if alert.events[0].name == "army.ml" and len(unlucky) < 8:
            unlucky.append(office.clock.now())
            return DeliveryFailed("slack: half of the time")
        return None

    office.slack.fails = fails
    await office.happens(became_able(1, "army.ml"))
    for number in range(8):
        await office.happens(became_able(number, f"navy{number}.ml"))
        await office.passes(45)
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(unlucky)]
    assert max(gaps) <= 45, "each message that gets through brings it forward, and it waits as if it were the first"
    assert "army.ml" in [alert.events[0].name for alert in office.slack.accepted]


async def test_order_is_kept_for_one_name(office: Office) -> None:
    office.slack.die()
    await office.happens(became_able(1, "army.ml"))
    await office.passes(300, step=5)
    await office.happens(replace(EVENTS["mail_became_unable"]))
    tried = len(office.slack.tried)
    await office.passes(60)
    assert {alert.events[0].kind for alert in office.slack.tried[tried:]} <= {EventKind.MAIL_BECAME_ABLE}
    office.slack.live()
    await office.passes(1900, step=50)
    assert [alert.events[0].kind for alert in office.slack.accepted] == [
        EventKind.MAIL_BECAME_ABLE,
        EventKind.MAIL_BECAME_UNABLE,
    ]


async def test_two_processes_never_send_the_same_while_the_lease_lives(office: Office) -> None:
    gate = asyncio.Event()
    sent = []

    class Slow:
        name = "slack"

        async def send(self, alert) -> None:
            sent.append(alert.id)
            await gate.wait()

    office.policy = Policy(channels=("slack",), group_wait=WAIT)
    one, other = (office.another(channels={"slack": Slow()}, owner=owner) for owner in ("here:1:a", "there:2:b"))
    await office.happens(became_able())
    await office.clock.advance(31)
    await asyncio.gather(one.gather(), other.gather())
    first = asyncio.create_task(one.deliver())
    async with asyncio.timeout(60):
        while not sent:
            await asyncio.sleep(0.005)
    assert await other.deliver() == 0
    gate.set()
    assert await first == 1
    assert len(sent) == 1


async def test_a_lease_that_ran_out_is_taken_over_with_the_same_id(office: Office) -> None:
    await office.happens(became_able())
    await office.clock.advance(31)
    await office.notifier.gather()
    async with office.store.write() as tx:
        now = office.clock.now()
        lost = await outbox.lease(tx, "slack", owner="there:2:b", now=now, until=now + timedelta(seconds=60))
    assert lost is not None
    await office.passes(59)
    assert not office.slack.tried
    await office.passes(3)
    assert [alert.id for alert in office.slack.accepted] == [lost.alert.id]


async def test_what_was_accepted_but_not_recorded_is_not_sent_again(office: Office) -> None:
    """The channel took it, the database failed: once it works again, only the record is made."""
    await office.happens(became_able())
    await office.clock.advance(31)
    await office.notifier.gather()
    original = office.notifier._sent

    async def fails(_one) -> None:
        office.notifier._sent = original
        raise OSError("disk full")

    office.notifier._sent = fails
    with pytest.raises(OSError, match="disk full"):
        await office.notifier.deliver_through("slack")
    await office.passes(70)
    assert len(office.slack.tried) == 1
    assert not await office.deliveries(status="pending")


async def test_a_try_under_way_ends_before_the_service_does(office: Office) -> None:
    gate = asyncio.Event()
    taken = []

    class Slow:
        name = "slack"

        async def send(self, alert) -> None:
            taken.append(alert.id)
            await gate.wait()

    office.policy = Policy(channels=("slack",), group_wait=WAIT)
    notifier = office.another(channels={"slack": Slow()})
    await office.happens(became_able())
    await office.clock.advance(31)
    running = asyncio.create_task(notifier.run())
    async with asyncio.timeout(60):
        while not taken:
            await office.clock.advance(1)
            await asyncio.sleep(0.005)
    running.cancel()
    await asyncio.sleep(0)
    gate.set()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not await office.deliveries(status="pending")


async def test_a_bug_in_a_channel_loses_nothing(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    bugs = iter([KeyError("secret")])
    office.slack.fails = lambda _alert: next(bugs, None)
    await office.happens(became_able())
    await office.passes(60)
    assert len(office.slack.accepted) == 1
    assert "raised what no channel should" in caplog.text


async def test_a_delivery_is_given_up_after_days(office: Office) -> None:
    office.slack.die()
    await office.happens(became_able())
    await office.passes(3 * 86400 + 3600, step=1800)
    (rejected,) = [one for one in await office.deliveries(status="rejected") if one.channel == "slack"]
    assert "given up after" in (rejected.last_error or "")


async def test_after_the_clock_was_set_back_nothing_waits_for_it(office: Office) -> None:
    office.slack.die()
    await office.happens(became_able())
    await office.passes(60)
    office.clock._now -= timedelta(days=2)
    office.slack.live()
    await office.passes(30)
    assert len(office.slack.accepted) == 1


async def test_flush_tells_at_once_and_says_what_is_left(office: Office) -> None:
    await office.happens(became_able())
    assert await office.notifier.flush(within=timedelta(seconds=5)) == 0
    assert len(office.slack.accepted) == 1
    office.slack.die()
    await office.happens(became_able(2, "navy.ml"))
    flushing = asyncio.create_task(office.notifier.flush(within=timedelta(seconds=5)))
    async with asyncio.timeout(60):
        while not flushing.done():
            await office.clock.advance(1)
            await asyncio.sleep(0.005)
    assert flushing.result() == 1


async def test_a_test_alert_says_which_channel_takes_it(office: Office) -> None:
    office.email.fails = lambda _alert: DeliveryRejected("email: the server refused the login (535)")
    results = await send_test({"slack": office.slack, "email": office.email}, office.clock, ids=office.store.ids)
    assert results == {"slack": None, "email": "email: the server refused the login (535)"}


async def test_without_channels_nothing_waits_for_ever(office: Office) -> None:
    office.policy = Policy(channels=())
    office.notifier = office.another(channels={})
    await office.happens(became_able())
    await office.passes(40)
    async with office.store.read() as tx:
        assert not await outbox.undecided(tx)


async def _kinds(office: Office) -> list[str]:
    async with office.store.read() as tx:
        return [event.kind.value for event in await events.listed(tx)]
