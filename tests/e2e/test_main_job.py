"""The main job, end to end on real servers: a lookalike becomes able to receive mail, and people hear of it, once."""

import contextlib
import random
import time
import urllib.error
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.outside import Outside, fanged, mail_text
from tests.e2e.service import PATIENCE, Service, eventually
from tests.lab.addresses import MAILBOX, RESOLVER, SECOND_MAILBOX
from tests.lab.world import World

pytestmark = pytest.mark.lab

PROTECTED = "army.mil"
FIRST = "army.ml"
"""Absent at first; gains nameservers, then an exchange, then a null MX."""
SECOND = "army.il"
"""Gains an address first, an exchange later."""
THIRD = "army.com"
"""Has both before the first sweep."""

COMPRESSED = {
    "WATCHER_DNS__RESOLVERS": f'["{RESOLVER}:53"]',
    "WATCHER_DNS__MAX_RATE": "2000",
    "WATCHER_SWEEP__TIERS": '[[120, "2s"]]',
    "WATCHER_CONFIRM__DELAY": "1s",
    "WATCHER_CONFIRM__LOSS_GAP": "1s",
    "WATCHER_ALERTS__GROUP_WAIT": "1s",
    "WATCHER_ALERTS__DIGEST": "never",
}
"""Minutes and hours become seconds; nothing else is different from production."""

EXCHANGE = f"@ MX 10 mx\nmx A {MAILBOX}\n"
EXCHANGE_ELSEWHERE = f"@ MX 10 in.collecting.net.\nmx A {MAILBOX}\n"


class Story:
    """A service over a world, with what it recorded and told."""

    def __init__(self, service: Service, outside: Outside) -> None:
        self.service = service
        self.outside = outside

    def events(self, name: str) -> list[dict[str, Any]]:
        """Every event of `name`, oldest first."""
        return sorted((row for row in self.all_of("events") if row["name"] == name), key=lambda row: row["id"])

    def all_of(self, kind: str) -> list[dict[str, Any]]:
        """Every page of a list of the API."""
        rows: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self.service.get(f"/api/v1/{kind}?limit=500{cursor}")
            rows += page["items"]
            if page["next_cursor"] is None:
                return rows
            cursor = f"&cursor={page['next_cursor']}"

    def kinds(self, name: str) -> list[str]:
        return [row["kind"] for row in self.events(name)]

    def known(self, name: str) -> dict[str, Any]:
        return dict(self.service.get(f"/api/v1/domains/{name}?fresh=false"))

    def until(self, holds: Any, what: str, *, seconds: float = PATIENCE) -> Any:
        return eventually(holds, what, seconds=seconds, log=self.service.tail)

    def until_event(self, name: str, kind: str, count: int = 1) -> dict[str, Any]:
        """The newest event of this kind, once there are `count`."""

        def found() -> Any:
            events = [row for row in self.events(name) if row["kind"] == kind]
            return events[-1] if len(events) >= count else None

        return dict(self.until(found, f"{kind} of {name}"))

    def until_registered(self, name: str) -> dict[str, Any]:
        """The registration facts of `name`, once its registry said that it is registered."""

        def found() -> Any:
            facts = self.known(name)["registration"]
            return facts if facts and facts["status"] == "registered" and facts["source"] != "dns" else None

        return dict(self.until(found, f"registration facts of {name}"))

    def until_told(self, name: str, count: int, *, seconds: float = PATIENCE) -> None:
        """Return when both channels told of `name` this often."""
        for what, told in (("Slack messages", self.outside.pages), ("mails", self.outside.mails)):
            self.until(lambda told=told: len(told(name)) >= count, f"{count} {what} about {name}", seconds=seconds)

    def until_looked_again(self, name: str, *, times: int = 3) -> None:
        """Return after so many further looks at `name`, whatever they saw."""
        for _ in range(times):
            before = self.known(name)["attempted_at"]
            self.until(lambda before=before: self.known(name)["attempted_at"] != before, f"another look at {name}")


@pytest.fixture
def outside() -> Iterator[Outside]:
    with Outside() as outside:
        yield outside


@pytest.fixture
def story(own_world: World, outside: Outside, tmp_path: Path) -> Iterator[Story]:
    """A service that protects army.mil and has finished its first sweep."""
    own_world.host(THIRD, f"@ MX 10 mx\n@ A {SECOND_MAILBOX}\nmx A {MAILBOX}\n")
    service = Service(tmp_path, {**COMPRESSED, **outside.settings})
    service.run("protect", "add", PROTECTED)
    with service:
        story = Story(service, outside)
        story.until(lambda: service.get(f"/api/v1/protected/{PROTECTED}")["baseline"]["done"], "the first sweep")
        story.until_told(THIRD, 1)  # the digest of the baseline
        yield story


