"""Complaints about settings in plain words: the key, the value unless it is secret, and the form that is wanted."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from watcher.core.errors import ConfigurationError

_LONGEST = 60
_REFERENCE = "docs/reference/settings.md lists them all"

_WORDS: dict[str, str] = {
    "missing": "it must be set",
    "bool": "true or false is wanted",
    "int": "a whole number is wanted",
    "int_from_float": "a whole number is wanted",
    "float": "a number is wanted",
    "finite_number": "a finite number is wanted",
    "string": 'text is wanted, in quotes: "..."',
    "bytes": 'text is wanted, in quotes: "..."',
    "path": 'the path of a file is wanted, in quotes: "..."',
    "tuple": 'a list is wanted: ["...", "..."]',
    "list": 'a list is wanted: ["...", "..."]',
    "set": 'a list is wanted: ["...", "..."]',
    "frozen_set": 'a list is wanted: ["...", "..."]',
    "dict": "a table is wanted: { key = value }",
    "model": "a table is wanted: { key = value }",
    "model_attributes": "a table is wanted: { key = value }",
    "url": "a URL is wanted",
}
_BOUNDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "greater_than": lambda about: f"it must be greater than {about['gt']:g}",
    "greater_than_equal": lambda about: f"it must be at least {about['ge']:g}",
    "less_than": lambda about: f"it must be less than {about['lt']:g}",
    "less_than_equal": lambda about: f"it must be at most {about['le']:g}",
    "too_short": lambda about: f"at least {about['min_length']} of them are wanted",
    "too_long": lambda about: f"at most {about['max_length']} of them are taken",
    "string_too_short": lambda about: f"it must have at least {about['min_length']} characters",
    "string_too_long": lambda about: f"it may have at most {about['max_length']} characters",
    "string_pattern_mismatch": lambda about: f"it does not match {about['pattern']}",
    "enum": lambda about: f"it must be {_choice(about['expected'])}",
    "literal_error": lambda about: f"it must be {_choice(about['expected'])}",
}


def complaint(error: ValidationError, model: type[BaseModel]) -> ConfigurationError:
    """Return the first complaint as one line that never shows a secret, and how many more there are."""
    first = error.errors(include_url=False)[0]
    location = [str(part) for part in first["loc"] if not str(part).startswith(("function-", "tagged-union"))]
    parents = list(_models(model, location))
    what = _what(first, location, parents)
    if first["type"] not in {"value_error", "assertion_error", "extra_forbidden", "missing"}:
        what = _shown(first.get("input"), location, parents) + what
    more = error.error_count() - 1
    return ConfigurationError(".".join(location) or "settings", what + (f" (and {more} more)" if more else ""))


def _what(first: Mapping[str, Any], location: Sequence[str], parents: Sequence[type[BaseModel]]) -> str:
    kind: str = first["type"]
    about: Mapping[str, Any] = first.get("ctx", {})
    if kind in {"value_error", "assertion_error"}:
        return str(about.get("error") or first["msg"].partition(", ")[2])
    if kind == "extra_forbidden":
        known = [field.alias or name for name, field in parents[-1].model_fields.items()] if parents else []
        near = get_close_matches(location[-1], known, n=1)
        return "there is no such setting; " + (f"did you mean {near[0]}? " if near else "") + _REFERENCE
    if kind in _BOUNDS:
        return _BOUNDS[kind](about)
    stem = kind.removesuffix("_type").removesuffix("_parsing").removesuffix("_parsing_size")
    return _WORDS.get(kind) or _WORDS.get(stem) or f"it is not what is wanted here ({kind.replace('_', ' ')})"


def _choice(expected: str) -> str:
    """Return `'a', 'b' or 'c'` for people: without quotes."""
    return expected.replace("'", "")


def _shown(value: Any, location: Sequence[str], parents: Sequence[type[BaseModel]]) -> str:
    """Return the value and a colon; nothing where it is or may hold a secret."""
    if value is None or not isinstance(value, str | int | float | bool) or not location:
        return ""
    name = next((part for part in reversed(location) if not part.isdigit()), "")
    field = None if not parents else _field(parents[-1], name)
    if field is None or "Secret" in str(field.annotation):
        return ""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return f"{text if len(text) <= _LONGEST else text[:_LONGEST] + '...'}: "


def _models(model: type[BaseModel], location: Sequence[str]) -> Iterator[type[BaseModel]]:
    """Yield the model of each table on the way to `location`, the outermost first."""
    yield model
    for part in location[:-1]:
        if part.isdigit():
            continue
        field = _field(model, part)
        inner = getattr(model, "EACH", None) if field is None else next(_inner(field.annotation), None)
        if inner is None:
            return
        model = inner
        yield model


def _inner(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inner(part)


def _field(model: type[BaseModel], name: str) -> Any:
    return next((field for key, field in model.model_fields.items() if name in {key, field.alias}), None)
