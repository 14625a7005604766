"""Base of every table of the settings: sections, durations, and secrets that may stand in files."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, PlainSerializer, SecretStr, model_validator

_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d|w)\Z")


def parse_duration(value: object) -> timedelta:
    """Return a `timedelta` from `"60s"`, `"6h"`, `"1d"`; ValueError says what a duration looks like."""
    if isinstance(value, timedelta):
        return value
    found = _DURATION.match(str(value).strip())
    if not found:
        raise ValueError('a duration is a number with a unit: "500ms", "60s", "5m", "6h", "1d"')
    return timedelta(seconds=float(found[1]) * _UNITS[found[2]])


def format_duration(value: timedelta) -> str:
    """Return the shortest text that `parse_duration` reads back."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "m", "s"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{int(seconds / _UNITS[unit])}{unit}"
    return f"{round(seconds * 1000)}ms"


Duration = Annotated[
    timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration, return_type=str, when_used="always")
]


def _lasting(value: timedelta) -> timedelta:
    if not value:
        raise ValueError("it has to last some time")
    return value


Lasting = Annotated[Duration, AfterValidator(_lasting)]
"""A duration that may not be nothing."""


class Section(BaseModel):
    """A table of the file. Unknown keys are errors; `<secret>_file` names a file that holds the secret."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, data: Any) -> Any:
        return read_secret_files(cls, data)


def read_secret_files(model: type[BaseModel], data: Any) -> Any:
    """Return `data` with every `<secret>_file` replaced by the secret that the named file holds."""
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
            why = getattr(error, "strerror", None) or "it is not text"
            raise ValueError(f"{name}_file {str(path)!r} cannot be read: {why}") from error
    return values


def secret_text(value: SecretStr | None) -> str | None:
    """Return the secret itself; None where there is none."""
    return None if value is None else value.get_secret_value()
