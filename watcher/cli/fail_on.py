"""`--fail-on`: exit with 1 when something was found that a script should stop at."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from watcher.core.known import Known
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag

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
        help="Exit with code 1 when a name matches; repeatable.",
    )(command)


def _checked(_ctx: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        severity = value.removeprefix("severity=")
        if value not in (*_ABILITIES, "armed") and (severity == value or severity not in list(Severity)):
            raise click.BadParameter(f"{value!r} is not one of able, unknown, armed, severity={'|'.join(Severity)}")
    return values


def found(known: Known, fail_on: Sequence[str]) -> bool:
    """Return whether a name is something that `fail_on` names."""
    flags = () if known.verdict is None else known.verdict.flags
    for wanted in fail_on:
        if wanted in _ABILITIES and known.ability == wanted:
            return True
        if wanted == "armed" and Flag.ARMED in flags:
            return True
        if wanted.startswith("severity=") and known.severity.at_least(Severity(wanted.removeprefix("severity="))):
            return True
    return False
