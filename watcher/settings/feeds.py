"""The settings of feeds: sources of names that exist."""

import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from watcher.core.errors import InvalidName
from watcher.core.names.names import parse
from watcher.sections import Lasting, Section

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}\Z")
_TSIG = re.compile(r"hmac-sha(?:1|256|384|512):[A-Za-z0-9_.-]{1,200}:[A-Za-z0-9+/=]{4,200}\Z")


class Feed(Section):
    """One source of names."""

    kind: Literal["zone_file", "zone_transfer", "czds", "names", "ct"] = Field(
        description="`zone_file`: a complete zone; `zone_transfer`: the same by AXFR; `czds`: the same from ICANN's "
        "service; `names`: a list of any form; `ct`: certificate logs"
    )
    file: Path | None = Field(
        default=None,
        description="A file, or a folder that is watched: of lists every new file is read, of zones the newest. "
        "Of `ct`: a list of logs",
    )
    url: str | None = Field(
        default=None,
        description="An https address, asked with the ETag of last time. Of `ct`: a list of logs (`...json`), or one "
        "log; unset: all logs that Chrome uses. Of `czds`: its API, unset: ICANN's",
    )
    zone: str | None = Field(default=None, description="Of zones: the suffix")
    username: str | None = Field(default=None, description="Of `czds`: the account")
    password: SecretStr | None = Field(default=None, description="Of `czds`: its password")
    account_url: str | None = Field(default=None, description="Of `czds`: where a token is asked for; unset: ICANN's")
    key: str | None = Field(default=None, description="Of one certificate log: its public key, DER in base64")
    catch_up: int = Field(
        default=2_000_000, ge=1, description="Of certificate logs: entries of each that are read after a break, at most"
    )
    server: str | None = Field(default=None, description="Of transfers: `HOST` or `HOST:PORT`")
    tsig: SecretStr | None = Field(default=None, description="Of signed transfers: `hmac-sha512:NAME:SECRET`")
    column: str | None = Field(default=None, description="Of a CSV: the heading of the names' column, or its number")
    every: Lasting = Field(default=timedelta(days=1), description="How often it is asked; of `ct` by itself `1m`")

    @model_validator(mode="before")
    @classmethod
    def _usual_interval(cls, data: Any) -> Any:
        if isinstance(data, Mapping) and data.get("kind") == "ct" and "every" not in data:
            return {**data, "every": "1m"}
        return data

    @property
    def turn(self) -> timedelta:
        """Return the interval between runs: a file or folder is checked for changes more often than `every`."""
        return min(self.every, timedelta(minutes=1)) if self.file is not None else self.every

    @field_validator("zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        try:
            return None if value is None else parse(value.strip().strip("."))
        except InvalidName as error:
            raise ValueError(str(error)) from error

    @field_validator("tsig")
    @classmethod
    def _signature(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TSIG.match(value.get_secret_value()):
            raise ValueError("it has to be `hmac-sha512:NAME:SECRET`, the secret in base64")
        return value

    @field_validator("key")
    @classmethod
    def _log_key(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                b64decode(value, validate=True)
            except ValueError as error:
                raise ValueError("it has to be the key's DER in base64") from error
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "zone_transfer":
            if self.server is None or self.zone is None:
                raise ValueError("a zone_transfer needs `server` and `zone`")
        elif self.kind == "czds":
            if self.username is None or self.password is None or self.zone is None or self.file is not None:
                raise ValueError("a czds feed needs `username`, `password` and `zone`")
        elif self.kind == "ct":
            if self.file is not None and self.url is not None:
                raise ValueError("a ct feed has either `file` or `url`, or neither")
        elif (self.file is None) == (self.url is None):
            raise ValueError(f"a feed of kind {self.kind} needs either `file` or `url`")
        if self.kind == "zone_file" and self.zone is None:
            raise ValueError("a zone_file needs `zone`")
        return self


class Feeds(Section):
    """The feeds by name, and what they share."""

    model_config = ConfigDict(extra="allow", frozen=True, validate_default=True)
    __pydantic_extra__: dict[str, Feed] = Field(init=False)
    EACH: ClassVar[type[Section]] = Feed

    contact: str | None = Field(
        default=None, description="A mail address for the User-Agent, for those who run feeds; `ct` needs it"
    )
    directory: Path = Field(default=Path("feeds"), description="Where the names of complete zones are kept")

    @model_validator(mode="after")
    def _names(self) -> Self:
        for name in self.__pydantic_extra__ or {}:
            if not _NAME.match(name):
                raise ValueError(f"{name!r} is no name of a feed: lower-case letters, digits, - and _")
        certificates = [name for name, feed in (self.__pydantic_extra__ or {}).items() if feed.kind == "ct"]
        if certificates and self.contact is None:
            raise ValueError(
                f"the feed {certificates[0]} reads certificate logs: set `feeds.contact` to a mail address, which "
                "their operators see"
            )
        return self

    @property
    def by_name(self) -> dict[str, Feed]:
        """The feeds."""
        return dict(self.__pydantic_extra__ or {})
