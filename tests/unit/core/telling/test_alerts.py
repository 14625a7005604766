"""Who is told what, through which channel, and why: the decision as a value."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes.alert_samples import ABLE, ALERTS, AT, EVENTS, about_ours, about_watch, became_able, event
from watcher.core.events import EventKind, Ownership, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.shapes.alerts import alert_from_json, alert_json
from watcher.core.telling.alerts import (
    DEFAULT_KINDS,
    AlertPolicy,
    Decision,
    DecisionKind,
    DigestEvery,
    Route,
    Silence,
    SilenceScope,
    concerns_ours,
    decide,
    gathered,
    group_key,
)

BOTH = AlertPolicy(channels=("slack", "email"))


def test_the_main_event_is_told_at_once_through_every_channel() -> None:
    assert decide(became_able(), BOTH) == Decision(
        DecisionKind.PAGE,
        ("slack", "email"),
        "mail_became_able is in alerts.kinds, severity critical reaches alerts.min_severity; every channel",
    )


def test_what_is_not_in_kinds_waits_for_the_digest() -> None:
    decision = decide(EVENTS["lookalike_found"], BOTH)
    assert decision.kind is DecisionKind.DIGEST
    assert decision.reason == "lookalike_found is not in alerts.kinds: in the digest; every channel"


@pytest.mark.parametrize(("severity", "kind"), [(Severity.LOW, "digest"), (Severity.MEDIUM, "page")])
def test_severity_decides_between_a_page_and_the_digest(severity: Severity, kind: str) -> None:
    assert decide(became_able(severity=severity), BOTH).kind == kind


@pytest.mark.parametrize("mark", ["damped", "joined"])
@pytest.mark.parametrize("kind", ["mail_became_able", "mail_became_unable", "exchanges_changed"])
def test_what_belongs_to_a_story_that_was_told_is_in_the_digest(mark: str, kind: str) -> None:
    of_story = replace(EVENTS[kind], after={**EVENTS[kind].after, mark: True})
    decision = decide(of_story, BOTH, told=BOTH.channels)
    assert decision.kind is DecisionKind.DIGEST
    assert "that was told" in decision.reason
    assert decide(of_story, replace(BOTH, digest=DigestEvery.NEVER)).kind is DecisionKind.NONE


@pytest.mark.parametrize("mark", ["returned", "flapping"])
def test_a_return_and_the_notice_of_flapping_are_told_at_once(mark: str) -> None:
    assert decide(became_able(after={**ABLE, mark: True}), BOTH).kind is DecisionKind.PAGE


def test_a_name_of_ours_is_told_of_however_often_it_changes() -> None:
    lost = about_ours(EventKind.MAIL_BECAME_UNABLE)
    assert decide(replace(lost, after={**lost.after, "damped": True}), BOTH).kind is DecisionKind.PAGE


def test_with_digests_off_nothing_is_put_into_one() -> None:
    never = replace(BOTH, digest=DigestEvery.NEVER)
    assert decide(EVENTS["registered"], never).kind is DecisionKind.NONE
    assert decide(EVENTS["mail_found_able"], never).kind is DecisionKind.DIGEST, "the baseline is told all the same"


@pytest.mark.parametrize(
    "kind",
    [
        EventKind.OWN_MAIL_AT_RISK, EventKind.EXCHANGES_CHANGED, EventKind.NAMESERVERS_CHANGED,
        EventKind.REGISTRATION_CHANGED, EventKind.REGISTERED, EventKind.LAPSED, EventKind.EXPIRING,
        EventKind.MAIL_BECAME_UNABLE,
    ],
)  # fmt: skip
def test_loss_and_change_of_ours_are_told_whatever_the_kinds_say(kind: EventKind) -> None:
    deaf = replace(BOTH, kinds=frozenset(), min_severity=Severity.CRITICAL, digest=DigestEvery.NEVER)
    for ours in (
        about_ours(kind),
        event(kind, before={**ABLE, "flags": ["defensive"]}, after=ABLE),
        event(kind, after={"relation": "own"}),
    ):
        assert concerns_ours(ours)
        decision = decide(ours, deaf)
        assert decision.kind is DecisionKind.PAGE
        assert "is always told" in decision.reason
    if kind is not EventKind.OWN_MAIL_AT_RISK:
        assert decide(event(kind), deaf).kind is DecisionKind.NONE, "a lookalike's is not"


def test_mail_of_a_defensive_name_is_no_page() -> None:
    defensive = became_able(severity=Severity.INFO, after={**ABLE, "flags": ["defensive"]})
    assert decide(defensive, BOTH).kind is DecisionKind.DIGEST


def _silence(scope: SilenceScope, value: str, **fields) -> Silence:
    return Silence("s1", scope, value, **fields)


@pytest.mark.parametrize(
    ("scope", "value", "silent"),
    [
        (SilenceScope.NAME, "army.ml", True),
        (SilenceScope.NAME, "ml", False),
        (SilenceScope.SUFFIX, ".ml", True),
        (SilenceScope.SUFFIX, "l", False),
        (SilenceScope.TECHNIQUE, "suffix_edit", True),
        (SilenceScope.TECHNIQUE, "omission", False),
        (SilenceScope.PROTECTED, "army.mil", True),
        (SilenceScope.PROTECTED, ".mil", True),
        (SilenceScope.PROTECTED, "navy.mil", False),
    ],
)
def test_silences(scope: SilenceScope, value: str, silent: bool) -> None:
    decision = decide(became_able(), BOTH, [_silence(scope, value)])
    assert (decision.kind is DecisionKind.NONE) is silent
    assert decision.reason.startswith("silenced: ") is silent


def test_a_silence_ends() -> None:
    until = AT + timedelta(hours=1)
    silence = _silence(SilenceScope.NAME, "army.ml", until=until)
    assert decide(became_able(), BOTH, [silence]).reason == "silenced: name army.ml until 2026-11-23T13:46:00Z"
    assert decide(became_able(at=until), BOTH, [silence]).kind is DecisionKind.PAGE


def test_a_lookalike_of_two_names_is_silent_only_when_both_are() -> None:
    both = became_able(protected=("army.mil", "navy.mil"))
    one, other = _silence(SilenceScope.PROTECTED, "army.mil"), _silence(SilenceScope.PROTECTED, "navy.mil")
    assert decide(both, BOTH, [one]).kind is DecisionKind.PAGE
    assert decide(both, BOTH, [one, other]).kind is DecisionKind.NONE


def test_a_name_that_two_techniques_make_is_silent_only_when_both_are() -> None:
    two = (Resemblance("army.mil", ("omission", "suffix_edit"), 0.1, ""),)
    silence = _silence(SilenceScope.TECHNIQUE, "omission")
    assert decide(became_able(resembles=two), BOTH, [silence]).kind is DecisionKind.PAGE
    both = [silence, _silence(SilenceScope.TECHNIQUE, "suffix_edit")]
    assert decide(became_able(resembles=two), BOTH, both).kind is DecisionKind.NONE


def test_only_a_silence_of_that_very_name_keeps_back_a_loss_of_ours() -> None:
    lapsed = about_ours(EventKind.LAPSED)
    broad = [_silence(SilenceScope.SUFFIX, "mil"), _silence(SilenceScope.PROTECTED, "army.mil")]
    assert decide(lapsed, BOTH, broad).kind is DecisionKind.PAGE
    assert decide(lapsed, BOTH, [_silence(SilenceScope.NAME, "army.mil")]).kind is DecisionKind.NONE


def test_events_of_the_watch_are_never_silenced() -> None:
    everything = [_silence(scope, value) for scope in SilenceScope for value in ("", "mil")]
    assert decide(about_watch(EventKind.WATCH_STALE), BOTH, everything).kind is DecisionKind.PAGE


@pytest.mark.parametrize(
    ("route", "channels", "way"),
    [
        (Route(("slack",), protected=(".mil",)), ("slack",), "route 1"),
        (Route(("slack",), protected=("army.mil",)), ("slack",), "route 1"),
        (Route(("slack",), protected=("my.mil",)), ("slack", "email"), "no route matches: every channel"),
        (Route(("email",), kinds=(EventKind.MAIL_BECAME_ABLE,)), ("email",), "route 1"),
        (Route(("email",), kinds=(EventKind.LAPSED,)), ("slack", "email"), "no route matches: every channel"),
        (Route(("email",), min_severity=Severity.CRITICAL), ("email",), "route 1"),
        (Route(("pager",)), ("slack", "email"), "route 1 names no configured channel: every channel"),
    ],
)
def test_routes(route: Route, channels: tuple[str, ...], way: str) -> None:
    decision = decide(became_able(), replace(BOTH, routes=(route,)))
    assert decision.channels == channels
    assert decision.reason.endswith(f"; {way}")


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        (Route(("slack",), owners=("Navy", "US Army")), True),
        (Route(("slack",), owners=("us army",)), True),
        (Route(("slack",), owners=("Navy",)), False),
        (Route(("slack",), tags=("hq", "EU")), True),
        (Route(("slack",), tags=("eu",), owners=("Navy",)), False),
        (Route(("slack",), tags=("asia",)), False),
    ],
)
def test_routes_by_owner_and_tags_of_the_protected_name(route: Route, matches: bool) -> None:
    owned = replace(became_able(), ownership=(Ownership("army.mil", "US Army", ("eu", "land")),))
    assert route.matches(owned) is matches
    assert not route.matches(became_able()), "nothing is known of it"


def test_the_first_route_that_matches_decides() -> None:
    routes = (Route(("email",), kinds=(EventKind.LAPSED,)), Route(("slack",)), Route(("email",)))
    decision = decide(became_able(), replace(BOTH, routes=routes))
    assert (decision.channels, decision.reason.rpartition("; ")[2]) == (("slack",), "route 2")


def test_a_failing_channel_is_told_of_through_the_others() -> None:
    failing = about_watch(EventKind.CHANNEL_FAILING, channel="slack", reason="dead")
    assert decide(failing, BOTH).channels == ("email",)
    assert decide(failing, replace(BOTH, routes=(Route(("slack",)),))).channels == ("email",)
    alone = decide(failing, AlertPolicy(channels=("slack",)))
    assert alone == Decision(DecisionKind.NONE, (), "slack is the only channel")


def test_without_channels_the_reason_says_so() -> None:
    assert decide(became_able(), AlertPolicy(channels=())) == Decision(
        DecisionKind.NONE, (), "no channel is configured"
    )


def test_every_kind_is_decided_with_a_reason() -> None:
    for one in EVENTS.values():
        decision = decide(one, BOTH)
        assert decision.reason
        assert (decision.kind is DecisionKind.PAGE) == (one.kind in DEFAULT_KINDS or concerns_ours(one)), one.kind


@pytest.mark.parametrize(
    ("one", "key"),
    [
        (became_able(), "domain:army.ml"),
        (became_able(name="us.army.ml", registrable_domain="army.ml"), "domain:army.ml"),
        (EVENTS["suffix_wildcard_changed"], "suffix:ml"),
        (replace(EVENTS["suffix_wildcard_changed"], name="org.uk"), "suffix:uk"),
        (replace(EVENTS["suffix_wildcard_changed"], name="uk"), "suffix:uk"),
        (EVENTS["watch_stale"], "watch"),
        (EVENTS["channel_failing"], "channel:slack"),
        (EVENTS["resolver_refused"], "resolver:192.0.2.1:53"),
    ],
)
def test_group_keys(one, key: str) -> None:
    assert group_key(one) == key


@pytest.mark.parametrize("name", ALERTS)
def test_what_the_store_keeps_is_the_alert(name: str) -> None:
    assert alert_from_json(alert_json(ALERTS[name])) == ALERTS[name]


def test_an_alert_shows_the_worst_and_counts_all() -> None:
    events = [became_able(n, f"army{n}.ml", severity=Severity.HIGH if n % 2 else Severity.LOW) for n in range(200)]
    alert = gathered("a", ALERTS["storm"].kind, events, group="g", created_at=AT)
    assert (len(alert.events), alert.total, alert.severity) == (50, 200, Severity.HIGH)
    assert {one.severity for one in alert.events} == {Severity.HIGH}
