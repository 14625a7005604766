"""`watcher completion`: the script by which a shell completes commands, options and their values."""

import click
from click.shell_completion import get_completion_class

from watcher.cli.main import cli


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the completion script for SHELL: bash, zsh or fish.

    In bash: `watcher completion bash > ~/.local/share/bash-completion/completions/watcher`, then open a new shell.
    """
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"there is no completion for {shell}")
    click.echo(found(cli, {}, "watcher", "_WATCHER_COMPLETE").source())
