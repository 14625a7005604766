"""Every setting with its default: `watcher.toml`, overridden by `WATCHER_<SECTION>__<FIELD>` in the environment."""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from watcher.core.errors import ConfigurationError
from watcher.core.events import EventKind
from watcher.core.risk import Severity

CONFIG_FILES = (Path("watcher.toml"), Path("/etc/watcher/watcher.toml"))

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\Z")


def parse_duration(value: object) -> timedelta:
    """A `timedelta` from `"60s"`, `"6h"`, `"1d"`; ValueError says what a duration looks like."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.match(str(value).strip())
    if not found:
        raise ValueError('a duration is a number with a unit: "500ms", "60s", "5m", "6h", "1d"')
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def format_duration(value: timedelta) -> str:
    """The shortest text that `parse_duration` reads back."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds / _UNITS[unit])}{unit}"
    return f"{round(seconds * 1000)}ms"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str, when_used="always")
]


class Section(BaseModel):
    """A table of the file. Unknown keys are errors; `<secret>_file` names a file that holds the secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        return read_secret_files(cls, data)


def read_secret_files(model: type[BaseModel], data: Any) -> Any:
    """`data` with every `<secret>_file` replaced by the secret that the named file holds."""
    if not isinstance(data, Mapping):
        return data
    values = dict(data)
    for name, field in model.model_fields.items():
        if "SecretStr" not in str(field.annotation) or (path := values.pop(f"{name}_file", None)) is None:
            continue
        if values.get(name) is not None:
            raise ValueError(f"{name} and {name}_file are both set; keep one")
        try:
            values[name] = Path(str(path)).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{name}_file {str(path)!r} cannot be read: {error}") from error
    return values


class Dns(Section):
    """Where and how fast questions are asked."""

    resolvers: tuple[str, ...] = Field(
        default=(), description="Resolvers as `ADDR` or `ADDR:PORT`; unfiltered ones only. Empty: the system's"
    )
    max_rate: float = Field(
        default=200, gt=0, le=1_000_000, description="Questions a second for each resolver, a ceiling"
    )
    timeout: Duration = Field(default=timedelta(seconds=3), description="How long one try waits")
    attempts: int = Field(default=3, ge=1, le=10, description="Tries before a question is unsettled")


class Registration(Section):
    """Where registration facts come from, and at what pace."""

    enabled: bool = Field(default=True, description="Whether registries are asked at all")
    rdap_bootstrap: str | None = Field(default=None, description="Bootstrap file or URL. Unset: the bundled snapshot")
    rdap_servers: dict[str, str] = Field(
        default={}, description='Overrides by suffix: `{"ml": "http://127.0.0.1:8400/"}`; may be non-global addresses'
    )
    whois_servers: dict[str, str] = Field(
        default={}, description='Overrides by suffix: `{"ml": "127.0.0.1:4300"}`; may be non-global addresses'
    )
    max_rate: float = Field(default=1, gt=0, le=1000, description="Questions a second for each server, a ceiling")
    probe_top: int = Field(
        default=25, ge=0, description="Absent candidates of each protected name, best first, asked about once a day"
    )


class Sweep(Section):
    """Which candidates are looked for, and how often."""

    tiers: tuple[tuple[Annotated[int, Field(gt=0)], Duration], ...] = Field(
        default=(
            (200, timedelta(hours=1)),
            (2_000, timedelta(hours=6)),
            (20_000, timedelta(hours=24)),
        ),
        description="Rank up to, interval",
    )
    existence: Literal["resolver", "suffix_servers"] = Field(
        default="resolver",
        description="Who is asked whether a name exists: the resolvers, or each public suffix's own nameservers (RD=0)",
    )
    max_rate_per_suffix: float = Field(
        default=50, gt=0, le=1_000_000, description="Questions a second for all nameservers of one suffix, a ceiling"
    )

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: tuple[tuple[int, timedelta], ...]) -> tuple[tuple[int, timedelta], ...]:
        ranks = [rank for rank, _ in tiers]
        if not ranks or ranks != sorted(set(ranks)):
            raise ValueError("tiers need rising ranks, at least one")
        return tiers


class Confirm(Section):
    """How sure a change must be before it is told."""

    delay: Duration = Field(default=timedelta(seconds=60), description="Between the first able reading and the second")
    via: Literal["resolver"] = Field(default="resolver", description="Who gives the second reading")
    losses: int = Field(default=3, ge=1, le=20, description="Settled readings without mail before it is told")
    loss_gap: Duration = Field(default=timedelta(minutes=5), description="Between two such readings, at least")


class SmtpProbe(Section):
    """Asking the mail servers of able names once a day whether they would take a message; none is sent."""

    enabled: bool = Field(default=False, description="Off: no mail server is ever asked, but by `check --probe`")
    helo: str | None = Field(
        default=None, description="What EHLO says; nothing that names whom you protect. Unset: our address"
    )

    @field_validator("helo")
    @classmethod
    def _one_word(cls, value: str | None) -> str | None:
        if value is not None and not re.fullmatch(r"[A-Za-z0-9.:\[\]-]{1,255}", value):
            raise ValueError(f"{value!r} is no host name or address literal")
        return value


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


class Route(Section):
    """Which channels hear of what; the first route that matches decides."""

    protected: tuple[str, ...] = Field(default=(), description="Protected names or suffixes; empty: all")
    kinds: tuple[EventKind, ...] = Field(default=(), description="Event kinds; empty: all")
    min_severity: Severity = Field(default=Severity.INFO, description="This severity or worse")
    channels: tuple[str, ...] = Field(description="Channel names")


class Alerts(Section):
    """What is told, to whom, and when."""

    slack: Slack = Slack()
    email: Email = Email()
    kinds: tuple[EventKind, ...] = Field(
        default=(
            EventKind.MAIL_BECAME_ABLE,
            EventKind.OWN_MAIL_AT_RISK,
            EventKind.MAIL_BECAME_UNABLE,
            EventKind.EXCHANGES_CHANGED,
            EventKind.EXPIRING,
            EventKind.LAPSED,
            EventKind.SUFFIX_WILDCARD_CHANGED,
            EventKind.WATCH_STALE,
            EventKind.WATCH_RECOVERED,
            EventKind.CHANNEL_FAILING,
        ),
        description="Kinds that are told at once; the rest is in the digest",
    )
    min_severity: Severity = Field(default=Severity.MEDIUM, description="Below it: the digest")
    digest: Literal["daily", "weekly", "never"] = Field(default="daily", description="How often")
    digest_at: str = Field(
        default="08:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time of day in `timezone`"
    )
    digest_after: int = Field(default=5, ge=1, le=1000, description="More of one group than this: one message")
    group_wait: Duration = Field(default=timedelta(seconds=30), description="How long a group is gathered")
    routes: tuple[Route, ...] = Field(default=(), description="None matches: every channel")


class Api(Section):
    """The HTTP API and pages."""

    listen: str = Field(default="127.0.0.1:8080", description="`ADDR:PORT`; port 0 picks a free one")
    hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="`Host` headers that are served, besides the listen address",
    )
    public_url: str | None = Field(default=None, description="Where people reach the page; links in messages")


class Vigil(Section):
    """The watch over the watcher."""

    canary: str | None = Field(default=None, description="A name of yours that must always be seen able")
    stale_after: Duration = Field(
        default=timedelta(minutes=15), description="No settled answer for this long: the watch is stale, and says so"
    )


class Techniques(Section):
    """What the enumeration adds to its bundled tables."""

    words: tuple[str, ...] = Field(default=(), description="More words to put before and after a label")


class Settings(BaseSettings):
    """All settings. Made by `load`."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHER_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    database_url: SecretStr = Field(default=SecretStr("sqlite:///watcher.db"), description="`sqlite:///FILE`")
    timezone: str = Field(default="UTC", description="For digests and times in messages")
    dns: Dns = Dns()
    registration: Registration = Registration()
    sweep: Sweep = Sweep()
    confirm: Confirm = Confirm()
    smtp_probe: SmtpProbe = SmtpProbe()
    alerts: Alerts = Alerts()
    api: Api = Api()
    vigil: Vigil = Vigil()
    techniques: Techniques = Techniques()

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, ZoneInfoNotFoundError) as error:
            raise ValueError(f"{value!r} is no time zone; use a name like Europe/Berlin") from error
        return value

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        return read_secret_files(cls, data)


