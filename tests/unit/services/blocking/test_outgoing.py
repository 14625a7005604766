"""Counts of stopped mail become events by the hour, without a sender; domains often written to pass."""

from datetime import timedelta

import pytest

from tests.fakes.policy_client import bench
from watcher.core.blocking.answer import Action, PolicyRules
from watcher.core.errors import StoreError
from watcher.core.events import EventKind
from watcher.services.blocking.recipient_policy import RecipientQuestion
from watcher.store import event_log, refusals

RULES = PolicyRules(mode=Action.REJECT)


def send(made, times, domain="army.ml"):
    for number in range(times):
        made.policy.at_once(RecipientQuestion(f"secret{number}@{domain}", "private@corp.example", str(number)))


async def told(made):
    async with made.world.store.read() as tx:
        return [event for event in await event_log.list_all(tx) if event.kind is EventKind.MAIL_REFUSED]


async def test_the_first_is_told_at_once_and_the_rest_when_the_hour_is_over(tmp_path):
    async with bench(tmp_path, RULES) as made:
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        send(made, 3)
        await made.outgoing.flush()
        (event,) = await told(made)
        assert (event.name, event.registrable_domain, event.protected) == ("army.ml", "army.ml", ("army.mil",))
        assert (event.after["action"], event.after["count"]) == ("reject", 3)
        send(made, 4)
        await made.outgoing.flush()
        assert len(await told(made)) == 1
        await made.world.clock.advance(timedelta(hours=1).total_seconds())
        await made.outgoing.flush()
        await made.outgoing.flush()
        assert [event.after["count"] for event in await told(made)] == [3, 4]
        async with made.world.store.read() as tx:
            (stopped,) = (await refusals.list_stopped(tx, ["army.ml", "navy.ml"])).values()
        assert (stopped.count, stopped.last_hour - stopped.first_hour) == (7, timedelta())
        assert made.actions == ["reject"] * 7
        database = (tmp_path / "watcher.db").read_bytes() + (tmp_path / "watcher.db-wal").read_bytes()
        assert b"secret" not in database
        assert b"private" not in database


async def test_what_only_warns_is_counted_but_no_event(tmp_path):
    async with bench(tmp_path) as made:
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        send(made, 2)
        await made.outgoing.flush()
        assert await told(made) == []
        async with made.world.store.read() as tx:
            assert await refusals.is_there_mail(tx, "army.ml")
            assert await refusals.list_stopped(tx, ["army.ml"]) == {}


async def test_a_database_that_cannot_be_written_loses_no_count(tmp_path):
    async with bench(tmp_path, RULES) as made:
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        send(made, 5)
        await made.world.store.close()
        (tmp_path / "watcher.db").rename(tmp_path / "kept.db")
        (tmp_path / "watcher.db").mkdir()
        with pytest.raises(StoreError):
            await made.outgoing.flush()
        (tmp_path / "watcher.db").rmdir()
        (tmp_path / "kept.db").rename(tmp_path / "watcher.db")
        await made.outgoing.flush()
        assert [event.after["count"] for event in await told(made)] == [5]


async def test_a_domain_that_is_often_written_to_is_not_asked_about(tmp_path):
    async with bench(tmp_path, PolicyRules(ask=True), known_after=3) as made:
        await made.held.refresh()
        await made.outgoing.flush()
        for _ in range(3):
            made.outgoing.count_recipient("army.ml")
        await made.outgoing.flush()
        await made.world.clock.advance(timedelta(minutes=2).total_seconds())
        await made.outgoing.flush()
        assert made.outgoing.is_known("army.ml")
        assert not made.outgoing.is_known("army.com")
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        assert made.policy.at_once(RecipientQuestion("bob@army.ml", "a@corp.example", "1")).action is Action.PASS
        await made.world.clock.advance(timedelta(days=31).total_seconds())
        await made.outgoing.flush()
        assert made.policy.at_once(RecipientQuestion("bob@army.ml", "a@corp.example", "2")).action is Action.ASK


async def test_by_default_nothing_is_counted_about_other_domains(tmp_path):
    async with bench(tmp_path) as made:
        await made.held.refresh()
        send(made, 5, "example.org")
        assert not made.outgoing.counts_recipients
        assert made.outgoing._written == {}
