"""Every setting with its default: `watcher.toml`, overridden by `WATCHER_<SECTION>__<FIELD>` in the environment."""

import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.names.names import parse
from watcher.core.slips.candidates import Share
from watcher.sections import Duration, Lasting, Section, read_secret_files
from watcher.settings.alerts import Alerts
from watcher.settings.blocking import Exports, Rpz
from watcher.settings.complaints import complaint
from watcher.settings.feeds import Feeds

_PORTS = 65535
CONFIG_FILES = (Path("watcher.toml"), Path("/etc/watcher/watcher.toml"))


class Dns(Section):
    """The resolvers that questions go to, and the pace of the questions."""

    resolvers: tuple[str, ...] = Field(
        default=(),
        description="Resolvers as `ADDR`, `ADDR:PORT`, `tls://ADDR#NAME` or `https://ADDR/dns-query`; unfiltered ones "
        "only. Empty: the system's",
    )
    max_rate: float = Field(
        default=200, gt=0, le=1_000_000, description="Questions a second for each resolver, a ceiling"
    )
    timeout: Lasting = Field(default=timedelta(seconds=3), description="How long one try waits")
    attempts: int = Field(default=3, ge=1, le=10, description="Tries before a question is unsettled")


class Registration(Section):
    """The sources of registration facts, and the pace of questions to them."""

    enabled: bool = Field(default=True, description="Whether registries are asked at all")
    rdap_bootstrap: str | None = Field(default=None, description="Bootstrap file or URL. Unset: the bundled snapshot")
    rdap_servers: dict[str, str] = Field(
        default={}, description='Overrides by suffix: `{"ml": "http://127.0.0.1:8400/"}`; may be non-global addresses'
    )
    whois_servers: dict[str, str] = Field(
        default={}, description='Overrides by suffix: `{"ml": "127.0.0.1:4300"}`; may be non-global addresses'
    )
    max_rate: float = Field(default=1, gt=0, le=1000, description="Questions a second for each server, a ceiling")
    refresh: Lasting = Field(
        default=timedelta(days=7), description="How old the facts of a registered name may grow that gives no cause"
    )
    refresh_soon: Lasting = Field(
        default=timedelta(days=1),
        description="The same for names that are able, ours, new, held or near expiry, and for unregistered ones",
    )
    probe_top: int = Field(
        default=25, ge=0, description="Absent candidates of each protected name, best first, asked about once a day"
    )


class SweepSettings(Section):
    """The candidates that are looked for, and the intervals between looks."""

    tiers: tuple[tuple[Annotated[int, Field(gt=0)], Lasting], ...] = Field(
        default=(
            (200, timedelta(hours=1)),
            (2_000, timedelta(hours=6)),
            (20_000, timedelta(hours=24)),
        ),
        description="Rank up to, interval",
    )
    impersonation: float = Field(
        default=0.15,
        ge=0,
        le=0.5,
        description="Share of each tier kept for names made to deceive, in the second half of the tier; 0: one order by"
        " likelihood",
    )
    own: Lasting = Field(
        default=timedelta(hours=1),
        description="Between looks at what is ours: own and protected names, their nameservers",
    )
    spare: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="Share of the rate that the tiers leave free which is spent on looking sooner than they say. Unset:"
        " all of it where a `dns.max_rate` above 200 says that the resolver is yours; else none",
    )
    existence: Literal["resolver", "suffix_servers"] = Field(
        default="resolver",
        description="Who is asked whether a name exists: the resolvers, or each public suffix's own nameservers (RD=0)",
    )
    max_rate_per_suffix: float = Field(
        default=50, gt=0, le=1_000_000, description="Questions a second for all nameservers of one suffix, a ceiling"
    )

    names: tuple[Path, ...] = Field(
        default=(),
        description="Files of names that exist: lists of new registrations, complete zone files (`.gz` too). What they "
        "name is looked at unasked; what a complete zone not older than 36 h lacks is absent",
    )

    @field_validator("tiers")
    @classmethod
    def _rising(cls, tiers: tuple[tuple[int, timedelta], ...]) -> tuple[tuple[int, timedelta], ...]:
        ranks = [rank for rank, _ in tiers]
        if not ranks or ranks != sorted(set(ranks)):
            raise ValueError("tiers need rising ranks, at least one")
        return tiers


class Confirm(Section):
    """The certainty that a change needs before you are notified of it."""

    delay: Duration = Field(default=timedelta(seconds=60), description="Between the first able reading and the second")
    via: Literal["resolver", "authoritative"] = Field(
        default="resolver",
        description="Who gives the second reading: another resolver, or the name's own nameservers, whose operator "
        "then sees our address",
    )
    losses: int = Field(default=3, ge=1, le=20, description="Settled readings without mail before it is told")
    loss_gap: Duration = Field(default=timedelta(minutes=5), description="Between two such readings, at least")
    back_within: Lasting = Field(
        default=timedelta(days=7),
        alias="return",
        description="Mail that comes back within this time after its loss is a return, not a gain; a name that went "
        "back and forth must stand still for as long before it is told of again",
    )
    flapping: tuple[Annotated[int, Field(ge=2, le=20)], Lasting] = Field(
        default=(3, timedelta(days=30)),
        description="So many changes between able and unable within this time are flapping: one notice says so, and "
        "further ones go to the digest",
    )


