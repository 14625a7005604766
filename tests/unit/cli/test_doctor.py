"""What `watcher doctor` says of the registries: whether they are asked, and how old the list of their servers is."""

import importlib.util
import json
from datetime import UTC, date, datetime, timedelta

import pytest

from watcher.bootstrap.doctor import lists, plan
from watcher.core.states.budget import SuffixLoad


@pytest.fixture
def doctor(bare, monkeypatch, tmp_path):
    """The doctor's rows by what was looked at, where the only resolver is silent and the bootstrap has this date."""
    monkeypatch.setenv("WATCHER_DNS__RESOLVERS", '["127.0.0.1:9"]')
    monkeypatch.setenv("WATCHER_DNS__TIMEOUT", "100ms")

    def examine(published):
        bootstrap = {"services": [[["ml"], ["https://rdap.nic.invalid/"]]]}
        if published is not None:
            bootstrap["publication"] = f"{published:%Y-%m-%dT%H:%M:%SZ}"
        (tmp_path / "dns.json").write_text(json.dumps(bootstrap))
        monkeypatch.setenv("WATCHER_REGISTRATION__RDAP_BOOTSTRAP", str(tmp_path / "dns.json"))
        ran = bare("doctor", "--format", "json")
        return {row["what"]: (row["state"], row["detail"]) for row in json.loads(ran.out)}

    return examine


def test_the_bootstrap_is_told_with_its_date(doctor):
    published = datetime.now(UTC) - timedelta(days=80)
    assert doctor(published)["registries"] == ("ok", f"RDAP bootstrap of {published:%Y-%m-%d}")


def test_an_old_bootstrap_is_a_warning_with_its_mend(doctor):
    published = datetime.now(UTC) - timedelta(days=91)
    state, detail = doctor(published)["registries"]
    assert state == "warning"
    assert detail.startswith(f"RDAP bootstrap of {published:%Y-%m-%d}: old; `serve` fetches a new one")


def test_a_bootstrap_without_a_date_is_told_as_such(doctor):
    assert doctor(None)["registries"] == ("ok", "RDAP bootstrap of unknown date")


def test_registries_that_are_not_asked_are_a_warning(doctor, monkeypatch):
    monkeypatch.setenv("WATCHER_REGISTRATION__ENABLED", "false")
    state, detail = doctor(datetime.now(UTC))["registries"]
    assert state == "warning"
    assert "registration.enabled is false" in detail


def test_old_lists_are_a_warning_with_their_mend():
    now = datetime(2026, 11, 23, tzinfo=UTC)
    old = lists({"the list of top-level domains": date(2026, 1, 10)}, now)
    assert (old.state, "update watcher" in old.detail) == ("warning", True)
    assert lists({"the list of top-level domains": date(2026, 11, 10)}, now).state == "ok"


TIERS = ((200, timedelta(hours=1)), (2_000, timedelta(hours=6)), (20_000, timedelta(days=1)))


def test_the_plan_is_held_against_the_resolvers_rate():
    found = plan(500, TIERS, 200, 1)
    assert (found.state, "500 names need 217.0 questions/s" in found.detail) == ("warning", True)
    assert "to rank 20,000" in found.detail
    assert plan(400, TIERS, 200, 1).state == "ok"


def test_the_plan_says_how_long_a_first_sweep_really_takes():
    """Not what all questions take: the best candidates come round again meanwhile."""
    assert (
        "a first sweep takes 38 days and has seen after a minute 0.5% to rank 200;"
        in plan(10_000, TIERS, 200, 1).detail
    )
    assert "a first sweep takes 4 hours" in plan(100, TIERS, 200, 1).detail
    assert "what the plan leaves free" not in plan(100, TIERS, 200, 1).detail
    own = plan(100, TIERS, 5_000, 1, spare=1.0)
    assert own.state == "ok"
    assert own.detail.endswith("what the plan leaves free is spent on looking sooner, to rank 200 every 1 minutes")


def test_at_the_suffixes_servers_the_busiest_suffix_binds_the_plan():
    load = SuffixLoad(50, {"com": (20.0, 300.0, 3_000.0), "ml": (1.0, 2.0, 30.0)})
    found = plan(1_000, TIERS, 200, 1, load)
    assert found.state == "warning"
    assert "1000 names need 54.2 questions/s of the nameservers of .com" in found.detail
    assert "raise sweep.max_rate_per_suffix" in found.detail
    assert plan(900, TIERS, 200, 1, load).state == "ok"