def test_a_lookalike_gains_mail_and_loses_it(world: World, story: Story) -> None:
    """Nameservers, an exchange, a spell of SERVFAIL, a null MX: two messages on each channel, no more."""
    assert story.events(FIRST) == []

    story.outside.registered.register(FIRST, registrar="Quick Names Ltd", created=datetime.now(UTC))
    world.host(FIRST)
    found = story.until_event(FIRST, "lookalike_found")
    assert found["to"].get("ability", "unable") == "unable"
    assert PROTECTED in found["protected"]
    story.until_looked_again(FIRST, times=1)
    assert story.known(FIRST)["mail"]["ability"] == "unable"
    assert story.outside.pages(FIRST) == []

    world.host(FIRST, EXCHANGE)
    able = story.until_event(FIRST, "mail_became_able")
    story.until_told(FIRST, 1)
    assert (able["from"]["ability"], able["to"]["ability"]) == ("unable", "able")
    assert able["to"]["basis"] == "explicit_mx"
    assert able["to"]["exchanges"] == [{"preference": 10, "host": f"mx.{FIRST}", "addresses": [MAILBOX]}]
    assert able["severity"] == "critical"
    heard = {(row["question"], row["type"], row["outcome"]): row["records"] for row in able["evidence"]}
    assert heard[FIRST, "MX", "ANSWER"] == [f"10 mx.{FIRST}"]
    assert heard[f"mx.{FIRST}", "A", "ANSWER"] == [MAILBOX]
    (page,) = [message for message in story.outside.slack.accepted if FIRST in fanged(message.text)]
    (mail,) = [delivered for delivered in story.outside.mail.accepted if FIRST in mail_text(delivered)]
    assert story.outside.slack.problems == []
    for text in (fanged(page.text), mail_text(mail)):
        assert f"mx.{FIRST}" in text
        assert MAILBOX in text
        assert PROTECTED in text
    assert page.alert_id == mail.alert_id
    facts = story.until_registered(FIRST)
    assert (facts["source"], facts["registrar"]) == ("rdap", "Quick Names Ltd")

    world.delegate(FIRST, "servfail.hosting.net")
    story.until(lambda: story.known(FIRST)["last_outcome"] != "settled", "an unsettled look")
    story.until_looked_again(FIRST, times=2)
    assert story.known(FIRST)["mail"]["ability"] == "able"
    assert story.kinds(FIRST) == ["lookalike_found", "mail_became_able"]

    world.host(FIRST, "@ MX 0 .\n")
    unable = story.until_event(FIRST, "mail_became_unable")
    assert unable["to"]["basis"] == "null_mx"
    looks = {row["at"] for row in unable["evidence"] if row["records"] == ["0 ."]}
    assert len(looks) >= 3, "three settled sightings"
    story.until_told(FIRST, 2)

    story.until_looked_again(FIRST, times=2)
    assert story.kinds(FIRST) == ["lookalike_found", "mail_became_able", "mail_became_unable"]
    assert len(story.outside.pages(FIRST)) == len(story.outside.mails(FIRST)) == 2
    assert story.outside.pages(FIRST) == story.outside.mails(FIRST)


def test_an_address_first_and_an_exchange_later_are_two_gains(world: World, story: Story) -> None:
    """M70: half of the real gains were address-only before."""
    world.host(SECOND, f"@ A {SECOND_MAILBOX}\n")
    first = story.until_event(SECOND, "mail_became_able")
    assert (first["to"]["basis"], first["severity"]) == ("implicit_mx", "medium")
    story.until_told(SECOND, 1)

    world.host(SECOND, f"@ A {SECOND_MAILBOX}\n" + EXCHANGE)
    second = story.until_event(SECOND, "mail_became_able", count=2)
    assert (second["from"]["basis"], second["to"]["basis"]) == ("implicit_mx", "explicit_mx")
    assert second["severity"] in {"high", "critical"}
    story.until_told(SECOND, 2)

    story.until_looked_again(SECOND, times=2)
    assert story.kinds(SECOND).count("mail_became_able") == 2
    assert len(story.outside.pages(SECOND)) == 2


def test_a_registry_without_rdap_is_asked_by_whois(world: World, story: Story) -> None:
    """From its text through the parser to what `check` shows."""
    name = SECOND
    created = datetime(2021, 5, 4, 3, 2, 1, tzinfo=UTC)
    story.outside.registered.register(name, registrar="Registrar of the Old School", created=created)
    world.host(name, EXCHANGE)
    facts = story.until_registered(name)
    assert (facts["source"], facts["registrar"]) == ("whois", "Registrar of the Old School")
    assert facts["created_at"] == "2021-05-04T03:02:01Z"
    assert facts["nameservers"] == ["ns1.hosting.net", "ns2.hosting.net"]
    assert any(name in question for question in story.outside.whois.asked)


