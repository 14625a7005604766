"""What goes into one message, and when digests are due."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.alert_samples import ABLE, AT, EVENTS, became_able, event
from watcher.core.events import Event, EventKind
from watcher.core.telling.alerts import AlertPolicy, DigestEvery
from watcher.core.telling.gathering import Waiting, grouped, last_digest_time, storm_keys


def _operator(host: str) -> str:
    return ".".join(host.split(".")[-2:])


def _able_at(number: int, host: str, **changes) -> Event:
    side = {**ABLE, "exchanges": [{"preference": 1, "host": host, "addresses": ["93.184.215.14"]}]}
    return became_able(number, f"army{number}.ml", after=side, **changes)


def _waiting(*events: Event) -> list[Waiting]:
    return [Waiting(one, ("slack",), AT + timedelta(seconds=n)) for n, one in enumerate(events)]


def _groups(*events: Event, after: int = 5) -> list[tuple[str, int, bool]]:
    made = grouped(_waiting(*events), digest_after=after, operator_of=_operator)
    return [(group.key, len(group.members), group.storm) for group in made]


def test_events_of_one_registrable_domain_are_one_message() -> None:
    host = became_able(2, "us.army.ml", registrable_domain="army.ml")
    assert _groups(became_able(1), host) == [("domain:army.ml", 2, False)]


def test_five_at_one_operator_are_five_messages_and_six_are_one() -> None:
    five = [_able_at(n, f"mx{n}.mailhub.net") for n in range(5)]
    assert _groups(*five) == [(f"domain:army{n}.ml", 1, False) for n in range(5)]
    six = [*five, _able_at(5, "in.mailhub.net")]
    assert _groups(*six) == [("exchange:mailhub.net:mail_became_able", 6, True)]


def test_a_storm_takes_along_only_its_own() -> None:
    six = [_able_at(n, "mx.mailhub.net") for n in range(6)]
    assert _groups(*six, _able_at(9, "mx.other.net")) == [
        ("exchange:mailhub.net:mail_became_able", 6, True),
        ("domain:army9.ml", 1, False),
    ]


def test_gains_and_losses_do_not_mix_in_a_storm() -> None:
    gains = [_able_at(n, "mx.mailhub.net") for n in range(4)]
    losses = [replace(_able_at(n, "mx.mailhub.net"), kind=EventKind.MAIL_BECAME_UNABLE) for n in range(10, 14)]
    assert all(not storm for _, _, storm in _groups(*gains, *losses))


def test_what_lost_its_mail_at_one_operator_is_a_storm() -> None:
    gone = {"ability": "unable", "basis": "null_mx", "flags": [], "exchanges": []}
    events = (_able_at(n, "mx.mailhub.net") for n in range(6))
    lost = [replace(one, kind=EventKind.MAIL_BECAME_UNABLE, before=one.after, after=gone) for one in events]
    assert _groups(*lost) == [("exchange:mailhub.net:mail_became_unable", 6, True)]


def test_a_portfolio_with_an_address_alone_is_a_storm_by_that() -> None:
    def parked(number: int, address: str = "93.184.215.14") -> Event:
        name = f"army{number}.ml"
        rows = [{"preference": 0, "host": name, "addresses": [address]}]
        side = {**ABLE, "basis": "implicit_mx", "exchanges": rows}
        gone = {"ability": "unable", "basis": "no_such_name", "flags": [], "exchanges": []}
        return replace(became_able(number, name, after=gone), before=side, kind=EventKind.MAIL_BECAME_UNABLE)

    lost = [parked(n) for n in range(6)]
    assert _groups(*lost) == [("address:93.184.215.14:mail_became_unable", 6, True)]
    assert all(not storm for _, _, storm in _groups(*(parked(n, f"93.184.215.{n + 10}") for n in range(6))))


def test_a_registry_wildcard_and_a_nameserver_make_storms_too() -> None:
    side = {**ABLE, "basis": "registry_wildcard", "exchanges": []}
    wild = [became_able(n, f"army{n}.ml", after=side, evidence=()) for n in range(6)]
    assert _groups(*wild) == [("wildcard:ml:mail_became_able", 6, True)]
    servers = [
        event(EventKind.NAMESERVERS_CHANGED, n, name=f"a{n}.ml", registrable_domain=f"a{n}.ml",
              after={"nameservers": [f"ns{n}.host.net"]})
        for n in range(6)
    ]  # fmt: skip
    assert _groups(*servers) == [("nameserver:host.net:nameservers_changed", 6, True)]


def test_hosts_of_one_domain_are_no_storm_of_many_names() -> None:
    hosts = [became_able(n, f"h{n}.army.ml", registrable_domain="army.ml") for n in range(9)]
    assert _groups(*hosts) == [("domain:army.ml", 9, False)]


def test_the_own_exchange_of_a_name_is_nothing_in_common() -> None:
    assert storm_keys(_able_at(1, "mx.army1.ml"), _operator) == ()


def test_what_goes_to_other_channels_is_another_message() -> None:
    one, other = Waiting(became_able(1), ("slack",), AT), Waiting(became_able(2), ("email",), AT)
    made = grouped([one, other], digest_after=5)
    assert [(group.channels, len(group.members)) for group in made] == [(("slack",), 1), (("email",), 1)]


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["mailhub.net", "other.net", "third.net"]), st.booleans()),
        max_size=40,
    ),
    st.integers(1, 8),
)
def test_every_event_is_in_exactly_one_group(drawn, digest_after: int) -> None:
    events = [
        became_able(
            number, f"army{domain}.ml", id=f"e{number}",
            after={**ABLE, "exchanges": [{"preference": 1, "host": f"mx.{operator}", "addresses": []}]},
        )
        for number, (domain, operator, _) in enumerate(drawn)
    ]  # fmt: skip
    waiting = [
        Waiting(one, ("slack", "email") if both else ("slack",), AT)
        for one, (_, _, both) in zip(events, drawn, strict=True)
    ]
    made = grouped(waiting, digest_after=digest_after, operator_of=_operator)
    ids = [one.event.id for group in made for one in group.members]
    assert sorted(ids) == sorted(one.event.id for one in waiting)
    for group in made:
        assert {one.channels for one in group.members} == {group.channels}
        domains = {one.event.registrable_domain for one in group.members}
        assert group.storm == (len(domains) > digest_after)
        assert group.storm or len(domains) == 1


BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("now", "due"),
    [
        (datetime(2026, 11, 23, 6, 59, tzinfo=UTC), datetime(2026, 11, 22, 7, 0, tzinfo=UTC)),
        (datetime(2026, 11, 23, 7, 0, tzinfo=UTC), datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        (datetime(2026, 7, 1, 6, 30, tzinfo=UTC), datetime(2026, 7, 1, 6, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 12, 0, tzinfo=UTC), datetime(2026, 3, 29, 6, 0, tzinfo=UTC)),
    ],
)
def test_the_daily_digest_is_due_at_local_time(now: datetime, due: datetime) -> None:
    assert last_digest_time(now, AlertPolicy(("slack",), timezone=BERLIN)) == due


def test_a_digest_time_that_the_clock_jumps_over_is_due_all_the_same() -> None:
    policy = AlertPolicy(("slack",), timezone=BERLIN, digest_at=time(2, 30))
    due = last_digest_time(datetime(2026, 3, 29, 12, 0, tzinfo=UTC), policy)
    assert due is not None
    assert due.date() == datetime(2026, 3, 29, tzinfo=UTC).date()


def test_the_weekly_digest_is_due_on_mondays() -> None:
    policy = AlertPolicy(("slack",), digest=DigestEvery.WEEKLY)
    assert last_digest_time(datetime(2026, 11, 26, 12, tzinfo=UTC), policy) == datetime(2026, 11, 23, 8, tzinfo=UTC)
    assert last_digest_time(datetime(2026, 11, 23, 7, tzinfo=UTC), policy) == datetime(2026, 11, 16, 8, tzinfo=UTC)


def test_no_digest_is_never_due() -> None:
    assert last_digest_time(AT, AlertPolicy(("slack",), digest=DigestEvery.NEVER)) is None


def test_watch_events_have_no_operator() -> None:
    assert storm_keys(EVENTS["watch_stale"], _operator) == ()