def load(config: Path | None = None, overrides: Mapping[str, Any] | None = None) -> tuple[Settings, tuple[str, ...]]:
    """The settings and warnings about environment variables that look like ours and are not.

    `config` None: the first of CONFIG_FILES that exists, or none. `overrides` (`{"dns": {"resolvers": [...]}}`, from
    command-line options) win over everything. Raises ConfigurationError that names the setting.
    """
    warnings = _check_environment()
    try:
        settings = _layered(_read_toml(config))(**(overrides or {}))
    except SettingsError as error:
        raise ConfigurationError(
            "environment", f"{error}; lists and tables are written as JSON in environment variables"
        ) from error
    except ValidationError as error:
        raise _readable(error) from error
    return settings, warnings


def _layered(file: dict[str, Any]) -> type[Settings]:
    """Settings that take what they are called with first, then the environment, then the file."""

    class Layered(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (the library's signature)
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, file)

    return Layered


def _read_toml(config: Path | None) -> dict[str, Any]:
    path = config or next((file for file in CONFIG_FILES if file.is_file()), None)
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError("--config", f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), f"this is not TOML: {error}") from error


def _check_environment() -> tuple[str, ...]:
    sections = {name for name, field in Settings.model_fields.items() if field.annotation not in {str, SecretStr}}
    plain = {"DATABASE_URL", "DATABASE_URL_FILE", "TIMEZONE"}
    warnings = []
    for variable in sorted(os.environ):
        if not variable.upper().startswith("WATCHER_"):
            continue
        name = variable.upper().removeprefix("WATCHER_")
        section, nested, _ = name.partition("__")
        if nested and section.lower() not in sections:
            known = ", ".join(sorted(sections))
            raise ConfigurationError(variable, f"there is no section {section.lower()!r}; sections are {known}")
        if not nested and name not in plain:
            warnings.append(f"{variable} is set but is no setting of watcher; it is ignored")
    return tuple(warnings)


def _readable(error: ValidationError) -> ConfigurationError:
    """The first complaint as one line that never shows a secret's value; how many more there are."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "settings"
    what = first["msg"].removeprefix("Value error, ")
    if first["type"] == "extra_forbidden":
        what = "there is no such setting; docs/reference/settings.md lists them all"
    more = error.error_count() - 1
    return ConfigurationError(where, what + (f" (and {more} more)" if more else ""))
