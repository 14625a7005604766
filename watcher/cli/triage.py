"""`watcher triage`: what people decided about lookalikes, and who."""

import asyncio
import getpass

import click

from watcher.bootstrap.command import load_settings, open_store
from watcher.bootstrap.network import system_clock
from watcher.cli.main import EXIT_USAGE, GlobalOptions


def this_user() -> str | None:
    """Return the user who runs the command, by this machine's accounts; None for a user without a name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return None


@click.command()
@click.argument(
    "decision",
    type=click.Choice(["new", "investigating", "takedown", "blocked", "owned", "ignored"]),
    metavar="DECISION",
)
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option("--note", help="Reason, a note for people. Without it the present note is kept.")
@click.pass_obj
def triage(options: GlobalOptions, decision: str, names: tuple[str, ...], note: str | None) -> int:
    """Set the triage of lookalikes. If one name is unknown, none is changed.

    DECISION is new, investigating, takedown, blocked, owned (adds the names to the own list) or ignored (silences
    them). The person and the time are recorded and shown.
    """
    unknown = asyncio.run(_decide(options, decision, names, note))
    if not unknown:
        click.echo(f"watcher: {len(set(names))} changed", err=True)
        return 0
    click.echo(f"watcher: {unknown[0]} is no lookalike that was seen; nothing was changed", err=True)
    return EXIT_USAGE


async def _decide(options: GlobalOptions, decision: str, names: tuple[str, ...], note: str | None) -> tuple[str, ...]:
    from watcher.core.names.protected import parse_any
    from watcher.core.states.lookalike import Triage
    from watcher.data import load_suffixes
    from watcher.services.names.triage import decide

    suffixes = load_suffixes()
    wanted = list(dict.fromkeys(parse_any(name, suffixes) for name in names))
    async with open_store(load_settings(options), create=False) as store:
        return await decide(store, wanted, Triage(decision), note=note, now=system_clock().now(), by=this_user())
