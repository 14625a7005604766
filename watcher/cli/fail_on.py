"""`--fail-on`: exit with 1 when something was found that a script should stop at."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import click

from watcher.core.risk import Severity

F = TypeVar("F", bound=Callable[..., Any])
_ABILITIES = ("able", "unknown")


def fail_on_option(command: F) -> F:
    """`--fail-on able|unknown|armed|severity=high`, repeatable, handed over as `fail_on`."""
    return click.option(
        "--fail-on",
        "fail_on",
        multiple=True,
        metavar="able|unknown|armed|severity=S",
        callback=_checked,
        help="Exit with 1 when a name is so; repeatable.",
    )(command)


def _checked(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        severity = value.removeprefix("severity=")
        if value not in (*_ABILITIES, "armed") and (severity == value or severity not in list(Severity)):
            raise click.BadParameter(f"{value!r} is not one of able, unknown, armed, severity={'|'.join(Severity)}")
    return values


def found(shape: Mapping[str, Any], fail_on: Sequence[str]) -> bool:
    """Whether a check or lookalike shape is something `fail_on` names."""
    mail = shape["mail"] or {"ability": "unknown", "flags": []}
    for wanted in fail_on:
        if wanted in _ABILITIES and mail["ability"] == wanted:
            return True
        if wanted == "armed" and "armed" in mail["flags"]:
            return True
        if wanted.startswith("severity=") and Severity(shape["severity"]).at_least(
            Severity(wanted.removeprefix("severity="))
        ):
            return True
    return False
