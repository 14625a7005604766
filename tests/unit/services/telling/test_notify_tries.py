"""When a message is tried again, and when it is given up."""

import asyncio
import itertools
from datetime import timedelta

import pytest

from tests.fakes.alert_samples import able_at, became_able
from tests.fakes.telling_office import Office
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.telling.alerts import AlertPolicy
from watcher.services.telling.notify import Patience, send_test
from watcher.store import outbox


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
    await office.happens(became_able(2, "navy.ml", after=able_at("mx.navy.ml")))
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
        after = able_at(f"mx.navy{number}.ml", number)  # no story in common: nothing waits for the others
        await office.happens(became_able(number, f"navy{number}.ml", after=after))
        await office.passes(45)
    gaps = [(later - earlier).total_seconds() for earlier, later in itertools.pairwise(unlucky)]
    assert max(gaps) <= 45, "each message that gets through brings it forward, and it waits as if it were the first"
    assert "army.ml" in [alert.events[0].name for alert in office.slack.accepted]


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
    office.policy = AlertPolicy(channels=())
    office.notifier = office.another(channels={})
    await office.happens(became_able())
    await office.passes(40)
    async with office.store.read() as tx:
        assert not await outbox.list_undecided(tx)
