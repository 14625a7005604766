"""The list behind the policy service follows the database: triage, looks, lists and silences."""

from datetime import timedelta

import pytest

from tests.fakes.policy_client import bench
from watcher.core.blocking.answer import Action, PolicyRules
from watcher.core.errors import StoreError
from watcher.core.names.names import Fqdn
from watcher.core.telling.alerts import SilenceScope
from watcher.data import load_suffixes
from watcher.services.blocking.recipient_policy import RecipientQuestion
from watcher.services.names import silence
from watcher.services.names.triage import Triage, decide

BOB = RecipientQuestion("bob@army.ml", "anna@corp.example")


def action(made, question=BOB):
    answer = made.policy.at_once(question)
    return None if answer is None else answer.action


async def test_before_the_list_is_read_mail_passes(tmp_path):
    async with bench(tmp_path, PolicyRules(mode=Action.REJECT)) as made:
        await made.see("army.ml", "army.mil")
        assert action(made) is Action.PASS


async def test_the_list_follows_looks_and_triage(tmp_path):
    async with bench(tmp_path) as made:
        await made.held.refresh()
        assert action(made) is Action.PASS
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        assert action(made) is Action.WARN
        for triage, wanted in [
            (Triage.BLOCKED, Action.REJECT),
            (Triage.IGNORED, Action.PASS),
            (Triage.INVESTIGATING, Action.WARN),
            (Triage.OWNED, Action.PASS),
            (Triage.BLOCKED, Action.REJECT),
            (Triage.NEW, Action.WARN),
        ]:
            await made.world.clock.advance(timedelta(milliseconds=1).total_seconds())
            await decide(made.world.store, [Fqdn("army.ml")], triage, note=None, now=made.world.clock.now())
            await made.held.refresh()
            assert action(made) is wanted, triage


async def test_silences_come_and_go(tmp_path):
    async with bench(tmp_path) as made:
        await made.see("army.ml", "army.mil")
        now = made.world.clock.now()
        await silence.add(
            made.world.store,
            SilenceScope.NAME,
            "army.ml",
            suffixes=load_suffixes(),
            now=now,
            until=now + timedelta(hours=1),
        )
        await made.held.refresh()
        assert action(made) is Action.PASS
        await made.world.clock.advance(timedelta(hours=2).total_seconds())
        await made.held.refresh()
        assert action(made) is Action.WARN


async def test_own_names_pass_as_soon_as_they_are_listed(tmp_path):
    from watcher.store import own_names
    from watcher.store.own_names import OwnRow

    async with bench(tmp_path) as made:
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        assert action(made) is Action.WARN
        async with made.world.store.write() as tx:
            await own_names.add(tx, [OwnRow("army.ml", made.world.clock.now(), "")])
        await made.held.refresh()
        assert action(made) is Action.PASS


async def test_asking_compares_names_that_the_watch_does_not_hold(tmp_path):
    async with bench(tmp_path, PolicyRules(ask=True)) as made:
        await made.held.refresh()
        unheld = RecipientQuestion("bob@army.mli", "anna@corp.example", "1")
        for domain in ("arrmy.mil", "amry.com", "army.ml"):
            unheld = RecipientQuestion(f"bob@{domain}", "anna@corp.example", "1")
            for _ in range(200):  # the first comparison may still wait for the index
                answer = await made.policy.compared(unheld)
                if answer.action is not Action.PASS:
                    break
            if domain == "army.ml":
                assert answer.action is Action.ASK
        assert action(made, unheld) is Action.ASK, "the second recipient of the same message"
        again = RecipientQuestion("bob@army.ml", "anna@corp.example", "2")
        assert action(made, again) is Action.CONFIRMED
        assert action(made, RecipientQuestion("bob@army.ml", "", "3")) is Action.PASS, (
            "a bounce has nobody to confirm it"
        )
        made.now += 3600
        assert action(made, RecipientQuestion("bob@army.ml", "anna@corp.example", "4")) is Action.ASK


async def test_with_approval_a_name_is_blocked_once_a_second_person_agrees(tmp_path):
    async with bench(tmp_path, approval=True) as made:
        await made.see("army.ml", "army.mil")

        async def decided(triage, by):
            await made.world.clock.advance(1)
            now = made.world.clock.now()
            await decide(made.world.store, [Fqdn("army.ml")], triage, note=None, now=now, by=by)
            await made.held.refresh()
            return action(made)

        assert await decided(Triage.BLOCKED, "alice") is Action.WARN
        assert await decided(Triage.BLOCKED, "alice") is Action.WARN, "the same person twice is one person"
        assert await decided(Triage.BLOCKED, "bob") is Action.REJECT
        assert await decided(Triage.NEW, "carol") is Action.WARN
        assert await decided(Triage.BLOCKED, "bob") is Action.WARN, "what was said before is over"
        assert await decided(Triage.BLOCKED, "alice") is Action.REJECT


async def test_a_list_that_begins_with_a_waiting_name_does_not_block_it(tmp_path):
    async with bench(tmp_path, approval=True) as made:
        for name in ("army.ml", "navy.ml"):
            await made.see(name, "army.mil")
        now = made.world.clock.now()
        await decide(
            made.world.store, [Fqdn("army.ml"), Fqdn("navy.ml")], Triage.BLOCKED, note=None, now=now, by="alice"
        )
        await decide(made.world.store, [Fqdn("navy.ml")], Triage.BLOCKED, note=None, now=now, by="bob")
        await made.held.refresh()
        assert action(made) is Action.WARN
        assert action(made, RecipientQuestion("bob@navy.ml")) is Action.REJECT


async def test_judging_remembers_nothing(tmp_path):
    async with bench(tmp_path, PolicyRules(ask=True)) as made:
        await made.see("army.ml", "army.mil")
        for _ in range(3):
            assert (await made.policy.judge("bob@army.ml")).action is Action.ASK
        assert made.actions == []


async def test_a_dead_database_changes_no_answer(tmp_path):
    async with bench(tmp_path) as made:
        await made.see("army.ml", "army.mil")
        await made.held.refresh()
        await made.world.store.close()
        (tmp_path / "watcher.db").rename(tmp_path / "gone.db")
        (tmp_path / "watcher.db").mkdir()
        with pytest.raises(StoreError):
            await made.held.refresh()
        assert action(made) is Action.WARN
        assert made.held.read_at is not None
