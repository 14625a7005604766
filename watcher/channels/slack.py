"""Slack: an alert as Block Kit, through an incoming webhook or as a bot with `chat.postMessage`.

Every block keeps within Slack's limits (50 blocks, 3,000 characters of text, 150 of header) by construction. Text from
outside is escaped as Slack asks (& < >), and marked verbatim so that nothing in it becomes a link or a mention.
"""

import json
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urljoin

from pydantic import Field, SecretStr, model_validator

from watcher.channels.form import Means, Proxy, Setting, word
from watcher.channels.posting import Poster, Reply, reason_of
from watcher.core.errors import ConfigurationError, DeliveryFailed, DeliveryRejected, FailureReason, WatcherError
from watcher.core.mail.risk import Severity
from watcher.core.ports import Memory
from watcher.core.shapes.alerts import alert_from_json, alert_json
from watcher.core.telling.alerts import Alert, AlertKind
from watcher.core.telling.growth import grown, grows, kept
from watcher.core.telling.story import Story
from watcher.core.telling.wording import Listing, Wording
from watcher.sections import Section, secret_text

NAME = "slack"
FOR_PEOPLE = True


class SlackSettings(Section):
    """Slack, by an incoming webhook or by a bot token and a channel."""

    webhook_url: SecretStr | None = Field(default=None, description="Incoming webhook")
    token: SecretStr | None = Field(default=None, description="Bot token (`chat:write`)")
    channel: str | None = Field(default=None, description="Channel for the bot token: `#mail-watch` or an id")
    api_url: str = Field(default="https://slack.com/api/", description="Where the Slack Web API answers")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.webhook_url and self.token:
            raise ValueError("set webhook_url, or token and channel, not both")
        if bool(self.token) != bool(self.channel):
            raise ValueError("token and channel go together")
        return self

    @property
    def configured(self) -> bool:
        """Return whether there is anything to send to."""
        return bool(self.webhook_url or self.token)


Block = dict[str, Any]

_HEADER = 145  # of 150: some characters may count twice
_TEXT = 3000
_BLOCKS = 50
_FALLBACK = 3000

_MARKS = {
    Severity.CRITICAL: "🟥",
    Severity.HIGH: "🟧",
    Severity.MEDIUM: "🟨",
    Severity.LOW: "🟦",
    Severity.INFO: "⬜",
}

_PERMANENT = frozenset(
    """
    access_denied account_inactive action_prohibited as_user_not_supported cannot_reply_to_message channel_is_archived
    channel_not_found deprecated_endpoint ekm_access_denied enterprise_is_restricted invalid_arg_name invalid_arguments
    invalid_array_arg invalid_auth invalid_blocks invalid_blocks_format invalid_charset invalid_form_data
    invalid_payload invalid_post_type invalid_token is_archived markdown_text_conflict messages_tab_disabled
    metadata_too_large method_deprecated missing_charset missing_post_type missing_scope
    missing_text_or_fallback_or_attachments msg_blocks_too_long msg_too_long no_active_hooks no_permission no_service
    no_service_id no_team no_text not_allowed_token_type not_authed not_in_channel org_login_required
    posting_to_general_channel_denied restricted_action restricted_action_non_threadable_channel
    restricted_action_read_only_channel restricted_action_thread_locked restricted_action_thread_only_channel
    slack_connect_blocked_file_type slack_connect_file_link_sharing_blocked team_disabled team_not_found
    token_expired token_revoked too_many_attachments too_many_contact_cards two_factor_setup_required
    user_is_bot user_not_found user_not_in_channel
    """.split()  # noqa: SIM905 (a list of this many words reads better as text)
)
"""Errors by which Slack refuses a message here for good (its pages on chat.postMessage and incoming webhooks)."""

