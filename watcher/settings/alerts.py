"""The settings `alerts.*`: the channels, and which events go through which of them."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, create_model, field_validator, model_validator

from watcher import channels
from watcher.core.events import EventKind
from watcher.core.mail.risk import Severity
from watcher.core.telling.alerts import DEFAULT_KINDS
from watcher.sections import Duration, Section


class RouteSettings(Section):
    """A route of events to channels: a table `[[alerts.routes]]`; the first one that matches decides.

    docs/how-to/route-alerts.md has examples.
    """

    protected: tuple[str, ...] = Field(default=(), description="Protected names or suffixes; empty: all")
    kinds: tuple[EventKind, ...] = Field(default=(), description="Event kinds; empty: all")
    min_severity: Severity = Field(default=Severity.INFO, description="This severity or worse")
    owners: tuple[str, ...] = Field(default=(), description="Owners of the protected names; empty: all")
    tags: tuple[str, ...] = Field(default=(), description="Tags of the protected names, one of them; empty: all")
    channels: tuple[str, ...] = Field(min_length=1, description="Channel names")

    @model_validator(mode="before")
    @classmethod
    def _read_one(cls, data: Any) -> Any:
        """Take `owner = "..."` and `tag = "..."` for lists of one."""
        if not isinstance(data, Mapping):
            return data
        values = dict(data)
        for single, many in (("owner", "owners"), ("tag", "tags")):
            if single in values and many not in values:
                values[many] = values.pop(single)
            if isinstance(values.get(many), str):
                values[many] = (values[many],)
        return values

    @field_validator("channels")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [channel.NAME for channel in channels.ALL]
        for name in value:
            if name not in known:
                raise ValueError(f"there is no channel {name!r}; there are {', '.join(known)}")
        return value


if TYPE_CHECKING:
    ChannelSettings = Section
else:
    ChannelSettings = create_model(
        "ChannelSettings",
        __base__=Section,
        **{
            channel.NAME: (
                channel.SETTING.type,
                Field(default=channel.SETTING.default, description=channel.SETTING.description or None),
            )
            for channel in channels.ALL
        },
    )
    """One setting for each channel, by its name."""


class Record(Section):
    """A record of every event with what was decided about it, apart from alerting: JSON lines for a SIEM's agent."""

    file: Path | None = Field(default=None, description="Where it is written. Unset: no record")
    max_bytes: int = Field(
        default=50_000_000, ge=10_000, description="From this size on the file is renamed to `FILE.1` and begun anew"
    )
    keep: int = Field(default=5, ge=1, le=100, description="Renamed files that are kept")
    address: str | None = Field(
        default=None,
        description="Where the same lines go by syslog: `tls://siem.army.mil:6514` or `tcp://127.0.0.1:601`",
    )


class Alerts(ChannelSettings):
    """The events that are sent at once, their channels, and the times of digests."""

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
    record: Record = Record()
    routes: tuple[RouteSettings, ...] = Field(default=(), description="None matches: every channel")
