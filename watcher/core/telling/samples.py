"""Sample alerts for `watcher channels test`: as they would look, marked as tests, about names that nobody can have.

All names end in `.invalid` (RFC 2606) and all addresses are for documentation (RFC 5737).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from watcher.core.events import Event, EventKind, Grade, Resemblance
from watcher.core.mail.risk import Severity
from watcher.core.names.times import time_text
from watcher.core.telling.alerts import TEST_GROUP, Alert, AlertKind, gathered

PROTECTED = "ministry.invalid"
IN_GROUP = 30


def sample_alerts(ids: Callable[[], str], now: datetime, public_url: str | None = None) -> tuple[Alert, Alert, Alert]:
    """Return a critical alert, one about a group of names, and a digest."""
    alone = _gain(ids(), now, "minstry.invalid", "mx.minstry.invalid")
    many = [_gain(ids(), now, f"ministry{number}.invalid", "mx.mailhub.invalid") for number in range(1, IN_GROUP + 1)]
    slow = [
        _event(ids(), now, EventKind.LOOKALIKE_FOUND, "minlstry.invalid", after=_state("unable", "no_address")),
        _event(ids(), now, EventKind.REGISTERED, "rninistry.invalid", after={"status": "registered"}),
    ]

    def made(events: list[Event], group: str) -> Alert:
        return gathered(
            ids(), AlertKind.TEST, events, group=f"{TEST_GROUP}:{group}", created_at=now, public_url=public_url
        )

    return (
        made([alone], "domain:minstry.invalid"),
        made(many, "exchange:mailhub.invalid:mail_became_able"),
        made(slow, "digest"),
    )


def _gain(event_id: str, now: datetime, name: str, host: str) -> Event:
    exchanges = [{"preference": 10, "host": host, "addresses": ["192.0.2.25"]}]
    evidence = (
        _row(name, "MX", f"10 {host}", now),
        _row(host, "A", "192.0.2.25", now),
    )
    before, after = _state("unable", "no_such_name"), _state("able", "explicit_mx", exchanges)
    return _event(
        event_id, now, EventKind.MAIL_BECAME_ABLE, name,
        severity=Severity.CRITICAL, before=before, after=after, evidence=evidence,
    )  # fmt: skip


def _event(
    event_id: str,
    now: datetime,
    kind: EventKind,
    name: str,
    *,
    after: dict[str, Any],
    severity: Severity = Severity.LOW,
    before: dict[str, Any] | None = None,
    evidence: tuple[dict[str, Any], ...] = (),
) -> Event:
    resembles = Resemblance(PROTECTED, ("sample",), 0.03, f"one letter away from {PROTECTED}", 1, Grade.BLOCK)
    return Event(
        id=event_id,
        kind=kind,
        severity=severity,
        severity_reasons=("this is a test",),
        name=name,
        registrable_domain=name,
        protected=(PROTECTED,),
        at=now,
        detected_after_seconds=40.0 if evidence else None,
        before=before or {},
        after=after,
        evidence=evidence,
        resembles=(resembles,),
    )


def _state(ability: str, basis: str, exchanges: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"ability": ability, "basis": basis, "flags": [], "exchanges": exchanges or []}


def _row(question: str, sort: str, record: str, now: datetime) -> dict[str, Any]:
    return {
        "question": question,
        "type": sort,
        "outcome": "ANSWER",
        "records": [record],
        "resolver": "192.0.2.53",
        "at": time_text(now),
    }