_OF_THE_MESSAGE = frozenset(
    """
    cannot_reply_to_message invalid_arg_name invalid_arguments invalid_array_arg invalid_blocks invalid_blocks_format
    invalid_charset invalid_form_data invalid_payload invalid_post_type markdown_text_conflict metadata_too_large
    missing_charset missing_post_type missing_text_or_fallback_or_attachments msg_blocks_too_long msg_too_long no_text
    too_many_attachments too_many_contact_cards
    """.split()  # noqa: SIM905 (as above)
)
"""Those that are said of what the message holds; the rest is for the operator to mend."""

_THREAD_GONE = frozenset(
    {"thread_not_found", "message_not_found", "cannot_reply_to_message", "restricted_action_thread_locked"}
)
"""Errors of Slack when the first message of a thread was deleted, or takes no answers."""

_NOT_EDITED = frozenset({"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"})
"""Errors of Slack for a message that cannot be edited (any more)."""

_WORD = re.compile(r"[a-z][a-z_]{2,60}\Z")


class Slack:
    """A Slack channel, by `webhook_url`, or by `token` and `channel`; `api_url` is where the Web API answers.

    `memory` keeps which message about a lookalike was the first: a bot answers it with the later ones, so that they
    are one thread, and shows them in the channel too. `timeout` is the time limit of one try, in seconds.

    Raises ConfigurationError when neither is whole. Secrets are in no message, representation or traceback.
    """

    name = NAME
    every_event = False

    def __init__(
        self,
        *,
        webhook_url: str | None = None,
        token: str | None = None,
        channel: str | None = None,
        api_url: str = "https://slack.com/api/",
        memory: Memory | None = None,
        timeout: float = 15.0,
        proxy: Proxy | None = None,
    ) -> None:
        self._headers = {"Content-Type": "application/json; charset=utf-8"}
        self._channel = channel
        self._memory = memory
        if webhook_url and not token:
            url, setting = webhook_url, "alerts.slack.webhook_url"
        elif token and channel and not webhook_url:
            url, setting = urljoin(api_url.rstrip("/") + "/", "chat.postMessage"), "alerts.slack.api_url"
            if not re.fullmatch(r"[\x21-\x7e]+", token.strip()):
                raise ConfigurationError("alerts.slack.token", "it holds characters that no token has")
            self._headers["Authorization"] = f"Bearer {token.strip()}"
        else:
            raise ConfigurationError("alerts.slack", "set webhook_url, or token and channel")
        example = "https://hooks.slack.com/services/..."
        self._poster = Poster(NAME, url, setting=setting, example=example, timeout=timeout, proxy=proxy)
        update = urljoin(api_url.rstrip("/") + "/", "chat.update")
        self._updater = Poster(NAME, update, setting=setting, example=example, timeout=timeout, proxy=proxy)

    def __repr__(self) -> str:
        return f"Slack({'webhook' if self._channel is None else self._channel})"

    async def send(self, alert: Alert) -> None:
        """Return when Slack has accepted the message; it shows `alert.id`. Raises DeliveryFailed, DeliveryRejected.

        A bot brings the first message of a group up to date when more names join it, and answers it with the new ones.
        """
        if self._channel is None:
            self._judge(await self._post(payload(alert)))
            return
        body = payload(alert) | {"channel": self._channel, "unfurl_links": False, "unfurl_media": False}
        first = await self._first(alert.group) if _has_thread(alert) else None
        if first is not None and first.alert is not None and grows(first.alert, alert):
            first = await self._edit(first, grown(first.alert, alert))
        reply = await self._post(body | ({"thread_ts": first.ts, "reply_broadcast": True} if first else {}))
        if first and reply.member("error") in _THREAD_GONE:
            first, reply = None, await self._post(body)
        self._judge(reply)
        ts, where = reply.member("ts"), reply.member("channel")
        if first is None and _has_thread(alert) and isinstance(ts, str):
            first = _First(ts, where if isinstance(where, str) else self._channel, kept(alert))
        if first is not None:
            await self._remember(alert.group, first)

    async def answer(self, group: str, text: str) -> bool:
        """Answer the first message about the group in its thread; False where there is none, or it is gone."""
        first = None if self._channel is None else await self._first(group)
        if first is None:
            return False
        body = {"text": _cut(escape(text), _FALLBACK), "blocks": [_section([escape(text)])]}
        way = {"channel": self._channel, "thread_ts": first.ts, "unfurl_links": False, "unfurl_media": False}
        reply = await self._post(body | way)
        if reply.member("error") in _THREAD_GONE:
            return False
        self._judge(reply)
        return True

    async def _edit(self, first: "_First", alert: Alert) -> "_First":
        """Show `alert` in the first message. A message that cannot be edited any more stays as it is."""
        body = payload(alert) | {"channel": first.channel, "ts": first.ts}
        reply = await self._updater.post(json.dumps(body, ensure_ascii=False).encode(), self._headers)
        if reply.member("error") not in _NOT_EDITED:
            self._judge(reply)
        return replace(first, alert=kept(alert))

    async def _first(self, group: str) -> "_First | None":
        if self._memory is None:
            return None
        text = await self._memory.get(f"{NAME}:{self._channel}:{group}")
        return None if text is None else _first_from(text, str(self._channel))

    async def _remember(self, group: str, first: "_First") -> None:
        if self._memory is None:
            return
        alert = None if first.alert is None else alert_json(first.alert)
        text = json.dumps({"ts": first.ts, "channel": first.channel, "alert": alert})
        with suppress(WatcherError):  # it is accepted: nothing after that may fail the try
            await self._memory.put(f"{NAME}:{self._channel}:{group}", text)

    async def _post(self, body: dict[str, Any]) -> Reply:
        return await self._poster.post(json.dumps(body, ensure_ascii=False).encode(), self._headers)

    def _judge(self, reply: Reply) -> None:
        """Return when the reply means accepted; otherwise raise."""
        if reply.status == 429:  # noqa: PLR2004 (RFC 6585: too many requests)
            raise DeliveryFailed(
                "slack: asked to slow down (429)", reply.retry_after, reason=FailureReason.RATE_LIMITED
            )
        if self._channel is None:
            if reply.status == 200 and reply.text.strip() == "ok":  # noqa: PLR2004
                return
            error = reply.text.strip()
        else:
            if reply.status == 200 and reply.member("ok") is True:  # noqa: PLR2004
                return
            error = str(reply.member("error") or "")
        if error in _PERMANENT:
            why = f"slack: Slack said {error} (status {reply.status})"
            of_message = error in _OF_THE_MESSAGE
            reason = FailureReason.CLIENT if of_message else FailureReason.AUTH
            raise DeliveryRejected(why, mendable=not of_message, reason=reason)
        # What is unknown, or came from a proxy or a portal, or is a redirect, is never a reason to drop an alert.
        what = f"Slack said {error}" if _WORD.match(error) else "unexpected answer"
        raise DeliveryFailed(
            f"slack: {what} (status {reply.status})", reply.retry_after, reason=reason_of(reply.status)
        )


