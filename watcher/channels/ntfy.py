"""ntfy: an alert as a push message, posted as JSON to a server of one's own or to a public one.

A message takes 4,096 bytes; a longer one would become an attachment that phones do not show. On a public server
everybody who knows the topic reads it.
"""

import json
from typing import Any

from pydantic import Field, SecretStr

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, judge, post_or_short
from watcher.core.errors import ConfigurationError
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import Alert
from watcher.core.telling.length import build_within, cut_bytes, short_text
from watcher.core.telling.plain_text import text
from watcher.core.telling.wording import Wording
from watcher.sections import Section, secret_text

NAME = "ntfy"
FOR_PEOPLE = True

BUDGET = 3_900
"""Bytes of the message."""

_SHORT = 500
_TITLE = 240
_PRIORITIES = {Severity.CRITICAL: 5, Severity.HIGH: 4, Severity.MEDIUM: 3, Severity.LOW: 2, Severity.INFO: 2}
_TAGS = {Severity.CRITICAL: "rotating_light", Severity.HIGH: "warning", Severity.MEDIUM: "warning"}


class NtfySettings(Section):
    """ntfy, by server and topic."""

    url: SecretStr = Field(default=SecretStr("https://ntfy.sh"), description="The server, without the topic")
    topic: SecretStr | None = Field(default=None, description="The topic. On a public server it is a shared secret")
    token: SecretStr | None = Field(default=None, description="Access token, where the server wants one")


class Ntfy:
    """The `topic` of the ntfy server at `url`; `timeout` in seconds. Raises ConfigurationError."""

    name = NAME
    every_event = False

    def __init__(
        self, *, url: str, topic: str, token: str | None = None, timeout: float = 15.0, proxy: Proxy | None = None
    ) -> None:
        if not topic.strip() or "/" in topic:
            raise ConfigurationError("alerts.ntfy.topic", "the topic alone, such as mail-watch; the server is url")
        self._topic = topic.strip()
        self._headers = {"Content-Type": "application/json"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token.strip()}"
        server, example = url.strip().rstrip("/") + "/", "https://ntfy.army.mil"
        self._poster = Poster(NAME, server, setting="alerts.ntfy.url", example=example, timeout=timeout, proxy=proxy)

    def __repr__(self) -> str:
        return "Ntfy()"

    async def send(self, alert: Alert) -> None:
        """Return when the server has accepted the message. Raises DeliveryFailed, DeliveryRejected."""
        words = word(alert)
        made = {"topic": self._topic, **payload(words)}
        short = {**made, "message": short_text(words, _SHORT)}
        whole, brief = (json.dumps(body, ensure_ascii=False).encode() for body in (made, short))
        judge(NAME, await post_or_short(self._poster, whole, brief, self._headers))


def payload(words: Wording) -> dict[str, Any]:
    """Return the message without its topic, at most BUDGET bytes of text."""
    message = build_within(words, _message, lambda made: len(made.encode()) <= BUDGET)
    made: dict[str, Any] = {
        "title": cut_bytes(words.subject, _TITLE),
        "message": cut_bytes(message, BUDGET),
        "priority": _PRIORITIES[words.severity],
        "tags": [_TAGS.get(words.severity, "mailbox"), "watcher"],
    }
    return made | ({"click": words.link} if words.link else {})


def _message(words: Wording) -> str:
    """Return the text without its first line, which is the title."""
    return text(words).partition("\n\n")[2]


SETTING = Setting(NtfySettings, NtfySettings())


def make(settings: NtfySettings, means: Means) -> Ntfy | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    topic = secret_text(settings.topic)
    if topic is None:
        return None
    server, token = settings.url.get_secret_value(), secret_text(settings.token)
    return Ntfy(url=server, topic=topic, token=token, proxy=means.proxy)
