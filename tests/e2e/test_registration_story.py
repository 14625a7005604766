"""A name's registration from its first day to its second holder, through the real service: each event once."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.background import Background
from tests.e2e.service import Service, eventually
from tests.fakes.dns_server import DnsServer
from tests.fakes.rdap_server import RdapServer
from tests.fakes.registered import RegisteredDomains
from tests.fakes.slack_receiver import SlackReceiver

NAME = "army.ml"
OWN = "army.com"
HELD = "army.il"
SOA = "@ 1 SOA ns1.hosting.net. hostmaster.hosting.net. 1 3600 600 86400 1\n@ 1 NS ns1.hosting.net.\n"
SUFFIXES = ("com", "il", "mil", "ml", "net")
SINCE = datetime(2024, 5, 1, tzinfo=UTC)


class Outside:
    """DNS, one registry for all suffixes, and people's Slack."""

    def __init__(self) -> None:
        zones = dict.fromkeys(SUFFIXES, SOA)
        self.dns = DnsServer({**zones, "hosting.net": SOA + "mx 1 A 185.199.108.25\nns1 1 A 185.199.108.53\n"})
        self.dns.logging = False
        self.registered = RegisteredDomains()
        self.rdap = RdapServer(self.registered)
        self.slack = SlackReceiver()

    def serve(self, name: str, records: str | None = "") -> None:
        """The DNS has the name, with these records; None: it is gone."""
        self.dns.load(name, None if records is None else SOA + records)

    @property
    def settings(self) -> dict[str, str]:
        return {
            "WATCHER_DNS__RESOLVERS": json.dumps([self.dns.address]),
            "WATCHER_DNS__MAX_RATE": "2000",
            "WATCHER_SWEEP__TIERS": '[[100, "1s"]]',
            "WATCHER_SWEEP__OWN": "1s",
            "WATCHER_CONFIRM__DELAY": "1s",
            "WATCHER_CONFIRM__LOSS_GAP": "1s",
            "WATCHER_ALERTS__GROUP_WAIT": "1s",
            "WATCHER_ALERTS__DIGEST": "never",
            "WATCHER_ALERTS__SLACK__WEBHOOK_URL": self.slack.webhook_url,
            "WATCHER_REGISTRATION__RDAP_SERVERS": json.dumps(dict.fromkeys(SUFFIXES, self.rdap.url)),
            "WATCHER_REGISTRATION__MAX_RATE": "100",
            "WATCHER_REGISTRATION__REFRESH": "1s",
            "WATCHER_REGISTRATION__REFRESH_SOON": "1s",
            "WATCHER_REGISTRATION__PROBE_TOP": "10",
        }


@pytest.fixture
def outside() -> Iterator[Outside]:
    made = Outside()
    with Background(made.dns, made.rdap, made.slack):
        yield made


class Story:
    """What the service recorded."""

    def __init__(self, service: Service) -> None:
        self.service = service

    def until(self, holds: Any, what: str) -> Any:
        return eventually(holds, what, log=self.service.tail)

    def events(self, name: str) -> list[dict[str, Any]]:
        page = self.service.get("/api/v1/events?limit=500")
        return sorted((row for row in page["items"] if row["name"] == name), key=lambda row: row["id"])

    def registered(self, name: str) -> list[str]:
        """The kinds of its events that tell of its registration, oldest first."""
        kinds = {"registered", "lapsed", "expiring", "registration_changed", "nameservers_changed"}
        return [row["kind"] for row in self.events(name) if row["kind"] in kinds]

    def until_told(self, name: str, *kinds: str) -> dict[str, Any]:
        self.until(lambda: len(self.registered(name)) >= len(kinds), f"{kinds} of {name}: {self.registered(name)}")
        assert self.registered(name) == list(kinds)
        return [row for row in self.events(name) if row["kind"] == kinds[-1]][-1]

    def facts(self, name: str) -> dict[str, Any]:
        known = self.service.get(f"/api/v1/domains/{name}?fresh=false")
        return dict(known["registration"] or {})

    def until_asked_again(self, name: str, times: int = 2) -> None:
        for _ in range(times):
            before = self.facts(name)["fetched_at"]
            self.until(lambda before=before: self.facts(name)["fetched_at"] != before, f"{name} is asked about again")


@pytest.fixture
def story(outside: Outside, tmp_path: Path) -> Iterator[Story]:
    """A service that protects army.mil, owns army.com, and has finished its first sweep."""
    outside.serve("army.mil", "@ 1 MX 10 mx.hosting.net.\n")
    for name in ("army.mil", "hosting.net", OWN):
        outside.registered.register(name, created=SINCE)
    outside.serve(OWN, "@ 1 MX 10 mx.hosting.net.\n")
    outside.registered.register(HELD, created=SINCE, statuses=("serverHold",), nameservers=(), organisation="Third Inc")
    service = Service(tmp_path, outside.settings)
    service.run("protect", "add", "army.mil")
    service.run("own", "add", OWN)
    with service:
        story = Story(service)
        story.until(lambda: service.get("/api/v1/protected/army.mil")["baseline"]["done"], "the first sweep")
        yield story


