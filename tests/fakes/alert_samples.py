"""Alerts of every form, as tests, golden payloads and the demo show them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from watcher.core.events import Event, EventKind, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.shapes.registration import registration_json
from watcher.core.telling.alerts import Alert, AlertKind, gathered

AT = datetime(2026, 11, 23, 12, 46, tzinfo=UTC)

ABLE = {
    "ability": "able",
    "basis": "explicit_mx",
    "flags": ["wildcard"],
    "exchanges": [
        {"preference": 10, "host": "mx.army.ml", "addresses": ["93.184.215.14", "2606:2800:21f::14"]},
        {"preference": 20, "host": "mx2.mailhub.net", "addresses": ["93.184.215.15"]},
    ],
}
ABSENT = {"ability": "unable", "basis": "no_such_name", "flags": [], "exchanges": []}
IMPLICIT = {
    "ability": "able",
    "basis": "implicit_mx",
    "flags": [],
    "exchanges": [{"preference": 0, "host": "army.ml", "addresses": ["93.184.215.20"]}],
}


def _row(question: str, sort: str, records: list[str], resolver: str, second: int) -> dict[str, object]:
    return {
        "question": question,
        "type": sort,
        "outcome": "ANSWER" if records else "NODATA",
        "records": records,
        "resolver": resolver,
        "at": f"2026-11-23T12:45:{second:02}Z",
    }


EVIDENCE = (
    _row("army.ml", "MX", ["10 mx.army.ml", "20 mx2.mailhub.net"], "9.9.9.10:53", 1),
    _row("mx.army.ml", "A", ["93.184.215.14"], "9.9.9.10:53", 2),
    _row("mx.army.ml", "AAAA", [], "9.9.9.10:53", 2),
    _row("army.ml", "MX", ["10 mx.army.ml", "20 mx2.mailhub.net"], "149.112.112.10:53", 59),
)

RESEMBLES = Resemblance("army.mil", ("suffix_edit",), 0.031, "mil became ml: the i is left out", 3)


def event(kind: EventKind, number: int = 1, **changes: object) -> Event:
    """An event about army.ml; `changes` replace its fields."""
    made = Event(
        id=f"0193-event-{number:04}",
        kind=kind,
        severity=Severity.HIGH,
        severity_reasons=("it has exchanges that take mail",),
        name="army.ml",
        registrable_domain="army.ml",
        protected=("army.mil",),
        at=AT,
        resembles=(RESEMBLES,),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def able_at(host: str, number: int = 1) -> dict[str, object]:
    """An `after` that has nothing in common with ABLE: mail goes to `host` alone, at an address of its own."""
    return {**ABLE, "exchanges": [{"preference": 10, "host": host, "addresses": [f"93.184.216.{number}"]}]}


def became_able(number: int = 1, name: str = "army.ml", **changes: object) -> Event:
    """`mail_became_able` with the evidence of two resolvers."""
    fields: dict[str, object] = {
        "name": name,
        "registrable_domain": name,
        "severity": Severity.CRITICAL,
        "severity_reasons": ("it has exchanges that take mail", "it is among the 100 likeliest slips (number 3)"),
        "before": ABSENT,
        "after": ABLE,
        "evidence": EVIDENCE,
        "detected_after_seconds": 214.0,
    }
    return event(EventKind.MAIL_BECAME_ABLE, number, **{**fields, **changes})


def about_ours(kind: EventKind, **changes: object) -> Event:
    """An event about the protected name itself."""
    return event(
        kind,
        name="army.mil",
        registrable_domain="army.mil",
        resembles=(),
        severity_reasons=("it is one of ours",),
        **changes,
    )


def about_watch(kind: EventKind, **after: object) -> Event:
    """An event of the watch itself."""
    return event(
        kind, name="", registrable_domain=None, protected=(), resembles=(), severity=Severity.MEDIUM,
        severity_reasons=("the watch itself is affected",), source="watch", after=after,
    )  # fmt: skip


FACTS = RegistrationFacts(
    RegistrationStatus.REGISTERED,
    RegistrationSource.RDAP,
    AT,
    registrar="Registrar Ltd",
    registrar_iana_id="1234",
    created_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
    expires_at=datetime(2026, 12, 1, tzinfo=UTC),
    statuses=("active",),
    nameservers=("ns1.army.mil", "ns2.army.mil"),
    registrant_organisation="Somebody Ltd",
    registrant_country="ML",
    abuse_email="abuse@registrar.example",
)


def _facts(**changes: object) -> dict[str, object]:
    return registration_json(replace(FACTS, **changes))  # type: ignore[arg-type]


FREE = registration_json(RegistrationFacts(RegistrationStatus.UNREGISTERED, RegistrationSource.RDAP, AT))

EVENTS: dict[str, Event] = {
    "lookalike_found": event(
        EventKind.LOOKALIKE_FOUND,
        severity=Severity.INFO,
        severity_reasons=("it cannot receive mail",),
        after={**ABSENT, "basis": "no_address"},
    ),
    "mail_found_able": event(EventKind.MAIL_FOUND_ABLE, after=ABLE, evidence=EVIDENCE),
    "mail_became_able": became_able(),
    "mail_became_able_again": became_able(before=IMPLICIT),
    "mail_became_unable": event(EventKind.MAIL_BECAME_UNABLE, before=ABLE, after={**ABSENT, "basis": "null_mx"}),
    "exchanges_changed": event(
        EventKind.EXCHANGES_CHANGED,
        before=ABLE,
        after={**ABLE, "exchanges": [{"preference": 5, "host": "in.collector.net", "addresses": ["93.184.215.77"]}]},
    ),
    "registered": event(
        EventKind.REGISTERED,
        before=FREE,
        after=_facts(),
    ),
    "lapsed": event(EventKind.LAPSED, before=_facts(), after=FREE),
    "expiring": about_ours(EventKind.EXPIRING, before=_facts(), after=_facts()),
    "registration_changed": about_ours(
        EventKind.REGISTRATION_CHANGED,
        before=_facts(),
        after=_facts(registrar="Other Registrar Inc", registrant_organisation=None, statuses=("client hold",)),
    ),
    "nameservers_changed": about_ours(
        EventKind.NAMESERVERS_CHANGED,
        before=_facts(),
        after=_facts(nameservers=("ns.elsewhere.net",)),
    ),
    "suffix_wildcard_changed": event(
        EventKind.SUFFIX_WILDCARD_CHANGED,
        name="ml",
        registrable_domain=None,
        resembles=(),
        severity=Severity.MEDIUM,
        protected=("army.mil",),
        before=ABSENT,
        after={**IMPLICIT, "basis": "registry_wildcard", "flags": ["wildcard"], "exchanges": []},
    ),
    "own_mail_at_risk": about_ours(
        EventKind.OWN_MAIL_AT_RISK,
        after={"exchange": "mx.lapsed-provider.com", "problem": "its domain is not registered"},
    ),
    "watch_stale": about_watch(
        EventKind.WATCH_STALE, since="2026-11-23T10:46:00Z", errors=["TIMEOUT from 9.9.9.10:53"]
    ),
    "watch_recovered": about_watch(EventKind.WATCH_RECOVERED, since="2026-11-23T12:46:00Z", blind_seconds=7260.0),
    "channel_failing": about_watch(
        EventKind.CHANNEL_FAILING,
        channel="slack",
        reason="slack: Slack said invalid_token (status 403)",
        since="2026-11-23T12:46:00Z",
    ),
    "channel_recovered": about_watch(
        EventKind.CHANNEL_RECOVERED, channel="slack", reason="slack accepted an alert again"
    ),
    "resolver_refused": about_watch(
        EventKind.RESOLVER_REFUSED, resolver="192.0.2.1:53", why="it answers for names that do not exist"
    ),
    "data_aged": about_watch(
        EventKind.DATA_AGED, reason="the list of top-level domains is 120 days old: update watcher"
    ),
}
"""One event of each kind (and `mail_became_able` of a name that was able by its address), by its file name in golden/."""


def page(*events: Event, group: str = "domain:army.ml", alert_id: str = "0193-alert-0001") -> Alert:
    """The events as one message."""
    return gathered(alert_id, AlertKind.PAGE, events, group=group, created_at=AT + timedelta(seconds=30))


def storm(count: int) -> Alert:
    """`count` lookalikes became able through one operator."""
    events = [became_able(number, f"army{number}.ml") for number in range(count)]
    return page(*events, group="exchange:mailhub.net:mail_became_able")


def digest() -> Alert:
    """A daily digest."""
    events = [EVENTS["lookalike_found"], EVENTS["registered"], EVENTS["mail_found_able"]]
    events = [replace(one, id=f"0193-event-{number:04}") for number, one in enumerate(events)]
    return gathered("0193-alert-0002", AlertKind.DIGEST, events, group="digest", created_at=AT)


def baseline() -> Alert:
    """The digest of a first sweep."""
    events = [replace(EVENTS["mail_found_able"], id=f"0193-event-{n:04}", name=f"army{n}.ml") for n in range(40)]
    return gathered(
        "0193-alert-0003", AlertKind.DIGEST, events, group="baseline:army.mil", created_at=AT,
        text="20000 candidates of army.mil settled.",
    )  # fmt: skip


def trial() -> Alert:
    """What `watcher channels test` sends."""
    return gathered("0193-alert-0004", AlertKind.TEST, (), group="test", created_at=AT)


ALERTS: dict[str, Alert] = {
    **{
        name: page(one, group=f"domain:{one.registrable_domain}" if one.name else "watch")
        for name, one in EVENTS.items()
    },
    "two_events": page(
        EVENTS["mail_became_able"],
        replace(EVENTS["nameservers_changed"], id="0193-event-0002", name="army.ml", registrable_domain="army.ml"),
    ),
    "storm": storm(12),
    "storm_large": storm(400),
    "digest": digest(),
    "baseline": baseline(),
    "test": trial(),
}
"""Every form of a message, by its file name in golden/."""