@dataclass(frozen=True, slots=True)
class _First:
    """The first message of a thread: its time stamp, the channel's id, and the alert that it shows (None: unknown)."""

    ts: str
    channel: str
    alert: Alert | None = None


def _first_from(text: str, channel: str) -> _First:
    """Return what was remembered; versions before 0.2.0 kept the time stamp alone."""
    try:
        row = json.loads(text)
        return _First(row["ts"], row["channel"], None if row["alert"] is None else alert_from_json(row["alert"]))
    except (ValueError, KeyError, TypeError):
        return _First(text, channel)


_WITH_THREADS = frozenset({"domain", "suffix", "channel", "watch", "exchange", "address", "wildcard", "nameserver"})
"""Sorts of groups of which there may be more to tell: a lookalike, what many of them share, and the watch itself."""


def _has_thread(alert: Alert) -> bool:
    return alert.kind is AlertKind.PAGE and alert.group.partition(":")[0] in _WITH_THREADS


def payload(alert: Alert) -> dict[str, Any]:
    """Return the message as Block Kit, with `text` for phones and screen readers."""
    words = word(alert)
    return {"text": _cut(escape(words.subject), _FALLBACK), "blocks": blocks(words)}


def blocks(words: Wording) -> list[Block]:
    """Return the blocks, never more than Slack takes."""
    title = f"{_MARKS[words.severity]} {words.subject}".translate(_PLAIN)
    header = {"type": "header", "text": {"type": "plain_text", "text": _cut(title, _HEADER), "emoji": False}}
    body: list[Block] = []
    if words.lead:
        body.append(_section([escape(words.lead)]))
    for story in words.stories:
        body += _story(story, titled=len(words.stories) > 1)
    for listing in words.listings:
        body += _listing(listing)
    if words.link:
        button = {"type": "button", "text": {"type": "plain_text", "text": "Open in watcher"}, "url": words.link}
        body.append({"type": "actions", "elements": [button]})
    footer = {"type": "context", "elements": [_mrkdwn(escape(words.footer))]}
    return [header, *body[: _BLOCKS - 2], footer]


