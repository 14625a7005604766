"""Names from a file or standard input, for the `import` commands."""

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import click

from watcher.core.errors import ConfigurationError, InvalidName
from watcher.core.names.lists import ListEntry, NamesList

_MOST_NAMES = 1_000_000
_MOST_TOLD = 50

skip_bad_option = click.option("--skip-bad", is_flag=True, help="Skip lines that hold no name, and report them.")


def read_entries(
    file: Path, *, skip_bad: bool = False, learn: Callable[[Sequence[str]], object] | None = None
) -> Sequence[ListEntry]:
    """The names in `file` (`-`: standard input), in any form of `core.names.lists`; every one has been checked.

    A CSV with the heading `name,owner,tags` brings these along. Raises ConfigurationError that names the file and every
    bad line; with `skip_bad` these are told on standard error and left out. `learn` is given the texts before they are
    checked.
    """
    from watcher.core.names.protected import parse_protected
    from watcher.data import load_suffixes
    from watcher.feeds.lists import read_lines

    shown = "standard input" if str(file) == "-" else str(file)
    suffixes = load_suffixes()
    good: list[ListEntry] = []
    bad: list[str] = []
    entries = list(islice(NamesList().entries(read_lines(file)), _MOST_NAMES + 1))
    if len(entries) > _MOST_NAMES:
        raise ConfigurationError(shown, f"more than {_MOST_NAMES:,} names")
    if learn is not None:
        learn([entry.text for entry in entries])
    for entry in entries:
        try:
            parse_protected(entry.text, suffixes)
        except InvalidName as error:
            bad.append(f"line {entry.number}: {error}")
        else:
            good.append(entry)
    if bad and not skip_bad:
        raise ConfigurationError(shown, f"{'; '.join(_first(bad))}; nothing was added (--skip-bad leaves these out)")
    if not good:
        why = f": {'; '.join(_first(bad))}" if bad else ""
        raise ConfigurationError(shown, f"holds no names; write one name a line{why}")
    for line in _first(bad):
        click.echo(f"watcher: {shown}, {line}; left out", err=True)
    return good


def _first(bad: Sequence[str]) -> list[str]:
    more = len(bad) - _MOST_TOLD
    return [*bad[:_MOST_TOLD], f"and {more} more"] if more > 0 else list(bad)
