"""The terminal hears of everything that is told at once, also where no channel is configured."""

from dataclasses import replace

import pytest

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.clock import FakeClock
from watcher.cli.narrator import Narrator
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.slips.candidates import Candidate
from watcher.core.states.lookalike import Lookalike
from watcher.core.telling.alerts import AlertPolicy
from watcher.services.looks.watch import Recorded
from watcher.services.telling.terminal import Terminal
from watcher.store import Store, event_log, silences
from watcher.store.silences import SilenceRow


@pytest.fixture
async def store(tmp_path):
    opened = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=FakeClock())
    yield opened
    await opened.close()


async def happens(store, *events):
    async with store.write() as tx:
        await event_log.add(tx, [replace(event, id=store.ids()) for event in events], now=FakeClock().now())


@pytest.mark.parametrize("channels", [(), ("slack",)])
async def test_what_is_told_at_once_is_handed_out_once(store, channels):
    await happens(store, became_able(name="before.ml"))
    terminal = Terminal(store, AlertPolicy(channels))
    await terminal.begin()
    assert await terminal.new() == []
    await happens(store, became_able(), EVENTS["registered"], EVENTS["watch_stale"])
    assert [event.kind.value for event in await terminal.new()] == ["mail_became_able", "watch_stale"]
    assert await terminal.new() == []


async def test_what_is_silenced_or_damped_is_not(store):
    terminal = Terminal(store, AlertPolicy(()))
    await terminal.begin()
    async with store.write() as tx:
        await silences.add(tx, SilenceRow("1", "name", "quiet.ml", FakeClock().now()))
    damped = became_able()
    await happens(
        store,
        became_able(name="quiet.ml", registrable_domain="quiet.ml"),
        replace(damped, after={**damped.after, "damped": True}),
    )
    assert await terminal.new() == []


def test_the_narrator_prints_a_line_for_each_and_says_where_alerts_go(capsys):
    narrator = Narrator(None, FakeClock())
    narrator.events([became_able(), EVENTS["mail_became_unable"]])
    narrator.channels(())
    narrator.channels(("slack", "email"))
    able, lost, nowhere, somewhere = capsys.readouterr().err.splitlines()
    assert "CRITICAL: army[.]ml can receive mail now" in able
    assert "(like army.mil)" in able
    assert "RESOLVED: army[.]ml can no longer receive mail" in lost
    assert nowhere.startswith("NO CHANNEL IS CONFIGURED")
    assert somewhere == "alerts go to slack, email, and are printed here"


def test_the_first_list_shows_one_host_of_each_wildcard(capsys):
    narrator = Narrator(None, FakeClock())
    wild = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, flags=(Flag.WILDCARD,))
    candidate = Candidate("h1.evil.ml", "evil.ml", (), 0.1, 0.1, 1, (), "army.mil")
    for number in range(50):
        host = f"h{number}.evil.ml"
        row = Lookalike(host, "evil.ml", "ml", host, verdict=wild)
        narrator.found(Recorded(row), candidate)
    own = Lookalike("army.ml", "army.ml", "ml", "army.ml", verdict=replace(wild, flags=()))
    narrator.found(Recorded(own), candidate)
    _, first, second = capsys.readouterr().err.splitlines()
    assert "h0.evil.ml" in first
    assert "as every host of evil.ml" in first
    assert "army.ml" in second