def _story(story: Story, *, titled: bool) -> list[Block]:
    made = [_section([f"*{escape(story.headline)}*"])] if titled else []
    facts = [f"*{escape(fact.label)}:* {escape(fact.text)}" for fact in story.facts]
    made += [_section(part) for part in _parts(facts, _TEXT)]
    if story.evidence:
        made.append(_section(["```", *_fit([escape(line) for line in story.evidence], _TEXT - 8), "```"]))
    if story.actions:
        steps = [f"{number}. {escape(action)}" for number, action in enumerate(story.actions, start=1)]
        made += [_section(part) for part in _parts(["*What to do now*", *steps], _TEXT)]
    return made


def _listing(listing: Listing) -> list[Block]:
    lines = [f"*{escape(listing.title)}*", *(f"• {escape(line)}" for line in listing.lines)]
    if listing.more:
        lines.append(f"and {listing.more} more")
    return [_section(part) for part in _parts(lines, _TEXT)]


def _section(lines: Sequence[str]) -> Block:
    return {"type": "section", "text": _mrkdwn("\n".join(lines))}


def _mrkdwn(text: str) -> Block:
    return {"type": "mrkdwn", "text": _cut(text, _TEXT), "verbatim": True}


def _parts(lines: Sequence[str], limit: int) -> list[list[str]]:
    """`lines` in runs that stay within `limit` characters when joined."""
    parts: list[list[str]] = []
    room = 0
    for line in lines:
        if not parts or len(line) + 1 > room:
            parts.append([])
            room = limit
        parts[-1].append(line)
        room -= len(line) + 1
    return parts


def _fit(lines: Sequence[str], limit: int) -> list[str]:
    """As many of `lines` as stay within `limit` characters when joined."""
    parts = _parts([_cut(line, limit) for line in lines], limit)
    return parts[0] if parts else []


_PLAIN = str.maketrans({"&": "+", "<": "‹", ">": "›"})
"""For headers, where Slack's clients differ in whether escapes are shown as such."""

_FORMAT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "*": "∗", "~": "∼"})


def escape(text: str) -> str:
    """`text` for mrkdwn: no control sequence can begin; marks of emphasis are replaced by letters like them.

    Back-ticks stay: the words have them around our own commands only.
    """
    return text.translate(_FORMAT)


def _cut(text: str, limit: int) -> str:
    """At most `limit` characters, never ending inside an escape such as `&amp;`."""
    if len(text) <= limit:
        return text
    cut = text[: limit - 1]
    start = cut.rfind("&")
    if start >= 0 and ";" not in cut[start:]:
        cut = cut[:start]
    return cut + "…"


SETTING = Setting(SlackSettings, SlackSettings())


def make(settings: SlackSettings, means: Means) -> Slack | None:
    """Return the channel, or None where it is not configured. Raises ConfigurationError."""
    if not settings.configured:
        return None
    return Slack(
        webhook_url=secret_text(settings.webhook_url),
        token=secret_text(settings.token),
        channel=settings.channel,
        api_url=settings.api_url,
        memory=means.memory,
        proxy=means.proxy,
    )
