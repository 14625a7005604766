"""Microsoft Teams: an alert as an Adaptive Card, posted to a Workflow ("When a Teams webhook request is received").

The card says version 1.2: a tenant that renders 1.4 at most shows nothing of a newer one while the run counts as done.
Teams expands a body before it counts it against its 28 KB, so ours stays within 20,000 bytes. An answer of 2xx says
that the flow has started, never that the card was shown.
"""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, SecretStr

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, Reply, judge, post_or_short
from watcher.core.errors import DeliveryFailed, FailureReason
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import Alert
from watcher.core.telling.length import build_within, short_text
from watcher.core.telling.story import Story
from watcher.core.telling.wording import Listing, Wording
from watcher.sections import Section, secret_text

NAME = "teams"
FOR_PEOPLE = True

BUDGET = 20_000
"""Bytes of one body."""
UNPROVEN = "Teams accepted it; look whether the card appeared"
"""`channels test` adds this: the answer of a flow proves no more."""

_FACTS = 8
_SHORT = 1000
_RETIRED = ("outlook.office.com", "webhook.office.com", "logic.azure.com")
_COLOURS = {Severity.CRITICAL: "attention", Severity.HIGH: "attention", Severity.MEDIUM: "warning"}

_log = logging.getLogger(__name__)


class TeamsSettings(Section):
    """Microsoft Teams, by the URL of a Workflow."""

    url: SecretStr | None = Field(
        default=None, description="The HTTP POST URL of the flow `When a Teams webhook request is received`"
    )


class Teams:
    """A Teams channel or chat behind the flow at `url`; `timeout` in seconds. Raises ConfigurationError."""

    name = NAME
    every_event = False

    def __init__(self, *, url: str, timeout: float = 20.0, proxy: Proxy | None = None) -> None:
        example = "https://...environment.api.powerplatform.com/powerautomate/automations/direct/workflows/..."
        self._poster = Poster(NAME, url, setting="alerts.teams.url", example=example, timeout=timeout, proxy=proxy)
        host = urlsplit(url.strip()).hostname or ""
        if host.endswith(_RETIRED):
            _log.warning("alerts.teams.url is of a kind that Microsoft has retired; make a Workflow and use its URL")

    def __repr__(self) -> str:
        return "Teams()"

    async def send(self, alert: Alert) -> None:
        """Return when the flow has taken the card. Raises DeliveryFailed, DeliveryRejected."""
        words = word(alert)
        short = _message(words.subject, [_text(escape(short_text(words, _SHORT)))], words.link)
        headers = {"Content-Type": "application/json"}
        _judge(await post_or_short(self._poster, _bytes(payload(words)), _bytes(short), headers))


def _judge(reply: Reply) -> None:
    """As `judge`; old connectors hide a 429 in an answer of 200."""
    if reply.accepted and "429" in reply.text and "error" in reply.text.lower():
        raise DeliveryFailed("teams: asked to slow down", reply.retry_after, reason=FailureReason.RATE_LIMITED)
    judge(NAME, reply)


def payload(words: Wording) -> dict[str, Any]:
    """Return the message, at most BUDGET bytes of JSON."""
    return build_within(words, _card, lambda made: len(_bytes(made)) <= BUDGET)


def _bytes(made: dict[str, Any]) -> bytes:
    return json.dumps(made, ensure_ascii=False, separators=(",", ":")).encode()


def _card(words: Wording) -> dict[str, Any]:
    body = [_text(escape(words.lead))] if words.lead else []
    for story in words.stories:
        body += _story(story, titled=len(words.stories) > 1)
    for listing in words.listings:
        body += _listing(listing)
    body.append(_text(escape(words.footer), isSubtle=True, size="small"))
    return _message(words.subject, body, words.link, _COLOURS.get(words.severity, "default"))


def _message(subject: str, body: list[dict[str, Any]], link: str | None, colour: str = "default") -> dict[str, Any]:
    title = _text(escape(subject), weight="bolder", size="medium", color=colour)
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.2",
        "fallbackText": subject,
        "msteams": {"width": "Full"},
        "body": [title, *body],
    }
    if link:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open in watcher", "url": link}]
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "summary": subject, "attachments": [attachment]}


def _story(story: Story, *, titled: bool) -> list[dict[str, Any]]:
    made = [_text(escape(story.headline), weight="bolder")] if titled else []
    facts = [{"title": escape(fact.label), "value": escape(fact.text)} for fact in story.facts]
    made.append({"type": "FactSet", "facts": facts[:_FACTS]})
    made += [_text(f"{fact['title']}: {fact['value']}") for fact in facts[_FACTS:]]
    made += [_text(escape(line), fontType="monospace", size="small", spacing="none") for line in story.evidence]
    return made + [_text(f"{number}. {escape(action)}") for number, action in enumerate(story.actions, start=1)]


def _listing(listing: Listing) -> list[dict[str, Any]]:
    made = [_text(escape(listing.title), weight="bolder")]
    made += [_text(escape(line), spacing="none") for line in listing.lines]
    return made + ([_text(f"and {listing.more} more", spacing="none")] if listing.more else [])


def _text(text: str, **style: object) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True, **style}


_MARKS = str.maketrans({character: f"\\{character}" for character in "*_~[]()`#<>\\"})


def escape(text: str) -> str:
    """Return `text` with the marks of Markdown escaped: nothing in it is emphasis, a heading or a link."""
    return text.translate(_MARKS)


SETTING = Setting(TeamsSettings, TeamsSettings())


def make(settings: TeamsSettings, means: Means) -> Teams | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    url = secret_text(settings.url)
    return None if url is None else Teams(url=url, proxy=means.proxy)