class SmtpProbeSettings(Section):
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


class ProxySettings(Section):
    """A proxy in front of the pages that knows who people are. Off unless `user_header` and `peers` are set."""

    user_header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] | None = Field(
        default=None,
        description="The header in which it names the user: `X-Remote-User`. It must overwrite the client's",
    )
    peers: tuple[str, ...] = Field(
        default=(), description="Addresses or networks of the proxy; the header of anybody else counts for nothing"
    )
    scopes: tuple[Literal["read", "lookup", "write"], ...] = Field(
        default=("read",), description="What a user may do whom the proxy names"
    )

    @field_validator("peers")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            ip_network(text, strict=False)
        return value

    @model_validator(mode="after")
    def _both(self) -> Self:
        if self.user_header is not None and not self.peers:
            raise ValueError("user_header needs peers: the addresses of the proxy that may name a user")
        return self


class Api(Section):
    """The HTTP API and pages."""

    listen: str = Field(default="127.0.0.1:8080", description="`ADDR:PORT`; port 0 picks a free one")
    hosts: tuple[str, ...] = Field(
        default=("localhost", "127.0.0.1", "[::1]"),
        description="`Host` headers that are served, besides the listen address",
    )
    public_url: Annotated[str, Field(pattern=r"^https?://[^/\s]+")] | None = Field(
        default=None, description="Where people reach the page; links in messages"
    )
    proxy: ProxySettings = ProxySettings()

    @field_validator("listen")
    @classmethod
    def _address(cls, value: str) -> str:
        host, _, port = value.rpartition(":")
        if not host.removeprefix("[").removesuffix("]") or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _PORTS:
            raise ValueError(f"{value!r} is not ADDR:PORT, such as 127.0.0.1:8080")
        return value


class MailPolicy(Section):
    """The Postfix policy service: what mail servers are told about a recipient."""

    listen: str | None = Field(
        default=None, description="`ADDR:PORT` or `unix:PATH` for `check_policy_service`. Unset: it does not run"
    )
    mode: Literal["warn", "hold", "defer", "reject"] = Field(
        default="warn",
        description="For lookalikes that can receive mail, of grade `block`, that nobody blocked yet: a line in the"
        " mail log, or more",
    )
    blocked: Literal["warn", "hold", "defer", "reject"] = Field(
        default="reject", description="For lookalikes whose triage is `blocked`"
    )
    ask: bool = Field(
        default=False,
        description="Refuse lookalikes of grade `warn` or stronger once, with the probable address; mail passes when"
        " its sender sends again",
    )
    confirm_within: Duration = Field(default=timedelta(minutes=30), description="How long a sender may take to confirm")
    known_after: int = Field(
        default=0,
        ge=0,
        description="Messages to one domain within 30 days after which only `blocked` counts for it; kept as"
        " hashes. 0: off",
    )

    @field_validator("listen")
    @classmethod
    def _place(cls, value: str | None) -> str | None:
        if value is None or value.startswith(("unix:/", "/")):
            return value
        host, _, port = value.rpartition(":")
        if not host.removeprefix("[").removesuffix("]") or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _PORTS:
            raise ValueError(f"{value!r} is neither ADDR:PORT, such as 127.0.0.1:10040, nor unix:PATH")
        return value


class Http(Section):
    """The way out for alerts over HTTP, for RDAP and for feeds over HTTP. The environment is not read."""

    proxy: Annotated[str, Field(pattern=r"^http://[^/\s@]+(:[0-9]+)?/?$")] | None = Field(
        default=None, description="A proxy, `http://proxy.army.mil:3128`; unset: directly"
    )
    no_proxy: tuple[str, ...] = Field(
        default=(),
        description="Hosts that are reached directly: a name with all hosts under it, an address or a network",
    )

    def of(self, url: str) -> str | None:
        """Return the proxy's URL for a request to `url`; None: directly."""
        host = (urlsplit(url).hostname or "").rstrip(".").lower()
        return None if self.proxy is None or any(_covers(entry, host) for entry in self.no_proxy) else self.proxy


def _covers(entry: str, host: str) -> bool:
    """Return whether an entry of `no_proxy` covers a host; case does not matter, a leading dot neither."""
    name = entry.strip().lstrip("*").strip(".").lower()
    if not name or not host:
        return False
    with suppress(ValueError):
        return ip_address(host) in ip_network(name, strict=False)
    return host == name or host.endswith(f".{name}")


