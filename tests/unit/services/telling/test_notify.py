"""Telling people, in simulated time, against a real database: what is told to whom, and what fails."""

import asyncio
from datetime import timedelta

from tests.fakes.alert_samples import EVENTS, able_at, became_able
from tests.fakes.recording_channel import HangingChannel
from tests.fakes.telling_office import Office
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.events import EventKind
from watcher.services.telling.notify import Patience


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
    there = able_at("mx.harbour.net")  # another operator: what follows at a known one is part of its story
    await office.happens(*(became_able(n, f"navy{n}.ml", after=there) for n in range(5)))
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
    recovered = await office.kinds()
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
            await office.happens(became_able(2, "navy.ml", after=able_at("mx.navy.ml")))
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
    assert await office.kinds() == ["mail_became_able"], "nobody is told that it fails"