def rows(ran):
    assert ran.out, ran.err
    return {row["what"]: row for row in json.loads(ran.out)}


@pytest.fixture
def alone(doctor, bare, monkeypatch):
    """The doctor's rows where the only resolver is silent."""
    return lambda: rows(bare("doctor", "--format", "json"))


def test_the_effective_settings_are_among_the_rows_without_secrets(alone, monkeypatch):
    monkeypatch.setenv("WATCHER_DNS__MAX_RATE", "77")
    monkeypatch.setenv("WATCHER_ALERTS__SLACK__WEBHOOK_URL", "https://hooks.slack.com/services/very-secret")
    found = alone()["settings"]["effective"]
    assert found["dns.max_rate"] == 77
    assert found["database_url"].startswith("sqlite:///")
    assert found["alerts.slack.webhook_url"] == "(set, not shown)"
    assert "very-secret" not in json.dumps(found)
    assert found["alerts.ntfy.url"] == "https://ntfy.sh", "a default is no secret"


def test_quiet_shows_only_what_is_not_well(doctor, bare):
    rows = {row["what"]: row["state"] for row in doctor_rows(bare("doctor", "--format", "json"))}
    quiet = {row["what"]: row["state"] for row in doctor_rows(bare("doctor", "--quiet", "--format", "json"))}
    assert quiet == {what: state for what, state in rows.items() if state != "ok"}
    assert "ok" in rows.values()
    ran = bare("doctor", "--quiet")
    assert len(ran.out.splitlines()) == len(quiet)
    assert not any(line.startswith("ok") for line in ran.out.splitlines())


def doctor_rows(ran):
    return json.loads(ran.out)


def test_one_of_a_thing_is_said_as_one():
    assert plan(1, TIERS, 200, 1).detail.startswith("1 name needs ")
    assert "1 resolver at 200/s gives 200" in plan(1, TIERS, 200, 1).detail
    assert "2 resolvers at 200/s give 400" in plan(1, TIERS, 200, 2).detail


def test_of_addresses_only_the_secret_part_is_hidden():
    from watcher.settings.settings import Settings
    from watcher.settings.shown import effective

    url = "postgresql://watcher:very@secret@db.army.mil/watcher"
    shown = effective(Settings(database_url=url, alerts={"apprise": {"urls": ["json://very-secret"]}}))
    assert shown["database_url"] == "postgresql://***@db.army.mil/watcher"
    assert shown["alerts.apprise.urls"] == ["(set, not shown)"]


def test_what_cannot_work_is_broken_with_its_mend(alone, monkeypatch):
    monkeypatch.setenv("WATCHER_API__LISTEN", "0.0.0.0:8080")
    monkeypatch.setenv("WATCHER_ALERTS__COMMAND", '["/nonexistent/page-me"]')
    monkeypatch.setenv("WATCHER_SWEEP__NAMES", '["/nonexistent/names"]')
    found = alone()
    for what, says in (
        ("api.listen", "watcher token create"),
        ("channel command", "/nonexistent/page-me"),
        ("sweep.names", "/nonexistent/names"),
    ):
        assert found[what]["state"] == "broken"
        assert says in found[what]["detail"]


async def test_a_resolver_is_tried_at_the_rate_it_is_to_be_asked_at():
    from tests.fakes.dns_faults import Effect, Fault
    from tests.fakes.dns_server import DnsServer
    from watcher.lookups.dns.burst import burst
    from watcher.lookups.dns.servers import parse_server

    async with DnsServer({"com": ZONE, "net": ZONE, "org": ZONE}) as dns:
        tried = await burst(parse_server(dns.address), rate=40, timeout=5)
        assert (tried.asked, tried.answered) == (20, 20)
        assert len(set(dns.names_asked("MX"))) == 20
        dns.faults.append(Fault(Effect.DROP))
        assert (await burst(parse_server(dns.address), rate=10, timeout=0.2)).answered == 0


ZONE = "@ 1 SOA ns.h.net. r.h.net. 1 3600 600 86400 1\n@ 1 NS ns.h.net.\n"


def test_it_says_what_reads_packed_lists(doctor):
    state, detail = doctor(datetime.now(UTC))["packed lists"]
    assert state == "ok"
    assert ("isal reads them" in detail) == (importlib.util.find_spec("isal") is not None)
