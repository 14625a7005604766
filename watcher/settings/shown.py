"""The settings in effect as people may see them: secrets are hidden."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_SECRET = "(set, not shown)"  # noqa: S105 (what is shown in a secret's place)
_MASKED = "**********"


def effective(chosen: Any) -> dict[str, Any]:
    """Every setting as `section.field`, secrets hidden; of the database's address only the password is one."""
    shown = dict(_lines("", chosen.model_dump(mode="json", by_alias=True))) | dict(_unset_secrets("", chosen))
    return shown | {"database_url": _PASSWORD.sub("//***@", chosen.database_url.get_secret_value())}


_PASSWORD = re.compile("//[^/]*@")


def _unset_secrets(prefix: str, section: Any) -> Iterator[tuple[str, Any]]:
    """Yield the secrets that nobody set: what they are by default is none."""
    for name, field in type(section).model_fields.items():
        key, value = f"{prefix}{field.alias or name}", getattr(section, name)
        if hasattr(type(value), "model_fields"):
            yield from _unset_secrets(f"{key}.", value)
        elif hasattr(value, "get_secret_value") and value == field.default:
            yield key, value.get_secret_value()


def _lines(prefix: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, Mapping) and value and key not in {"rdap_servers", "whois_servers"}:
            yield from _lines(f"{prefix}{key}.", value)
        elif isinstance(value, list):
            yield f"{prefix}{key}", [_SECRET if item == _MASKED else item for item in value]
        else:
            yield f"{prefix}{key}", _SECRET if value == _MASKED else value
