"""Who has a message in hand: no other sends it meanwhile, and none is lost when one dies."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.telling_office import WAIT, Office
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.events import EventKind
from watcher.core.telling.alerts import AlertPolicy
from watcher.store import deliveries, facts, outbox, tables


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

    office.policy = AlertPolicy(channels=("slack",), group_wait=WAIT)
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
        lost = await deliveries.claim(tx, "slack", owner="there:2:b", now=now, lease=timedelta(seconds=60))
    assert lost is not None
    await office.passes(59)
    assert not office.slack.tried
    await office.passes(3)
    assert [alert.id for alert in office.slack.accepted] == [lost.alert.id]


@pytest.mark.parametrize(
    "error",
    [
        DeliveryFailed("slow", retry_after=timedelta(minutes=30)),
        DeliveryFailed("in part", progressed=True),
        DeliveryRejected("no such channel"),
    ],
    ids=lambda error: error.why,
)
async def test_a_process_that_lost_its_lease_records_no_failure(office: Office, error: DeliveryFailed) -> None:
    """While it waits for the channel another claims the delivery: neither that one nor the channel is held up."""
    began, gate = asyncio.Event(), asyncio.Event()

    class Stuck:
        name = "slack"

        async def send(self, alert) -> None:
            began.set()
            await gate.wait()
            raise error

    office.policy = AlertPolicy(channels=("slack",), group_wait=WAIT)
    stuck = office.another(channels={"slack": Stuck()}, owner="here:1:a")
    await office.happens(became_able())
    await office.clock.advance(31)
    await stuck.gather()
    trying = asyncio.create_task(stuck.deliver())
    async with asyncio.timeout(60):
        await began.wait()
    async with office.store.write() as tx:
        later = office.clock.now() + timedelta(seconds=61)
        taken = await deliveries.claim(tx, "slack", owner="there:2:b", now=later, lease=timedelta(seconds=60))
        assert taken is not None
        rows = list(await tx.execute(select(tables.deliveries)))
        channels = await facts.find_starting(tx, "channel_")
    gate.set()
    assert await trying == 0
    async with office.store.write() as tx:
        assert list(await tx.execute(select(tables.deliveries))) == rows
        assert await facts.find_starting(tx, "channel_") == channels
        assert [row.event.kind for row in await outbox.list_undecided(tx)] == []
        assert await deliveries.mark_failed(tx, taken, DeliveryFailed("down"), next_attempt_at=later), (
            "the new holder still may"
        )


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=400)])
async def test_a_lease_from_before_the_clock_was_set_back_is_freed(office: Office, back: timedelta) -> None:
    """Else nobody would send it before the clock has caught up."""
    await office.happens(became_able())
    await office.clock.advance(31)
    await office.notifier.gather()
    async with office.store.write() as tx:
        ahead = office.clock.now() + back
        lost = await deliveries.claim(tx, "slack", owner="there:2:b", now=ahead, lease=timedelta(seconds=60))
    assert lost is not None
    await office.passes(30)
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

    office.policy = AlertPolicy(channels=("slack",), group_wait=WAIT)
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
