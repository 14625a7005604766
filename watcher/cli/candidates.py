"""`watcher candidates`: the lookalikes that could exist, best first, without network, database or settings."""

import click


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
def candidates(names: tuple[str, ...]) -> None:
    """Enumerate candidates."""
