"""Prometheus Alertmanager: `POST /api/v2/alerts`. A name that can receive mail is an alert that fires until it cannot.

Alertmanager knows an alert by its labels. So the labels with which one began are remembered, and end with it, also when
the severity has changed meanwhile.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp.abc import AbstractResolver
from pydantic import Field, SecretStr

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, Reply, reason_of
from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.events import ENDED_BY, Event, EventKind
from watcher.core.names.clean import clean
from watcher.core.ports import Memory
from watcher.core.telling.alerts import Alert, AlertKind, gathered
from watcher.sections import Section

NAME = "alertmanager"


class AlertmanagerSettings(Section):
    """A Prometheus Alertmanager."""

    url: SecretStr | None = Field(
        default=None, description="Its address, without `/api/v2/alerts`: `http://user:pass@host:9093`"
    )

    @property
    def configured(self) -> bool:
        """Return whether there is anything to send to."""
        return self.url is not None


_LASTING = timedelta(days=3650)
"""The time for which an alert with an end of its own may fire: Alertmanager resolves it after minutes otherwise."""
_PASSING = timedelta(days=7)
"""The time for which an event without an end is shown; longer than a delivery is tried."""
_TRIAL = timedelta(minutes=10)
_ANNOTATION = 2000
_LABEL = 300

Labels = dict[str, str]


class Alertmanager:
    """The Alertmanager at `url`; `memory` keeps the labels of what fires. `timeout` is in seconds.

    Raises ConfigurationError for a URL that cannot be used.
    """

    name = NAME
    every_event = True

    def __init__(
        self,
        *,
        url: str,
        memory: Memory,
        timeout: float = 15.0,
        proxy: Proxy | None = None,
        system: AbstractResolver | None = None,
    ) -> None:
        self._poster = Poster(
            NAME,
            url.strip().rstrip("/") + "/api/v2/alerts",
            setting="alerts.alertmanager.url",
            example="http://127.0.0.1:9093",
            timeout=timeout,
            proxy=proxy,
            system=system,
        )
        self._memory = memory

    def __repr__(self) -> str:
        return "Alertmanager()"

    async def send(self, alert: Alert) -> None:
        """Return when Alertmanager took them all. Raises DeliveryFailed, DeliveryRejected."""
        posted: list[dict[str, Any]] = []
        after: dict[str, list[Labels]] = {}
        for event in sorted(alert.events, key=lambda event: event.id) if alert.kind is AlertKind.PAGE else ():
            posted += await self._of(event, alert, after)
        if not posted:
            posted = [_about_alert(alert)]
        for key, firing in after.items():  # before the post: what may fire from now on must be known to end it
            await self._memory.put(key, json.dumps([*await self._firing(key), *firing]))
        # Of two with the same labels the later one holds.
        last = {json.dumps(item["labels"], sort_keys=True): item for item in posted}
        body = json.dumps(list(last.values()), ensure_ascii=True).encode()
        _judge(await self._poster.post(body, {"Content-Type": "application/json"}))
        for key, firing in after.items():
            await self._memory.put(key, json.dumps(firing) if firing else None)

    async def _of(self, event: Event, alert: Alert, after: dict[str, list[Labels]]) -> list[dict[str, Any]]:
        """Return the alerts to post about one event; `after`, the labels that fire by key, is brought up to date."""
        begins = ENDED_BY.get(event.kind, event.kind)
        if begins not in ENDED_BY.values():
            return [_posted(_labels(event, event.kind), event, alert, event.at + _PASSING)]
        key = f"{NAME}:{begins.value}:{event.name or event.after.get('channel', '')}"
        firing = after.get(key) or await self._firing(key)
        new = [] if event.kind in ENDED_BY else [_labels(event, begins)]
        after[key] = new
        made = [_posted(labels, event, alert, event.at) for labels in firing if labels not in new]
        made += [_posted(labels, event, alert, event.at + _LASTING) for labels in new]
        return made or [_posted(_labels(event, event.kind), event, alert, event.at + _PASSING)]

    async def _firing(self, key: str) -> list[Labels]:
        remembered: list[Labels] = json.loads(await self._memory.get(key) or "[]")
        return remembered


def _judge(reply: Reply) -> None:
    if reply.accepted:
        return
    if reply.status == 400:  # noqa: PLR2004 (its only answer to a message that it does not take)
        raise DeliveryRejected("alertmanager: it refused the alerts (status 400)")
    raise DeliveryFailed(
        f"alertmanager: not accepted (status {reply.status})", reply.retry_after, reason=reason_of(reply.status)
    )


def _labels(event: Event, kind: EventKind) -> Labels:
    """`kind` is what is said to fire. Empty labels do not exist for Alertmanager."""
    found = {
        "alertname": kind.value,
        "service": "watcher",
        "severity": event.severity.value,
        "name": event.name,
        "registrable_domain": event.registrable_domain or "",
        "protected": event.protected[0] if event.protected else "",
        "channel": event.after.get("channel") or "",
        "resolver": event.after.get("resolver") or "",
    }
    return {key: clean(value, _LABEL) for key, value in found.items() if value}


def _posted(labels: Mapping[str, str], event: Event, alert: Alert, ends: datetime) -> dict[str, Any]:
    one = gathered(alert.id, AlertKind.PAGE, [event], group=alert.group, created_at=alert.created_at)
    words = word(one)
    lines: Iterable[str] = (f"{fact.label}: {fact.text}" for story in words.stories for fact in story.facts)
    actions = [action for story in words.stories for action in story.actions]
    annotations = {
        "summary": words.subject,
        "description": "\n".join(lines),
        "what_to_do": "\n".join(actions),
        "alert_id": alert.id,
        "event_id": event.id,
    }
    return _alert(labels, annotations, min(event.at, ends - timedelta(seconds=1)), ends, alert)


def _about_alert(alert: Alert) -> dict[str, Any]:
    """A digest, summary or test: one alert that passes."""
    words = word(alert)
    labels = {"alertname": f"watcher_{alert.kind.value}", "service": "watcher", "severity": alert.severity.value}
    lines = [words.lead, *(line for listing in words.listings for line in (listing.title, *listing.lines))]
    annotations = {"summary": words.subject, "description": "\n".join(lines), "alert_id": alert.id}
    ends = alert.created_at + (_TRIAL if alert.kind is AlertKind.TEST else _PASSING)
    return _alert(labels, annotations, alert.created_at, ends, alert)


def _alert(
    labels: Mapping[str, str], annotations: Mapping[str, str], starts: datetime, ends: datetime, alert: Alert
) -> dict[str, Any]:
    made: dict[str, Any] = {
        "labels": dict(labels),
        "annotations": {key: _shortened(value) for key, value in annotations.items() if value},
        "startsAt": _time(starts),
        "endsAt": _time(ends),
    }
    link = word(alert).link
    return made | ({"generatorURL": link} if link else {})


def _shortened(text: str) -> str:
    return text if len(text) <= _ANNOTATION else text[: _ANNOTATION - 1] + "…"


def _time(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


SETTING = Setting(AlertmanagerSettings, AlertmanagerSettings())


def make(settings: AlertmanagerSettings, means: Means) -> Alertmanager | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    if settings.url is None:
        return None
    return Alertmanager(url=settings.url.get_secret_value(), memory=means.memory, proxy=means.proxy)
