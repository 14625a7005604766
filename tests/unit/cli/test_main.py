"""The command line's frame: exit codes, one line for each failure, global options."""

import os
import subprocess
import sys

import click
import pytest

from watcher import __version__
from watcher.cli import main
from watcher.cli.main import GlobalOptions, LazyGroup, cli, run
from watcher.core.errors import ConfigurationError, DishonestResolver, InvalidName, StoreError


def test_version(capsys) -> None:
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"watcher {__version__}\n"


def test_no_command_shows_the_help_and_is_wrong_usage(capsys) -> None:
    assert run([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Usage: watcher" in captured.err


@pytest.mark.parametrize(
    "arguments", [["nosuch"], ["--nosuch"], ["candidates"], ["candidates", "a.com", "--limit", "0"]]
)
def test_wrong_usage_is_one_line_and_2(capsys, arguments: list[str]) -> None:
    assert run(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("watcher: ")
    assert captured.err.count("\n") == 1
    assert "--help" in captured.err


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (InvalidName("a\nb\x1b", "it is odd"), 2, "it is odd"),
        (ConfigurationError("dns.resolvers", "name one"), 2, "dns.resolvers: name one"),
        (StoreError("there is no database here"), 3, "there is no database here"),
        (DishonestResolver("192.0.2.1:53", "it rewrites"), 3, "192.0.2.1:53"),
        (PermissionError(13, "Permission denied", "x.toml"), 3, "Permission denied"),
        (click.ClickException("no such file"), 3, "no such file"),
        (KeyError("bug"), 3, "unexpected KeyError"),
    ],
)
def test_every_failure_has_its_code_and_ends_in_one_line(capsys, error: Exception, code: int, said: str) -> None:
    assert main._failed(error) == code
    err = capsys.readouterr().err
    last = err.splitlines()[-1]
    assert last.startswith("watcher: ")
    assert said in last
    assert "\x1b" not in last


def test_a_bug_shows_where_it_happened(capsys) -> None:
    @click.command()
    def broken() -> None:
        raise KeyError("bug")

    assert _run_as(broken, []) == 3
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "in broken" in err


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_an_interrupt_is_130(stop: type[BaseException]) -> None:
    @click.command()
    def stopped() -> None:
        raise stop

    assert _run_as(stopped, []) == 130


@pytest.mark.parametrize(("result", "code"), [(None, 0), (1, 1), (3, 3), ("text", 0)])
def test_a_command_may_return_its_code(result: object, code: int) -> None:
    @click.command()
    def done() -> object:
        return result

    assert _run_as(done, []) == code


def test_global_options_reach_the_command() -> None:
    seen: list[GlobalOptions] = []

    @click.command()
    @click.pass_obj
    def look(options: GlobalOptions) -> None:
        seen.append(options)

    assert _run_as(look, ["--config", "x.toml", "--database-url", "sqlite:///y.db", "-vv"]) == 0
    (options,) = seen
    assert (str(options.config), options.database_url, options.verbosity) == ("x.toml", "sqlite:///y.db", 2)


def test_every_listed_command_is_there() -> None:
    context = click.Context(cli)
    assert isinstance(cli, LazyGroup)
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert cli.get_command(context, "nosuch") is None


def _run_as(command: click.Command, arguments: list[str]) -> int:
    """Run `command` behind the real global options, as a group that knows nothing else."""
    group = click.Group(params=cli.params, callback=cli.callback)
    group.add_command(command, "it")
    return main.run([*arguments, "it"], group)


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        (["chek", "army.mil"], "check"),
        (["lookalike"], "lookalikes"),
        (["protect", "ad"], "add"),
        (["mail_log"], "mail-log"),
        (["check", "--formatt", "json", "a.com"], "--format"),
        (["--confg", "x", "check"], "--config"),
        (["export", "postfix_acces"], "postfix_access"),
    ],
)
def test_what_is_mistyped_gets_a_suggestion(capsys, arguments: list[str], wanted: str) -> None:
    assert run(arguments) == 2
    err = capsys.readouterr().err
    assert "did you mean" in err.lower()
    assert wanted in err.lower().partition("did you mean")[2]


@pytest.mark.parametrize("command", ["check", "scan", "sweep", "doctor", "worker", "report"])
@pytest.mark.parametrize("wrong", ["nonsense", "192.0.2.1:99999", "", "tls://dns.example"])
def test_a_wrong_resolver_is_an_error_of_its_option(capsys, command: str, wrong: str) -> None:
    names = [] if command in {"sweep", "doctor", "worker"} else ["army.mil"]
    assert run([command, f"--resolver={wrong}", *names]) == 2
    assert "--resolver" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(capsys, shell: str) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert f"_WATCHER_COMPLETE={shell}_complete" in script


def test_a_shell_completes_commands_and_options() -> None:
    def completed(words: str, place: int) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-m", "watcher"],
            env={**os.environ, "_WATCHER_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(place)},
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert "plain,lookalikes" in completed("watcher lo", 1)
    assert {"plain,worst", "plain,newest"} <= set(completed("watcher lookalikes --sort ", 3))