def test_registered_held_deleted_and_registered_by_another(outside: Outside, story: Story) -> None:
    """Also: a name that was held all along is found by asking its registry."""
    outside.registered.register(
        NAME, created=SINCE, registrar="First Names Ltd", iana_id="111", organisation="First Inc"
    )
    outside.serve(NAME)
    story.until(lambda: story.facts(NAME).get("registrar") == "First Names Ltd", "its registration")
    story.until_asked_again(NAME)
    assert story.registered(NAME) == [], "a lookalike seen for the first time is lookalike_found only"

    row = story.until(
        lambda: next((row for row in story.events(HELD) if row["kind"] == "lookalike_found"), None),
        "a held name is found",
    )
    assert row["to"]["flags"] == ["armed"], "M06: the DNS knows nothing of it, its registry does"
    assert story.facts(HELD)["statuses"] == ["server hold"]

    outside.registered.change(NAME, statuses=("serverHold",))
    outside.serve(NAME, None)
    held = story.until_told(NAME, "registration_changed")
    assert (held["from"]["statuses"], held["to"]["statuses"]) == (["client transfer prohibited"], ["server hold"])
    story.until(
        lambda: "armed" in story.service.get(f"/api/v1/domains/{NAME}?fresh=false")["mail"]["flags"], "it is armed"
    )
    story.until_asked_again(NAME)

    outside.registered.delete(NAME)
    lapsed = story.until_told(NAME, "registration_changed", "lapsed")
    assert (lapsed["from"]["status"], lapsed["to"]["status"]) == ("registered", "unregistered")
    story.until_asked_again(NAME)

    outside.registered.register(
        NAME, created=datetime.now(UTC), registrar="Second Names Ltd", iana_id="222", organisation="Second Inc"
    )
    outside.serve(NAME)
    again = story.until_told(NAME, "registration_changed", "lapsed", "registered")
    assert again["source"] == "rdap"
    assert again["to"]["registrant"]["organisation"] == "Second Inc"

    outside.registered.change(NAME, nameservers=("ns1.elsewhere.net",))
    told = ("registration_changed", "lapsed", "registered", "nameservers_changed")
    story.until_told(NAME, *told)
    story.until_asked_again(NAME)
    assert story.registered(NAME) == list(told), "each once"

    report = story.service.get(f"/api/v1/reports/{NAME}?text=takedown")
    assert "(Second Names Ltd, IANA 222)" in report
    assert [line for line in report.splitlines() if "no longer registered" in line]


def test_what_happens_to_an_own_name_is_told_at_once(outside: Outside, story: Story) -> None:
    """Whatever `alerts.kinds` says: another holder, other nameservers, expiry, loss; one message each.

    One registry's word that a name is free is no loss while the DNS shows the name.
    """
    story.until(lambda: story.facts(OWN).get("status") == "registered", "its registration")
    told: list[str] = []

    def pages(words: str) -> list[str]:
        """The messages that say so; what becomes of its mail may be told with it."""
        texts = [page.text.replace("[.]", ".") for page in list(outside.slack.accepted)]
        return [text for text in texts if words in text]

    titles = {
        "registration_changed": f"The registration of {OWN} changed",
        "nameservers_changed": f"{OWN} has other nameservers now",
        "expiring": f"{OWN} expires:",
        "lapsed": f"{OWN} is no longer registered",
    }
    changes: tuple[tuple[str, Callable[[], None]], ...] = (
        ("registration_changed", lambda: outside.registered.change(OWN, iana_id="666", registrar="Thieves & Sons")),
        ("nameservers_changed", lambda: outside.registered.change(OWN, nameservers=("ns1.elsewhere.net",))),
        ("expiring", lambda: outside.registered.change(OWN, expires=datetime.now(UTC) + timedelta(days=20))),
    )
    for kind, change in changes:
        change()
        told.append(kind)
        assert story.until_told(OWN, *told)["severity"] == "high"
        story.until(lambda kind=kind: pages(titles[kind]), f"a message of {kind}")

    outside.registered.delete(OWN)
    story.until(lambda: "yet it is delegated" in (story.facts(OWN)["reason"] or ""), "its registry is doubted")
    story.until_asked_again(OWN)
    assert story.facts(OWN)["status"] == "registered", "the DNS shows it, and one source alone says that it is free"
    assert story.registered(OWN) == told

    outside.serve(OWN, None)
    told.append("lapsed")
    assert story.until_told(OWN, *told)["severity"] == "high"
    story.until(lambda: pages(titles["lapsed"]), "a message of its lapse")
    story.until_asked_again(OWN)
    assert story.registered(OWN) == told, "each once"
    assert {kind: len(pages(title)) for kind, title in titles.items()} == dict.fromkeys(told, 1)
