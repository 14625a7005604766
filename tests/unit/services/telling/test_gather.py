"""Digests and baselines: what waits, when it is told, and that it is told once."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fakes.alert_samples import EVENTS, became_able
from tests.fakes.clock import FakeClock
from watcher.checks import VOCABULARY
from watcher.core.events import Event, EventKind, Ownership, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.shapes.events import event_json
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import MailState, Unsettled
from watcher.core.telling.alerts import Alert, AlertKind, AlertPolicy, DigestEvery, FirstSweep, Route
from watcher.core.telling.story import story_of
from watcher.services.health.retain import Retention
from watcher.services.telling.gather import Gatherer
from watcher.store import (
    Store,
    deliveries,
    event_log,
    lookalikes,
    outbox,
    protected_names,
    resemblances,
    shards,
    silences,
)
from watcher.store.protected_names import ProtectedRow
from watcher.store.silences import SilenceRow

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FOUND = replace(EVENTS["mail_found_able"], after={**EVENTS["mail_found_able"].after, "baseline": True})
EXISTS = replace(EVENTS["lookalike_found"], after={**EVENTS["lookalike_found"].after, "baseline": True})


class Desk:
    """A store with a gatherer, and what came out of it."""

    def __init__(self, store: Store, clock: FakeClock) -> None:
        self.store = store
        self.clock = clock
        self.policy = AlertPolicy(channels=("slack",))

    @property
    def gatherer(self) -> Gatherer:
        return Gatherer(self.store, self.policy, operator_of=lambda host: ".".join(host.split(".")[-2:]))

    async def happens(self, *new: Event) -> None:
        now = self.clock.now()
        made = [replace(event, id=self.store.ids(), at=now) for event in new]
        async with self.store.write() as tx:
            await event_log.add(tx, made, now=now)

    async def protect(self, name: str, owner: str | None = None, tags: tuple[str, ...] = ()) -> None:
        now = self.clock.now()
        async with self.store.write() as tx:
            await protected_names.add(tx, [ProtectedRow(name, "domain", now, owner, tags)])
            await shards.plan(tx, name, [0, 1], version="v1")

    async def see(self, name: str, *alike: str, domain: str | None = None) -> None:
        """The row of a lookalike that was seen to exist."""
        async with self.store.write() as tx:
            row = Lookalike(name, domain or name, "ml", name, first_seen_at=self.clock.now())
            await lookalikes.save(tx, [row])
            slips = [Resemblance(one, ("suffix_edit",), 0.03, "i left out", 3) for one in alike]
            await resemblances.save(tx, name, slips)

    async def sweeps(self) -> dict[str, tuple[FirstSweep | None, list[str]]]:
        """What each baseline told: the counts, and the names of the events."""
        told = [alert for alert in await self.alerts() if alert.group.startswith("baseline:")]
        return {
            alert.group.removeprefix("baseline:"): (alert.first_sweep, sorted(event.name for event in alert.events))
            for alert in told
        }

    async def finish(self, name: str, *tiers: int) -> None:
        now = self.clock.now()
        async with self.store.write() as tx:
            for tier in tiers:
                await shards.start(tx, name, tier, version="v1", total=200, at=now)
                await shards.finish(tx, name, tier, settled=199, unsettled=1, at=now)

    async def passes(self, **delta: float) -> None:
        await self.clock.advance(timedelta(**delta).total_seconds())
        now = self.clock.now()
        await self.gatherer.events(now)
        await self.gatherer.baselines(now)
        await self.gatherer.digest(now)

    async def alerts(self) -> list[Alert]:
        async with self.store.read() as tx:
            return [one.alert for one in reversed(await deliveries.list_all(tx))]

    async def decisions(self) -> list[tuple[str | None, str | None]]:
        async with self.store.read() as tx:
            rows = await tx.exec_driver_sql("select decision, reason from outbox order by event_id")
            return [tuple(row) for row in rows]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    clock = FakeClock(NOON)
    store = await Store.open_or_create(f"sqlite:///{tmp_path}/watcher.db", clock=clock)
    yield Desk(store, clock)
    await store.close()


async def test_the_daily_digest_comes_at_its_hour_once(desk: Desk) -> None:
    await desk.happens(EVENTS["lookalike_found"], EVENTS["registered"])
    await desk.passes(hours=19, minutes=59)
    assert await desk.alerts() == []
    await desk.passes(minutes=2)
    (digest,) = await desk.alerts()
    assert (digest.kind, digest.total, digest.group) == (AlertKind.DIGEST, 2, "digest")
    await desk.passes(minutes=10)
    await desk.passes(days=1)
    assert len(await desk.alerts()) == 1, "an empty digest is not sent"
    await desk.happens(EVENTS["registered"])
    await desk.passes(days=1)
    assert [alert.total for alert in await desk.alerts()] == [2, 1]


async def test_what_was_down_at_the_hour_is_told_after(desk: Desk) -> None:
    await desk.happens(EVENTS["registered"])
    await desk.passes(days=3)
    assert len(await desk.alerts()) == 1


async def test_a_baseline_is_one_digest_when_the_first_sweep_ends(desk: Desk) -> None:
    await desk.protect("army.mil")
    found = [replace(FOUND, name=f"army{n}.ml", registrable_domain=f"army{n}.ml") for n in range(70)]
    await desk.happens(*found, EXISTS, became_able(name="other.ml", registrable_domain="other.ml"))
    await desk.finish("army.mil", 0)
    await desk.passes(days=2)
    assert [alert.kind for alert in await desk.alerts()] == [AlertKind.PAGE], "held back until the sweep has ended"
    await desk.finish("army.mil", 1)
    await desk.passes(seconds=1)
    baseline = (await desk.alerts())[1]
    assert (baseline.group, baseline.total, len(baseline.events)) == ("baseline:army.mil", 71, 50)
    assert baseline.text == "398 of 400 candidates are settled."
    await desk.passes(days=2)
    assert len(await desk.alerts()) == 2


async def test_a_host_that_joins_a_story_is_in_its_message_while_that_waits_and_in_the_digest_later(desk: Desk) -> None:
    joins = {**became_able().after, "joined": True}
    first = became_able(name="us.army.ml", registrable_domain="army.ml")
    await desk.happens(first, replace(first, name="uk.army.ml", after=joins))
    await desk.passes(seconds=31)
    (page,) = await desk.alerts()
    assert {event.name for event in page.events} == {"us.army.ml", "uk.army.ml"}
    await desk.happens(replace(first, name="ca.army.ml", after=joins))
    await desk.passes(seconds=31)
    assert await desk.alerts() == [page]
    await desk.passes(days=1)
    assert [[event.name for event in alert.events] for alert in (await desk.alerts())[1:]] == [["ca.army.ml"]]


def moved(number: int, host: str = "mx.hub.net", **side: object) -> Event:
    able = {
        **became_able().after,
        "flags": [],
        "exchanges": [{"preference": 1, "host": host, "addresses": ["9.9.9.9"]}],
    }
    return became_able(number, f"army{number}.ml", after={**able, **side})


async def names_told(desk: Desk) -> list[set[str]]:
    return [{event.name for event in alert.events} for alert in await desk.alerts()]


async def test_names_that_move_to_one_exchange_one_a_minute_are_one_story(desk: Desk) -> None:
    for number in range(8):
        await desk.happens(moved(number))
        await desk.passes(seconds=31)
        await desk.passes(seconds=29)
    await desk.passes(minutes=3)
    told = await names_told(desk)
    assert set.union(*told) == {f"army{number}.ml" for number in range(8)}
    assert sum(map(len, told)) == 8, "none is told twice"
    assert told[0] == {"army0.ml"}, "the first one does not wait"
    assert len(told) <= 4
    for before, alert in zip(range(1, 4), (await desk.alerts())[1:], strict=False):
        assert "army0.ml" in alert.text, before


async def test_names_that_move_to_one_exchange_at_once_name_each_other_and_do_not_wait(desk: Desk) -> None:
    await desk.happens(*(moved(number) for number in range(3)), moved(7, "mx.other.net"))
    await desk.passes(seconds=31)
    alerts = {alert.events[0].name: alert.text for alert in await desk.alerts()}
    assert len(alerts) == 4
    assert "army1.ml, army2.ml" in alerts["army0.ml"]
    assert "army0.ml, army2.ml" in alerts["army1.ml"]
    assert not alerts["army7.ml"]


async def test_names_at_a_shared_provider_or_at_different_operators_are_no_story(desk: Desk) -> None:
    for number, event in enumerate(
        [moved(0, flags=["shared_provider"]), moved(1, flags=["shared_provider"]), moved(2, "mx.other.net"), moved(3)]
    ):
        await desk.happens(event)
        await desk.passes(seconds=31)
        assert len(await desk.alerts()) == number + 1
    assert [alert.text for alert in await desk.alerts()] == [""] * 4


async def test_a_story_is_over_after_an_hour(desk: Desk) -> None:
    for number in range(2):
        await desk.happens(moved(number))
        await desk.passes(seconds=31)
        assert len(await desk.alerts()) == number + 1
        await desk.passes(hours=1)


@pytest.mark.parametrize(("tries", "waits"), [(1, True), (2, True), (3, False)])
async def test_m75_a_baseline_waits_for_what_did_not_settle(desk: Desk, tries: int, waits: bool) -> None:
    await desk.protect("army.mil")
    await desk.see("army.ml", "army.mil")
    now = desk.clock.now()
    unsettled = MailState(attempted_at=now, failures=tries, unsettled=Unsettled(now, tries, "SERVFAIL"))
    async with desk.store.write() as tx:
        await lookalikes.save(tx, [Lookalike("army.ml", "army.ml", "ml", "army.ml", state=unsettled)])
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=31)
    assert len(await desk.alerts()) == (0 if waits else 1)
    await desk.passes(minutes=15)
    assert len(await desk.alerts()) == 1, "and for so long at most"


async def test_a_baseline_that_found_nothing_is_told_too(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    (baseline,) = await desk.alerts()
    assert (baseline.total, baseline.first_sweep) == (0, FirstSweep(0))


async def test_a_baseline_counts_names_and_not_events(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.see("army.ml", "army.mil")
    await desk.happens(EXISTS, FOUND)
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    assert await desk.sweeps() == {"army.mil": (FirstSweep(1), ["army.ml", "army.ml"])}


async def test_what_the_second_name_has_in_common_with_the_first_is_counted_and_not_told_again(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.protect("navy.mil")
    await desk.see("army.ml", "army.mil", "navy.mil")
    await desk.see("navy.ml", "navy.mil")
    await desk.happens(replace(FOUND, protected=("army.mil", "navy.mil")))
    await desk.happens(replace(FOUND, name="navy.ml", registrable_domain="navy.ml", protected=("navy.mil",)))
    await desk.finish("army.mil", 0, 1)
    await desk.finish("navy.mil", 0, 1)
    await desk.passes(seconds=1)
    assert await desk.sweeps() == {
        "army.mil": (FirstSweep(1), ["army.ml"]),
        "navy.mil": (FirstSweep(2, 1, ("army.mil",)), ["navy.ml"]),
    }


async def test_the_name_whose_sweep_ends_first_tells_what_was_found_for_the_other(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.happens(FOUND)
    await desk.passes(hours=1)
    await desk.protect("navy.mil")
    await desk.see("army.ml", "army.mil", "navy.mil")  # that it resembles the second name is known since
    await desk.finish("navy.mil", 0, 1)
    await desk.passes(seconds=1)
    assert await desk.sweeps() == {"navy.mil": (FirstSweep(1), ["army.ml"])}
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    assert (await desk.sweeps())["army.mil"] == (FirstSweep(1, 1, ("navy.mil",)), [])


async def test_a_host_whose_mail_was_told_as_its_domains_was_told(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.protect("us.army.mil")
    await desk.see("army.ml", "army.mil")
    await desk.see("us.army.ml", "us.army.mil", domain="army.ml")
    await desk.happens(replace(FOUND, protected=("army.mil", "us.army.mil")))
    await desk.finish("army.mil", 0, 1)
    await desk.finish("us.army.mil", 0, 1)
    await desk.passes(seconds=1)
    assert (await desk.sweeps())["us.army.mil"] == (FirstSweep(1, 1, ("army.mil",)), [])


async def test_what_was_paged_is_counted_as_told(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.see("army.ml", "army.mil")
    await desk.happens(became_able())
    await desk.passes(minutes=5)
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    assert (await desk.sweeps())["army.mil"] == (FirstSweep(1, 1), [])


async def test_news_is_in_no_baseline(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.happens(EVENTS["lookalike_found"])
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    assert (await desk.sweeps())["army.mil"] == (FirstSweep(0), [])
    await desk.passes(days=1)
    assert [(alert.group, alert.total) for alert in await desk.alerts()][1:] == [("digest", 1)]


async def test_what_was_found_before_the_name_was_protected_again_is_in_the_common_digest(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    await desk.happens(replace(FOUND, name="old.ml", registrable_domain="old.ml"))
    await desk.passes(seconds=1)
    async with desk.store.write() as tx:
        await protected_names.remove(tx, ["army.mil"])
    await desk.protect("army.mil")
    await desk.happens(FOUND)
    await desk.finish("army.mil", 0, 1)
    await desk.passes(minutes=1)
    assert [[event.name for event in alert.events] for alert in await desk.alerts()] == [[], ["army.ml"]]
    await desk.passes(days=1)
    assert [[event.name for event in alert.events] for alert in await desk.alerts()][2:] == [["old.ml"]]


async def test_what_a_grown_enumeration_finds_is_in_the_common_digest(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    await desk.happens(FOUND)
    await desk.passes(days=1)
    assert [alert.group for alert in await desk.alerts()] == ["baseline:army.mil", "digest"]


async def test_a_name_that_is_protected_again_has_a_baseline_again(desk: Desk) -> None:
    for _ in range(2):
        await desk.protect("army.mil")
        await desk.happens(FOUND)
        await desk.finish("army.mil", 0, 1)
        await desk.passes(hours=1)
        async with desk.store.write() as tx:
            await protected_names.remove(tx, ["army.mil"])
    assert [alert.group for alert in await desk.alerts()] == ["baseline:army.mil"] * 2


async def test_what_belongs_to_nothing_protected_any_more_does_not_wait_for_ever(desk: Desk) -> None:
    await desk.happens(FOUND)
    await desk.passes(days=1)
    assert [alert.group for alert in await desk.alerts()] == ["digest"]


async def test_a_lookalike_of_two_names_is_in_the_first_baseline_only(desk: Desk) -> None:
    await desk.protect("army.mil")
    await desk.protect("navy.mil")
    await desk.happens(replace(FOUND, protected=("army.mil", "navy.mil")))
    await desk.finish("navy.mil", 0, 1)
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    assert {alert.group: alert.total for alert in await desk.alerts()} == {
        "baseline:army.mil": 1,
        "baseline:navy.mil": 0,
    }


async def test_without_digests_the_baseline_is_told_and_the_rest_is_not(desk: Desk) -> None:
    desk.policy = replace(desk.policy, digest=DigestEvery.NEVER)
    await desk.protect("army.mil")
    await desk.happens(FOUND, EVENTS["registered"])
    await desk.passes(days=2)
    await desk.finish("army.mil", 0, 1)
    await desk.passes(seconds=1)
    await desk.happens(FOUND)
    await desk.passes(days=2)
    assert [(alert.group, alert.total) for alert in await desk.alerts()] == [("baseline:army.mil", 1)]
    assert [decision for decision, _ in await desk.decisions()] == ["digest", "none", "none"]


async def test_a_silence_since_keeps_out_of_the_digest(desk: Desk) -> None:
    await desk.happens(EVENTS["registered"])
    await desk.passes(seconds=1)
    async with desk.store.write() as tx:
        await silences.add(tx, SilenceRow(desk.store.ids(), "name", "army.ml", desk.clock.now()))
    await desk.passes(days=1)
    assert await desk.alerts() == []
    assert await desk.decisions() == [("none", "silenced: name army.ml")]


async def test_digests_go_where_their_events_are_routed(desk: Desk) -> None:
    route = Route(("email",), kinds=(EventKind.REGISTERED,))
    desk.policy = replace(desk.policy, channels=("slack", "email"), routes=(route,))
    await desk.happens(EVENTS["registered"], EVENTS["lookalike_found"])
    await desk.passes(days=1)
    async with desk.store.read() as tx:
        rows = [(one.channel, one.alert.total) for one in await deliveries.list_all(tx)]
    assert sorted(rows) == [("email", 2), ("slack", 1)]


async def test_a_thousand_events_make_one_bounded_digest(desk: Desk) -> None:
    await desk.happens(*(replace(EVENTS["registered"], name=f"a{n}.ml") for n in range(1100)))
    await desk.passes(days=1)
    (digest,) = await desk.alerts()
    assert (digest.total, len(digest.events)) == (1100, 50)


async def test_each_channel_gets_one_digest_whatever_the_routes(desk: Desk) -> None:
    routes = (
        Route(("slack",), kinds=(EventKind.REGISTERED,)),
        Route(("slack", "email"), kinds=(EventKind.LOOKALIKE_FOUND,)),
        Route(("email",), kinds=(EventKind.NAMESERVERS_CHANGED,)),
    )
    desk.policy = AlertPolicy(channels=("slack", "email"), routes=routes)
    kinds = ("registered", "lookalike_found", "nameservers_changed")
    await desk.happens(*(replace(EVENTS[kind], severity=Severity.INFO, protected=()) for kind in kinds))
    await desk.passes(days=1)
    async with desk.store.read() as tx:
        told = {
            one.channel: [event.kind.value for event in await outbox.list_events_of(tx, one.alert.id)]
            for one in await deliveries.list_all(tx)
        }
        assert len(await deliveries.list_all(tx)) == 2, "one for each channel"
    assert told == {
        "slack": ["registered", "lookalike_found"],
        "email": ["lookalike_found", "nameservers_changed"],
    }


async def test_what_a_digest_told_is_not_told_again_when_the_alert_is_forgotten(desk: Desk) -> None:
    await desk.happens(EVENTS["registered"])
    await desk.passes(days=1)
    async with desk.store.write() as tx:
        for one in await deliveries.list_all(tx):
            await deliveries.mark_sent(tx, one.id, now=desk.clock.now())
    await desk.clock.advance(timedelta(days=100).total_seconds())
    assert await Retention(store=desk.store, clock=desk.clock).run()
    await desk.passes(days=1)
    assert await desk.alerts() == []


async def test_an_alert_says_whose_the_protected_name_is_and_a_route_may_ask(desk: Desk) -> None:
    await desk.protect("army.mil", "US Army", ("eu", "land"))
    routes = (Route(("email",), owners=("US Army",)), Route(("slack",)))
    desk.policy = AlertPolicy(channels=("slack", "email"), routes=routes)
    await desk.happens(became_able(), replace(became_able(), name="navy.ml", protected=("navy.mil",)))
    await desk.gatherer.events(desk.clock.now(), wait=False)
    async with desk.store.read() as tx:
        due = await deliveries.list_all(tx, limit=10)
    assert {delivery.channel for delivery in due} == {"email", "slack"}
    alert = next(delivery.alert for delivery in due if delivery.channel == "email")
    (event,) = alert.events
    assert event.ownership == (Ownership("army.mil", "US Army", ("eu", "land")),)
    assert event_json(event)["ownership"] == [{"protected": "army.mil", "owner": "US Army", "tags": ["eu", "land"]}]
    facts = {fact.label: fact.text for fact in story_of(event, VOCABULARY).facts}
    assert (facts["Owner"], facts["Tags"]) == ("US Army", "eu, land")


async def test_the_headline_counts_all_hosts_of_a_wildcard_once(desk: Desk) -> None:
    await desk.protect("army.mil")
    wild = verdict_with(Flag.WILDCARD)
    async with desk.store.write() as tx:
        rows = [
            Lookalike(f"h{n}.evil.ml", "evil.ml", "ml", f"h{n}.evil.ml", verdict=wild, first_seen_at=desk.clock.now())
            for n in range(323)
        ]
        await lookalikes.save(tx, rows)
        for row in rows:
            await resemblances.save(tx, row.name, [Resemblance("army.mil", ("suffix_edit",), 0.03, "", 3)])
    await desk.see("army.ml", "army.mil")
    await desk.happens(FOUND, replace(FOUND, name="evil.ml", registrable_domain="evil.ml"))
    await desk.finish("army.mil", 0, 1)
    await desk.passes(minutes=1)
    ((swept, names),) = (await desk.sweeps()).values()
    assert swept is not None
    assert swept.found == 2
    assert names == ["army.ml", "evil.ml"]


def verdict_with(*flags: Flag) -> Verdict:
    return Verdict(Ability.ABLE, Basis.EXPLICIT_MX, flags=flags)
