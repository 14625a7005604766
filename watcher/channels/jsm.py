"""Jira Service Management operations (and Opsgenie, whose interface it kept): trouble as an alert with an alias.

The end of the trouble closes the alert by the same alias. Digests and summaries need nobody at once, and are not sent.
"""

import json
from typing import Any
from urllib.parse import quote

from pydantic import Field, SecretStr

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, judge, post_or_short
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import Alert, AlertKind
from watcher.core.telling.length import build_within, short_text
from watcher.core.telling.plain_text import text
from watcher.core.telling.situation import ends_trouble, situation_key
from watcher.sections import Section, secret_text

NAME = "jsm"

BUDGET = 14_000
"""Characters of the description, of 15,000 that it may have."""

_MESSAGE = 130
_ALIAS = 512
_SHORT = 1000
_NAMES = 5
_PRIORITIES = {
    Severity.CRITICAL: "P1",
    Severity.HIGH: "P2",
    Severity.MEDIUM: "P3",
    Severity.LOW: "P4",
    Severity.INFO: "P5",
}


class JsmSettings(Section):
    """Jira Service Management operations or Opsgenie, by the key of an API integration."""

    url: str = Field(
        default="https://api.atlassian.com/jsm/ops/integration/v2/alerts",
        description="Opsgenie's is `https://api.opsgenie.com/v2/alerts` (`api.eu.` in Europe)",
    )
    key: SecretStr | None = Field(default=None, description="API key of the integration")


class Jsm:
    """The integration at `url` with `key`; `timeout` in seconds. Raises ConfigurationError."""

    name = NAME
    every_event = False

    def __init__(self, *, url: str, key: str, timeout: float = 15.0, proxy: Proxy | None = None) -> None:
        self._headers = {"Content-Type": "application/json", "Authorization": f"GenieKey {key.strip()}"}
        base, example = url.strip().rstrip("/"), "https://api.atlassian.com/jsm/ops/integration/v2/alerts"
        self._poster = Poster(NAME, base, setting="alerts.jsm.url", example=example, timeout=timeout, proxy=proxy)

    def __repr__(self) -> str:
        return "Jsm()"

    async def send(self, alert: Alert) -> None:
        """Return when the alert was accepted, or closed. Raises DeliveryFailed, DeliveryRejected."""
        if alert.kind in {AlertKind.DIGEST, AlertKind.SUMMARY}:
            return
        if ends_trouble(alert):
            await self._close(alert)
            return
        made = payload(alert)
        short = {**made, "description": short_text(word(alert), _SHORT), "details": {}}
        whole, brief = (json.dumps(body).encode() for body in (made, short))
        judge(NAME, await post_or_short(self._poster, whole, brief, self._headers))
        if alert.kind is AlertKind.TEST:
            await self._close(alert)

    async def _close(self, alert: Alert) -> None:
        path = f"/{quote(situation_key(alert, _ALIAS), safe='')}/close?identifierType=alias"
        body = json.dumps({"source": "watcher", "note": word(alert).subject}).encode()
        reply = await self._poster.post(body, self._headers, path)
        if reply.status != 404:  # noqa: PLR2004 (no such alert: there is nothing to close)
            judge(NAME, reply)


def payload(alert: Alert) -> dict[str, Any]:
    """Return the alert; its description has at most BUDGET characters."""
    words = word(alert)
    names = sorted({event.name for event in alert.events if event.name})[:_NAMES]
    subject = words.subject if len(words.subject) <= _MESSAGE else words.subject[: _MESSAGE - 1] + "…"
    return {
        "message": subject,
        "alias": situation_key(alert, _ALIAS),
        "description": build_within(words, text, lambda made: len(made) <= BUDGET)[:BUDGET],
        "priority": _PRIORITIES[alert.severity],
        "source": "watcher",
        "entity": names[0] if len(names) == 1 else "watcher",
        "tags": ["watcher", alert.events[0].kind.value if alert.events else alert.kind.value],
        "details": {"alert": alert.id, **({"link": words.link} if words.link else {}), "names": ", ".join(names)},
    }


SETTING = Setting(JsmSettings, JsmSettings())


def make(settings: JsmSettings, means: Means) -> Jsm | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    key = secret_text(settings.key)
    return None if key is None else Jsm(url=settings.url, key=key, proxy=means.proxy)
