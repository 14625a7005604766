"""The `watcher` command: global options, subcommands imported only when used, and what each failure exits with.

Exit codes: 0 done; 1 done, and something was found that `--fail-on` names; 2 wrong usage or settings;
3 could not do it, always with one line that says why; 130 interrupted.
"""

import importlib
import os
import sys
import traceback
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import click

from watcher import __version__
from watcher.cli.output import visible
from watcher.core.errors import ConfigurationError, InvalidName, ReportRefused, WatcherError

COMMANDS: dict[str, str] = {
    "candidates": "watcher.cli.candidates:candidates",
    "check": "watcher.cli.check:check",
    "scan": "watcher.cli.scan:scan",
    "protect": "watcher.cli.protect:protect",
    "own": "watcher.cli.own:own",
    "serve": "watcher.cli.serve:serve",
    "sweep": "watcher.cli.sweep:sweep",
    "worker": "watcher.cli.worker:worker",
    "lookalikes": "watcher.cli.lookalikes:lookalikes",
    "triage": "watcher.cli.triage:triage",
    "events": "watcher.cli.events:events",
    "match": "watcher.cli.match:match",
    "feed": "watcher.cli.feed:feed",
    "mail-log": "watcher.cli.mail_log:mail_log",
    "policy": "watcher.cli.policy:policy",
    "report": "watcher.cli.report:report",
    "export": "watcher.cli.export:export",
    "silence": "watcher.cli.silence:silence",
    "channels": "watcher.cli.channels:channels",
    "doctor": "watcher.cli.doctor:doctor",
    "token": "watcher.cli.token:token",
    "migrate": "watcher.cli.migrate:migrate",
    "backup": "watcher.cli.migrate:backup",
    "healthcheck": "watcher.cli.migrate:healthcheck",
    "completion": "watcher.cli.completion:completion",
}
"""Subcommand -> "module:command", in the order `--help` shows them; the module is imported when the command is used."""

EXIT_FOUND = 1
EXIT_USAGE = 2
EXIT_FAILED = 3
EXIT_INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """The options before the subcommand; commands receive them through `click.pass_obj`.

    `config` is the settings file that was named, or None for the default places. `database_url` overrides the setting
    when not None. `verbosity` counts `-v`.
    """

    config: Path | None = None
    database_url: str | None = None
    verbosity: int = 0


class LazyGroup(click.Group):
    """A group whose subcommands are imported only when used."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        """Every registered subcommand, in the registry's order."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (click's signature)
        """The subcommand, imported now; None when there is none of this name."""
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{target} is no click command")
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The subcommand of a command line. An unknown one is an error that names those most like it."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-") and not ctx.resilient_parsing:
            raise click.UsageError(f"there is no command {name!r}{did_you_mean(name, COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)


def did_you_mean(text: str, known: Iterable[str]) -> str:
    """Return `; did you mean ...?` with what of `known` is most like `text`, or nothing."""
    near = get_close_matches(text.lower(), list(known), n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(near)}?" if near else ""


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--config",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Settings file (default: watcher.toml here, then /etc/watcher/watcher.toml).",
)
@click.option("--database-url", metavar="URL", help="Database to use instead of the one in the settings.")
@click.option("-v", "--verbose", count=True, help="Print more on standard error; repeat for everything.")
@click.version_option(__version__, prog_name="watcher", message="%(prog)s %(version)s")
@click.pass_context
def cli(ctx: click.Context, config: Path | None, database_url: str | None, verbose: int) -> None:
    """Watch the lookalikes of protected names, and alert you when one can receive mail."""
    ctx.obj = GlobalOptions(config, database_url, verbose)


def run(arguments: Sequence[str] | None = None, group: click.Group = cli) -> int:
    """Run one command line (default: this process's) and return its exit code; prints one line for any failure.

    A command returns None for 0, or its exit code.
    """
    if "_WATCHER_COMPLETE" in os.environ:  # click's shell completion has its own way through main()
        group.main(prog_name="watcher")
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that cannot show a character gets its escape, not a traceback
            stream.reconfigure(errors="backslashreplace")
    try:
        code = _invoke(group, sys.argv[1:] if arguments is None else list(arguments))
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()  # the reader had enough (`| head`): neither an error nor worth a word
        return 0
    return code


def _invoke(group: click.Group, arguments: list[str]) -> int:
    try:
        with group.make_context("watcher", arguments) as ctx:
            result = group.invoke(ctx)
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 (a bug must not end in exit code 1, which says that something was found)
        return _failed(error)
    return result if isinstance(result, int) else 0


def _failed(error: Exception) -> int:
    """Say what `error` means to the operator; returns the exit code."""
    match error:
        case click.exceptions.NoArgsIsHelpError():
            click.echo(error.format_message(), err=True)
            return EXIT_USAGE
        case click.UsageError():
            path = error.ctx.command_path if error.ctx else "watcher"
            return _complain(f"{error.format_message()} (see `{path} --help`)", EXIT_USAGE)
        case InvalidName() | ConfigurationError() | ReportRefused():
            return _complain(str(error), EXIT_USAGE)
        case WatcherError() | OSError():  # disk full, file not readable: the operator's to mend
            return _complain(str(error), EXIT_FAILED)
        case click.ClickException():
            return _complain(error.format_message(), EXIT_FAILED)
        case _:
            traceback.print_exception(error)
            return _complain(f"unexpected {type(error).__name__}: {error}; please report this", EXIT_FAILED)


def _complain(message: str, code: int) -> int:
    """Print `message` as one harmless line on standard error; returns `code`."""
    try:
        click.echo(f"watcher: {visible(' '.join(message.split()))}", err=True)
    except BrokenPipeError:
        _discard_output()
    return code


def _discard_output() -> None:
    """Let nothing more reach a closed pipe, also not the interpreter's own flush at exit."""
    devnull = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            os.dup2(devnull, stream.fileno())
        except (OSError, ValueError):  # replaced by something without a descriptor, as tests do
            continue
