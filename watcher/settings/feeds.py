"""The settings of feeds: sources of names that exist."""

import re
from datetime import timedelta
from pathlib import Path
from typing import ClassVar, Literal, Self

from pydantic import ConfigDict, Field, SecretStr, field_validator, model_validator

from watcher.core.errors import InvalidName
from watcher.core.names.names import parse
from watcher.sections import Lasting, Section

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,40}\Z")
_TSIG = re.compile(r"hmac-sha(?:1|256|384|512):[A-Za-z0-9_.-]{1,200}:[A-Za-z0-9+/=]{4,200}\Z")


class Feed(Section):
    """One source of names."""

    kind: Literal["zone_file", "zone_transfer", "names"] = Field(
        description="`zone_file`: a complete zone; `zone_transfer`: the same by AXFR; `names`: a list of any form"
    )
    file: Path | None = Field(default=None, description="A file, or a folder of which the newest file is read")
    url: str | None = Field(default=None, description="An https address, asked with the ETag of last time")
    zone: str | None = Field(default=None, description="Of zones: the suffix")
    server: str | None = Field(default=None, description="Of transfers: `HOST` or `HOST:PORT`")
    tsig: SecretStr | None = Field(default=None, description="Of signed transfers: `hmac-sha512:NAME:SECRET`")
    column: str | None = Field(default=None, description="Of a CSV: the heading of the names' column, or its number")
    every: Lasting = Field(default=timedelta(days=1), description="How often it is asked")

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

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "zone_transfer":
            if self.server is None or self.zone is None:
                raise ValueError("a zone_transfer needs `server` and `zone`")
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

    contact: str | None = Field(default=None, description="A mail address for the User-Agent, for those who run feeds")
    directory: Path = Field(default=Path("feeds"), description="Where the names of complete zones are kept")

    @model_validator(mode="after")
    def _names(self) -> Self:
        for name in self.__pydantic_extra__ or {}:
            if not _NAME.match(name):
                raise ValueError(f"{name!r} is no name of a feed: lower-case letters, digits, - and _")
        return self

    @property
    def by_name(self) -> dict[str, Feed]:
        """The feeds."""
        return dict(self.__pydantic_extra__ or {})
