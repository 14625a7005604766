"""The settings of block lists and of the zone that resolvers transfer."""

import re
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr, field_validator, model_validator

from watcher.sections import Section

_ADDRESS = re.compile(r"(?:\[[0-9a-fA-F:.]+\]|[0-9.]+|localhost):[0-9]{1,5}")
_ZONE = re.compile(r"(?=.{1,120}\Z)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_TSIG = re.compile(
    r"(?P<algorithm>hmac-sha(?:256|384|512)):(?P<name>[A-Za-z0-9_.-]{1,200}):(?P<secret>[A-Za-z0-9+/=]{16,200})"
)


class Exports(Section):
    """The choice of lookalikes for block lists."""

    select: Literal["blocked", "able"] = Field(
        default="blocked",
        description="`blocked`: what a person set to `blocked`; `able`: also what can receive mail, is likely enough "
        "and of grade `block` or `warn`",
    )
    min_likelihood: float = Field(default=0.001, ge=0, le=1, description="With `able`: the least likelihood")
    auto_block: Literal["off", "low", "medium", "high", "critical"] = Field(
        default="off",
        description="Block what can receive mail and is of this severity or worse, unasked",
    )
    approval: bool = Field(
        default=False,
        description="Two persons must have set a name to `blocked`, for block lists and the policy service; "
        "`auto_block` then lists nothing",
    )
    tlp: Literal["clear", "green", "amber", "amber+strict", "red"] = Field(
        default="amber", description="How far intelligence may be passed on (TLP 2.0), in STIX, TAXII and MISP"
    )


class Rpz(Section):
    """The response policy zone that resolvers transfer."""

    listen: str | None = Field(default=None, description="`ADDR:PORT` for UDP and TCP. Unset: no zone is served")
    zone: str = Field(default="rpz.watcher.invalid", description="Its name; the shorter, the longer names fit below it")
    action: Literal["nxdomain", "nodata", "clear_bounce"] = Field(
        default="nxdomain",
        description="`clear_bounce` gives a null MX: mail bounces with a clearer text, and its web vanishes",
    )
    tsig: SecretStr | None = Field(
        default=None,
        description="`hmac-sha256:NAME:SECRET` (base64, as `tsig-keygen` makes it): who signs may transfer",
    )
    allow: tuple[str, ...] = Field(
        default=(), description="Addresses and networks that may transfer without a signature"
    )
    notify: tuple[str, ...] = Field(default=(), description="Resolvers that are told of changes: `ADDR` or `ADDR:PORT`")
    tls_listen: str | None = Field(default=None, description="`ADDR:PORT` for transfers over TLS; needs a certificate")
    tls_certificate: Path | None = Field(default=None, description="Its certificate with the chain, PEM")
    tls_key: Path | None = Field(default=None, description="Its private key, PEM")

    @field_validator("listen", "tls_listen")
    @classmethod
    def _address(cls, value: str | None) -> str | None:
        if value is not None and (not _ADDRESS.fullmatch(value) or int(value.rpartition(":")[2]) > 65535):  # noqa: PLR2004
            raise ValueError(f"{value!r} is not ADDR:PORT, such as 127.0.0.1:5353")
        return value

    @field_validator("zone")
    @classmethod
    def _name(cls, value: str) -> str:
        name = value.lower().removesuffix(".")
        if not _ZONE.fullmatch(name):
            raise ValueError(f"{value!r} is no name of a zone, such as rpz.example.net")
        return name

    @field_validator("tsig")
    @classmethod
    def _key(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _TSIG.fullmatch(value.get_secret_value()):
            raise ValueError("a key is hmac-sha256:NAME:SECRET, the secret in base64 as `tsig-keygen` makes it")
        return value

    @field_validator("allow")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from ipaddress import ip_network  # noqa: PLC0415 (asked of no other command)

        for text in value:
            try:
                ip_network(text, strict=False)
            except ValueError:
                raise ValueError(f"{text!r} is neither an address nor a network, such as 192.0.2.0/24") from None
        return value

    @field_validator("notify")
    @classmethod
    def _targets(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            target_of(text)
        return value

    @model_validator(mode="after")
    def _whole(self) -> "Rpz":
        if self.tls_listen is not None and (self.tls_certificate is None or self.tls_key is None):
            raise ValueError("tls_listen needs tls_certificate and tls_key")
        return self


def target_of(text: str) -> tuple[str, int]:
    """Return address and port of `ADDR`, `ADDR:PORT` or `[ADDR]:PORT`. Raises ValueError."""
    from ipaddress import ip_address  # noqa: PLC0415

    host, port = text, "53"
    if text.startswith("["):
        host, _, port = text[1:].partition("]:")
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        ip_address(host)
    except ValueError:
        raise ValueError(f"{text!r} is neither ADDR nor ADDR:PORT") from None
    if not port.isascii() or not port.isdigit() or not 0 < int(port) < 1 << 16:
        raise ValueError(f"{text!r} is neither ADDR nor ADDR:PORT")
    return host, int(port)