class RetentionSettings(Section):
    """The time for which the past is kept; the present facts of names are always kept."""

    events: Lasting = Field(default=timedelta(days=730), description="Events that were told, or were not to be told")
    evidence: Lasting = Field(default=timedelta(days=180), description="The DNS answers in them")
    alerts: Lasting = Field(default=timedelta(days=90), description="Alerts and their deliveries")
    gone: Lasting = Field(default=timedelta(days=180), description="Lookalikes that exist no more")


class VigilSettings(Section):
    """The watch over the watcher."""

    canary: str | None = Field(default=None, description="A name of yours that must always be seen able")

    @field_validator("canary")
    @classmethod
    def _name(cls, value: str | None) -> str | None:
        try:
            return None if value is None else parse(value)
        except InvalidName as error:
            raise ValueError(str(error)) from error

    stale_after: Lasting = Field(
        default=timedelta(minutes=15), description="No settled answer for this long: the watch is stale, and says so"
    )


class Techniques(Section):
    """Additions to the bundled tables of the enumeration."""

    words: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$")], ...] = Field(
        default=(), max_length=1000, description="More words to put before and after a label"
    )


class Settings(BaseSettings):
    """All settings. Made by `load`."""

    model_config = SettingsConfigDict(
        env_prefix="WATCHER_", env_nested_delimiter="__", extra="forbid", frozen=True, validate_default=True
    )

    database_url: SecretStr = Field(default=SecretStr("sqlite:///watcher.db"), description="`sqlite:///FILE`")
    timezone: str = Field(default="UTC", description="For digests and times in messages")
    dns: Dns = Dns()
    registration: Registration = Registration()
    sweep: SweepSettings = SweepSettings()
    confirm: Confirm = Confirm()
    smtp_probe: SmtpProbeSettings = SmtpProbeSettings()
    http: Http = Http()
    alerts: Alerts = Alerts()
    api: Api = Api()
    policy: MailPolicy = MailPolicy()
    vigil: VigilSettings = VigilSettings()
    retention: RetentionSettings = RetentionSettings()
    techniques: Techniques = Techniques()
    feeds: Feeds = Feeds()
    exports: Exports = Exports()
    rpz: Rpz = Rpz()

    @property
    def share(self) -> Share:
        """The part of each tier that is kept for names made to deceive."""
        return Share(self.sweep.impersonation, tuple(rank for rank, _ in self.sweep.tiers))

    @property
    def spare(self) -> float:
        """`sweep.spare`; or all, where a raised `dns.max_rate` says that the resolver is the operator's own."""
        if self.sweep.spare is not None:
            return self.sweep.spare
        raised = self.dns.max_rate > Dns.model_fields["max_rate"].default
        return 1.0 if raised and self.sweep.existence == "resolver" else 0.0

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
    """Return the settings and warnings about environment variables that look like ours and are not.

    `config` None: the first of CONFIG_FILES that exists, or none. `overrides` (`{"dns": {"resolvers": [...]}}`, from
    command-line options) win over everything. Raises ConfigurationError that names the setting.
    """
    warnings = _check_environment()
    given = {**_database_of_environment(), **(overrides or {})}
    try:
        settings = _layered(_read_toml(config))(**given)
    except SettingsError as error:
        variable = next(_not_json(), "environment")
        raise ConfigurationError(
            variable, """write lists and tables as JSON, such as '["127.0.0.1", "9.9.9.10"]'"""
        ) from error
    except ValidationError as error:
        raise complaint(error, Settings) from error
    return settings, warnings


def _layered(file: dict[str, Any]) -> type[Settings]:
    """Return settings that take what they are called with first, then the environment, then the file."""

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
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError("--config", f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(str(path), f"this is not TOML: {error}") from error


def _database_of_environment() -> dict[str, str]:
    """`WATCHER_DATABASE_URL_FILE`, which wins over the file's as any variable does. Raises ConfigurationError."""
    file = next((os.environ[name] for name in os.environ if name.upper() == "WATCHER_DATABASE_URL_FILE"), None)
    if file is None:
        return {}
    if any(name.upper() == "WATCHER_DATABASE_URL" for name in os.environ):
        raise ConfigurationError("database_url", "WATCHER_DATABASE_URL and its _FILE are both set; keep one")
    try:
        return {"database_url": Path(file).read_text(encoding="utf-8").strip()}
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise ConfigurationError("WATCHER_DATABASE_URL_FILE", f"{file!r} cannot be read: {why}") from error


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


def _not_json() -> Iterator[str]:
    """Yield the variables whose setting is a list or a table, and that hold something else."""
    for variable, value in sorted(os.environ.items()):
        model: Any = Settings
        *tables, name = variable.lower().removeprefix("watcher_").split("__")
        for table in tables:
            model = getattr(model.model_fields.get(table), "annotation", None)
            if not (isinstance(model, type) and issubclass(model, BaseModel)):
                break
        else:
            field = model.model_fields.get(name)
            if field is None or not str(field.annotation).startswith(("tuple", "dict", "list")):
                continue
            try:
                json.loads(value)
            except ValueError:
                yield variable
