"""When to look again: the sooner the likelier or the worse, and never in vain."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.fakes.sightings import ONE, absent, explicit, no_address, null_mx, unknown
from watcher.core.mail.verdict import Flag
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.states.cadence import Cadence, Refresh, next_look, next_registration
from watcher.core.states.mail_state import MailState, Origin, Policy, sighted
from watcher.core.states.name import step

NAME = "army.ml"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=400)
MINUTE = timedelta(minutes=1)


def looked(*makes, apart=3600, origin=None, **options):
    """The state after looks `apart` seconds from each other, the last one at NOW."""
    state = MailState()
    for number, make in enumerate(makes, start=1):
        at = NOW - timedelta(seconds=apart * (len(makes) - number))
        state, _ = step(state, sighted(NAME, make(NAME, at, **options), at), at, Policy(), origin)
    return state


def wait(state, jitter=0.5, **options):
    options = {"cadence": Cadence(), "first_seen_at": LONG_AGO, **options}
    return next_look(state, NOW, jitter, **options) - NOW


def registered(**fields):
    return RegistrationFacts(RegistrationStatus.REGISTERED, RegistrationSource.RDAP, NOW, **fields)


@pytest.mark.parametrize(
    ("makes", "flags", "minutes"),
    [((explicit,), (), 60), ((no_address,), (), 60), ((absent,), (Flag.ARMED,), 15), ((no_address, absent), (), 60)],
)
def test_by_what_stands(makes, flags, minutes):
    assert wait(looked(*makes, flags=flags)) == minutes * MINUTE


@pytest.mark.parametrize("how", [{"first_seen_at": NOW}, {"registration": registered(created_at=NOW)}])
def test_new_names_every_few_minutes(how):
    assert wait(looked(no_address), **how) == 5 * MINUTE
    assert wait(looked(explicit), **how) == 60 * MINUTE


def test_not_sooner_than_a_resolver_would_ask_again():
    assert wait(looked(no_address, ttl=1800), first_seen_at=NOW) == 30 * MINUTE
    assert wait(looked(no_address, ttl=10**9)) == 60 * MINUTE


def test_a_confirming_look_and_a_loss_come_at_their_time():
    pending = looked(no_address, explicit, resolver=ONE)
    assert wait(pending, jitter=0.0) == wait(pending, jitter=1.0) == MINUTE
    assert wait(looked(explicit, null_mx)) == 5 * MINUTE


def test_a_confirming_look_that_is_overdue_comes_at_once_but_is_not_repeated_at_once():
    pending = looked(no_address, explicit, resolver=ONE)
    tried = replace(pending, attempted_at=pending.pending.due_at)
    assert next_look(tried, NOW + MINUTE, 0.5, cadence=Cadence()) > NOW + MINUTE
    assert next_look(pending, NOW + 5 * MINUTE, 0.5, cadence=Cadence()) == NOW + 5 * MINUTE


def test_unsettled_looks_back_off():
    waits = [wait(looked(no_address, *[unknown] * count)) for count in range(1, 12)]
    assert waits[:4] == [1 * MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert waits[-1] == timedelta(hours=6)
    assert wait(looked(explicit, null_mx, *[unknown] * 12)) == timedelta(hours=1)
    assert wait(looked(*[unknown] * 2)) == 2 * MINUTE


def test_ours_hourly_or_as_set_until_something_is_wrong():
    assert wait(looked(explicit), owned=True) == timedelta(hours=1)
    assert wait(looked(explicit), owned=True, cadence=Cadence(owned=timedelta(days=1))) == timedelta(days=1)
    assert wait(replace(looked(explicit), at_risk=1), owned=True) == MINUTE


def test_jitter_spreads_by_a_tenth():
    state = looked(explicit)
    assert (wait(state, jitter=0.0), wait(state, jitter=1.0)) == (54 * MINUTE, 66 * MINUTE)


def test_a_shorter_plan_bounds_every_wait():
    quick = Cadence(longest=timedelta(seconds=10))
    assert wait(looked(explicit, ttl=0), cadence=quick) == timedelta(seconds=10)


def test_news_by_its_sweep_waits_for_its_confirmation():
    state = looked(explicit, origin=Origin(absent_since=LONG_AGO))
    assert wait(state) == MINUTE


@pytest.mark.parametrize(
    ("facts", "able", "days"),
    [
        (None, False, 0),
        (RegistrationFacts(RegistrationStatus.UNKNOWN, RegistrationSource.WHOIS, NOW), False, 0.25),
        (RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, NOW), False, 1),
        (registered(), False, 1),  # without nameservers: one change away
        (registered(nameservers=("ns1.a.net",)), False, 7),
        (registered(nameservers=("ns1.a.net",), created_at=NOW - timedelta(days=29)), False, 1),
        (registered(nameservers=("ns1.a.net",)), True, 1),
        (registered(nameservers=("ns1.a.net",), expires_at=NOW + timedelta(days=46)), False, 7),
        (registered(nameservers=("ns1.a.net",), expires_at=NOW + timedelta(days=40)), False, 1),
        (registered(nameservers=("ns1.a.net",), statuses=("server hold",)), False, 1),
    ],
)
def test_registrations(facts, able, days):
    assert next_registration(facts, able, NOW, 0.5) - NOW == timedelta(days=days)


def test_no_registration_grows_older_than_the_settings_say():
    quick = Refresh(seldom=MINUTE, soon=timedelta(seconds=10))
    unknown = RegistrationFacts(RegistrationStatus.UNKNOWN, RegistrationSource.WHOIS, NOW)
    held = registered(nameservers=("ns1.a.net",))
    assert next_registration(held, False, NOW, 0.5, refresh=quick) - NOW == MINUTE
    assert next_registration(unknown, False, NOW, 0.5, refresh=quick) - NOW == quick.soon
    assert next_registration(held, False, NOW, 0.5, refresh=quick, doubted=True) - NOW == quick.soon
    assert next_registration(held, False, NOW, 0.5, doubted=True) - NOW == timedelta(hours=1)