def test_what_was_able_before_the_first_sweep_is_baseline(story: Story) -> None:
    """M67: one line in one digest, no page."""
    story.until_event(THIRD, "mail_found_able")
    story.until_looked_again(THIRD, times=1)
    assert "mail_became_able" not in story.kinds(THIRD)
    for message in story.outside.slack.accepted:
        if THIRD in fanged(message.text):
            assert message.text.startswith(f"First sweep of {PROTECTED}")


def kill_at_random(world: World, folder: Path, *, times: int, seed: int, more: bool = False) -> None:
    """Names gain an exchange and change it; the service is killed at random moments; half of all messages fail at first."""
    dice = random.Random(seed)
    with Outside(faulty=True, more=more) as outside:
        service = Service(folder, {**COMPRESSED, **outside.settings, "WATCHER_SWEEP__TIERS": '[[400, "2s"]]'})
        service.run("protect", "add", PROTECTED)
        world.host("collecting.net", f"in A {MAILBOX}\n")
        world.host(THIRD, EXCHANGE)
        service.start()
        story = Story(service, outside)
        try:
            story.until_told(THIRD, 1, seconds=2 * PATIENCE)  # the digest of the baseline
            rows = service.get(f"/api/v1/candidates?name={PROTECTED}&limit=400")["items"]
            names = [row["name"] for row in rows if row["name"] != THIRD and world.can_host(row["name"])][:times]
            assert len(names) == times, "enough candidates under suffixes of the lab"
            for number, name in enumerate(names):
                world.host(name, EXCHANGE)
                if number >= 2:  # by now it was seen able, told of or not
                    world.host(names[number - 2], EXCHANGE_ELSEWHERE)
                time.sleep(dice.uniform(0, 6))  # the moment of the kill is the point, not a wait for something
                service.kill()
                service.start()
            for name in names:
                eventually(
                    lambda name=name: "mail_became_able" in story.kinds(name),
                    f"mail_became_able of {name}",
                    log=lambda name=name: f"{name}: {story.events(name)}\n{story.known(name)}\n{service.tail(200)}",
                )
            outside.faulty = False  # people's Slack and mail are well again; an unlucky message waits for minutes
            for delivery in service.get("/api/v1/deliveries?status=pending&limit=500")["items"]:
                with contextlib.suppress(urllib.error.HTTPError):  # sent in the meantime
                    service.post(f"/api/v1/deliveries/{delivery['id']}:retry")
            story.until(
                lambda: not service.get("/api/v1/deliveries?status=pending")["items"], "all sent", seconds=2 * PATIENCE
            )
            for name in names:
                _told_once_each_and_in_order(story, name)
            tries = (
                len(outside.slack.tries),
                len(outside.slack.accepted),
                outside.mail.tries,
                len(outside.mail.accepted),
            )
            again = sum(len(ids) - len(set(ids)) for ids in map(outside.pages, names))
            print(f"{times} kills: Slack tries, accepted, SMTP tries, accepted: {tries}; Slack duplicates: {again}")
        finally:
            service.kill()
            world.remove(*world.registered())


def _told_once_each_and_in_order(story: Story, name: str) -> None:
    """Every event of `name` that is told at once came through both channels, under one id each, in its order."""
    kinds = story.kinds(name)
    assert kinds.count("mail_became_able") == 1, kinds
    events = [row["id"] for row in story.events(name) if row["kind"] in {"mail_became_able", "exchanges_changed"}]
    deliveries = story.all_of("deliveries")
    heard = {"slack": story.outside.pages(name), "email": story.outside.mails(name)}
    heard |= {channel: story.outside.posted(channel, name) for channel in story.outside.posts}
    for channel, told in heard.items():
        alert_of = {
            event: row["alert_id"] for row in deliveries if row["channel"] == channel for event in row["events"]
        }
        wanted = [alert_of[event] for event in events]
        assert set(wanted) <= set(told), f"{channel} was not told of all\n{story.outside.texts(name)}"
        assert told == sorted(told), f"{channel} was told out of order"  # ids are in the order of their making
        assert set(told) == set(wanted), f"{channel} was told under another id"


def test_no_alert_is_lost_when_the_service_is_killed(world: World, tmp_path: Path) -> None:
    kill_at_random(world, tmp_path, times=3, seed=20261123)


def test_no_alert_is_lost_by_teams_mattermost_and_ntfy_either(world: World, tmp_path: Path) -> None:
    kill_at_random(world, tmp_path, times=2, seed=20261128, more=True)


@pytest.mark.soak
def test_no_alert_is_lost_when_the_service_is_killed_often(world: World, tmp_path: Path) -> None:
    kill_at_random(world, tmp_path, times=50, seed=7, more=True)
