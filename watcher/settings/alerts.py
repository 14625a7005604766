"""The settings `alerts.*`: the ways to people, and what is told through which of them."""

from datetime import timedelta
from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import DEFAULT_KINDS
from watcher.settings.types import Duration, Section


class Slack(Section):
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
        """Whether there is anything to send to."""
        return bool(self.webhook_url or self.token)


class Email(Section):
    """Mail to people."""

    smtp_url: SecretStr | None = Field(
        default=None, description="`smtp://user:pass@host:587?starttls=required`, or `smtps://...`"
    )
    sender: str | None = Field(default=None, alias="from", description="Envelope and header sender")
    to: tuple[str, ...] = Field(default=(), description="Recipients")

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    @field_validator("to", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.smtp_url and not (self.sender and self.to):
            raise ValueError("smtp_url needs from and to")
        return self

    @property
    def configured(self) -> bool:
        """Whether there is anything to send to."""
        return self.smtp_url is not None


class Webhook(Section):
    """A webhook of your own: signed events as JSON (Standard Webhooks)."""

    url: SecretStr | None = Field(default=None, description="Where events are posted, `https://...`")
    secret: SecretStr | None = Field(default=None, description="Signs them: `whsec_` and 24 to 64 bytes in Base64")
    previous_secret: SecretStr | None = Field(
        default=None, description="The old secret, which signs too while receivers change over"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if bool(self.url) != bool(self.secret):
            raise ValueError("url and secret go together; `openssl rand -base64 32` makes one, put whsec_ before it")
        if self.previous_secret and not self.secret:
            raise ValueError("previous_secret needs secret")
        return self


class Alertmanager(Section):
    """A Prometheus Alertmanager."""

    url: SecretStr | None = Field(
        default=None, description="Its address, without `/api/v2/alerts`: `http://user:pass@host:9093`"
    )


class Apprise(Section):
    """Whatever Apprise can reach; needs the extra: `pip install 'watcher[apprise]'`."""

    urls: tuple[SecretStr, ...] = Field(default=(), description="Apprise URLs, one message through each")

    @field_validator("urls", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return value.split() if isinstance(value, str) else value


class Route(Section):
    """Which channels hear of what; the first route that matches decides."""

    protected: tuple[str, ...] = Field(default=(), description="Protected names or suffixes; empty: all")
    kinds: tuple[EventKind, ...] = Field(default=(), description="Event kinds; empty: all")
    min_severity: Severity = Field(default=Severity.INFO, description="This severity or worse")
    channels: tuple[Literal["slack", "email", "webhook", "alertmanager", "apprise", "command"], ...] = Field(
        min_length=1, description="Channel names"
    )


class Alerts(Section):
    """What is told, to whom, and when."""

    slack: Slack = Slack()
    email: Email = Email()
    webhook: Webhook = Webhook()
    alertmanager: Alertmanager = Alertmanager()
    apprise: Apprise = Apprise()
    command: tuple[str, ...] = Field(
        default=(), description="A program and its arguments, run without a shell for each event, its JSON on its input"
    )
    kinds: tuple[EventKind, ...] = Field(
        default=DEFAULT_KINDS, description="Kinds that are told at once; the rest is in the digest"
    )
    min_severity: Severity = Field(default=Severity.MEDIUM, description="Below it: the digest")
    digest: Literal["daily", "weekly", "never"] = Field(default="daily", description="How often")
    digest_at: str = Field(
        default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day in `timezone`"
    )
    summary: Literal["daily", "weekly", "never"] = Field(
        default="weekly", description="How often a message says what was watched, also when nothing happened"
    )
    digest_after: int = Field(default=5, ge=1, le=1000, description="More of one group than this: one message")
    group_wait: Duration = Field(default=timedelta(seconds=30), description="How long a group is gathered")
    routes: tuple[Route, ...] = Field(default=(), description="None matches: every channel")
