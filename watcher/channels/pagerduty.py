"""PagerDuty: trouble as an incident by the Events API v2; the end of the trouble resolves it by the same key.

Digests and summaries need nobody at once, so they are not sent. A test opens an incident and resolves it.
"""

import json
from typing import Any

from pydantic import Field, SecretStr

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, judge, post_or_short
from watcher.core.errors import ConfigurationError
from watcher.core.mail.risk import Severity
from watcher.core.shapes.times import time_json
from watcher.core.telling.alerts import Alert, AlertKind
from watcher.core.telling.length import build_within, short_text
from watcher.core.telling.situation import ends_trouble, situation_key
from watcher.core.telling.wording import Wording
from watcher.sections import Section, secret_text

NAME = "pagerduty"

BUDGET = 100_000
"""Bytes of one event, of 512 KiB that it may have."""

_SUMMARY = 1000
_KEY = 255
_SEVERITIES = {
    Severity.CRITICAL: "critical",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "info",
    Severity.INFO: "info",
}


class PagerdutySettings(Section):
    """PagerDuty, by the integration key of a service (Events API v2)."""

    routing_key: SecretStr | None = Field(default=None, description="Integration key of 32 characters")
    url: str = Field(default="https://events.pagerduty.com/v2/enqueue", description="Where the Events API answers")


class Pagerduty:
    """The service behind `routing_key`; `timeout` in seconds. Raises ConfigurationError."""

    name = NAME
    every_event = False

    def __init__(self, *, routing_key: str, url: str, timeout: float = 15.0, proxy: Proxy | None = None) -> None:
        if not routing_key.strip().isalnum():
            raise ConfigurationError("alerts.pagerduty.routing_key", "it is the integration key, letters and digits")
        self._key = routing_key.strip()
        example = "https://events.pagerduty.com/v2/enqueue"
        self._poster = Poster(NAME, url, setting="alerts.pagerduty.url", example=example, timeout=timeout, proxy=proxy)

    def __repr__(self) -> str:
        return "Pagerduty()"

    async def send(self, alert: Alert) -> None:
        """Return when PagerDuty has accepted the event. Raises DeliveryFailed, DeliveryRejected."""
        if alert.kind in {AlertKind.DIGEST, AlertKind.SUMMARY}:
            return
        await self._enqueue(alert, payload(alert))
        if alert.kind is AlertKind.TEST:
            await self._enqueue(alert, _resolve(alert))

    async def _enqueue(self, alert: Alert, made: dict[str, Any]) -> None:
        brief = {**made, "payload": _brief(alert)} if "payload" in made else made
        whole, short = (json.dumps({"routing_key": self._key, **body}).encode() for body in (made, brief))
        judge(NAME, await post_or_short(self._poster, whole, short, {"Content-Type": "application/json"}))


def payload(alert: Alert) -> dict[str, Any]:
    """Return the event without its routing key, at most BUDGET bytes of JSON."""
    if ends_trouble(alert):
        return _resolve(alert)
    return build_within(word(alert), lambda words: _trigger(alert, words), lambda made: len(json.dumps(made)) <= BUDGET)


def _resolve(alert: Alert) -> dict[str, Any]:
    return {"event_action": "resolve", "dedup_key": situation_key(alert, _KEY)}


def _trigger(alert: Alert, words: Wording) -> dict[str, Any]:
    details: dict[str, Any] = {"Lead": words.lead} if words.lead else {}
    for story in words.stories:
        details |= {fact.label: fact.text for fact in story.facts}
        details |= {"Evidence": list(story.evidence)} if story.evidence else {}
        details |= {"What to do now": list(story.actions)} if story.actions else {}
    for listing in words.listings:
        details[listing.title] = [*listing.lines, *([f"and {listing.more} more"] if listing.more else [])]
    made: dict[str, Any] = {
        "event_action": "trigger",
        "dedup_key": situation_key(alert, _KEY),
        "payload": {**_brief(alert), "custom_details": {**details, "Alert": words.footer}},
        "client": "watcher",
    }
    if words.link:
        made |= {"client_url": words.link, "links": [{"href": words.link, "text": "Open in watcher"}]}
    return made


def _brief(alert: Alert) -> dict[str, Any]:
    words = word(alert)
    names = {event.name for event in alert.events if event.name}
    protected = [name for event in alert.events for name in event.protected]
    return {
        "summary": words.subject[:_SUMMARY],
        "source": names.pop() if len(names) == 1 else "watcher",
        "severity": _SEVERITIES[alert.severity],
        "timestamp": time_json(alert.created_at),
        "component": "mail",
        "group": protected[0] if protected else "watcher",
        "class": alert.events[0].kind.value if alert.events else alert.kind.value,
        "custom_details": {"Text": short_text(words, _SUMMARY)},
    }


SETTING = Setting(PagerdutySettings, PagerdutySettings())


def make(settings: PagerdutySettings, means: Means) -> Pagerduty | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    key = secret_text(settings.routing_key)
    return None if key is None else Pagerduty(routing_key=key, url=settings.url, proxy=means.proxy)
