"""Mattermost: an alert as a post with one attachment, through an incoming webhook.

Old servers take 7,900 characters in an attachment, so ours stays within 7,000. A zero-width space after each `@` keeps
names from outside from notifying anybody.
"""

import json
from typing import Any

from pydantic import Field, SecretStr

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, judge, post_or_short
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import Alert
from watcher.core.telling.length import build_within, short_text
from watcher.core.telling.story import Story
from watcher.core.telling.wording import Listing, Wording
from watcher.sections import Section, secret_text

NAME = "mattermost"
FOR_PEOPLE = True

BUDGET = 7_000
"""Characters of the attachment."""

_SHORT = 1000
_COLOURS = {
    Severity.CRITICAL: "#b00020",
    Severity.HIGH: "#d9480f",
    Severity.MEDIUM: "#e0a800",
    Severity.LOW: "#2f6fab",
    Severity.INFO: "#8a8a8a",
}


class MattermostSettings(Section):
    """Mattermost, by an incoming webhook."""

    url: SecretStr | None = Field(default=None, description="Incoming webhook, `https://chat.army.mil/hooks/...`")
    channel: str | None = Field(default=None, description="Another channel than the webhook's own, where it may")


class Mattermost:
    """A Mattermost channel behind the webhook at `url`; `timeout` in seconds. Raises ConfigurationError."""

    name = NAME
    every_event = False

    def __init__(
        self, *, url: str, channel: str | None = None, timeout: float = 15.0, proxy: Proxy | None = None
    ) -> None:
        example = "https://chat.army.mil/hooks/..."
        self._poster = Poster(NAME, url, setting="alerts.mattermost.url", example=example, timeout=timeout, proxy=proxy)
        self._where = {} if channel is None else {"channel": channel.lstrip("~#")}

    def __repr__(self) -> str:
        return "Mattermost()"

    async def send(self, alert: Alert) -> None:
        """Return when Mattermost has accepted the post. Raises DeliveryFailed, DeliveryRejected."""
        words = word(alert)
        short = {"text": escape(short_text(words, _SHORT))}
        whole, brief = (json.dumps(made | self._where, ensure_ascii=False).encode() for made in (payload(words), short))
        judge(NAME, await post_or_short(self._poster, whole, brief, {"Content-Type": "application/json"}))


def payload(words: Wording) -> dict[str, Any]:
    """Return the post; its attachment has at most BUDGET characters."""
    return build_within(words, _post, lambda made: len(made["attachments"][0]["text"]) <= BUDGET)


def _post(words: Wording) -> dict[str, Any]:
    paragraphs = [escape(words.lead)] if words.lead else []
    for story in words.stories:
        paragraphs += _story(story, titled=len(words.stories) > 1)
    paragraphs += [_listing(listing) for listing in words.listings]
    if words.link:
        paragraphs.append(f"[Open in watcher]({words.link})")
    attachment = {
        "fallback": escape(words.subject),
        "color": _COLOURS[words.severity],
        "text": "\n\n".join(paragraphs),
        "footer": words.footer,
    }
    return {"username": "watcher", "text": f"**{escape(words.subject)}**", "attachments": [attachment]}


def _story(story: Story, *, titled: bool) -> list[str]:
    made = [f"**{escape(story.headline)}**"] if titled else []
    made.append("\n".join(f"- **{escape(fact.label)}:** {escape(fact.text)}" for fact in story.facts))
    if story.evidence:
        made.append("```text\n" + "\n".join(line.replace("`", "'") for line in story.evidence) + "\n```")
    if story.actions:
        made.append("\n".join(f"{number}. {escape(action)}" for number, action in enumerate(story.actions, start=1)))
    return made


def _listing(listing: Listing) -> str:
    lines = [f"**{escape(listing.title)}**", *(f"- {escape(line)}" for line in listing.lines)]
    return "\n".join([*lines, f"and {listing.more} more"] if listing.more else lines)


_MARKS = str.maketrans({**{character: f"\\{character}" for character in "\\*_~[]()#<>|!"}, "@": "@\u200b"})


def escape(text: str) -> str:
    """Return `text` with the marks of Markdown escaped, and without mentions. Back-ticks mark our own commands."""
    return text.translate(_MARKS)


SETTING = Setting(MattermostSettings, MattermostSettings())


def make(settings: MattermostSettings, means: Means) -> Mattermost | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    url = secret_text(settings.url)
    return None if url is None else Mattermost(url=url, channel=settings.channel, proxy=means.proxy)
