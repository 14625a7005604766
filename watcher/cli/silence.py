"""`watcher silence`: what is recorded, but told to nobody."""

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import click

from watcher.bootstrap.command import has_database, load_settings, open_store
from watcher.bootstrap.network import system_clock
from watcher.cli.main import EXIT_USAGE, GlobalOptions
from watcher.cli.moments import MomentParameter
from watcher.cli.output import Column, OutputFormat, emit, format_option, visible
from watcher.cli.triage import this_user
from watcher.core.shapes.times import short_time
from watcher.core.telling.counted import counted

if TYPE_CHECKING:
    from watcher.store.silences import SilenceRow


@click.group()
def silence() -> None:
    """Manage silences: events that are recorded but not alerted, by name, suffix, technique or protected name."""


@silence.command()
@click.argument("value", metavar="NAME|SUFFIX|TECHNIQUE")
@click.option(
    "--by",
    "scope",
    type=click.Choice(["name", "suffix", "technique", "protected"]),
    default="name",
    show_default=True,
    help="Kind of the argument.",
)
@click.option(
    "--until", type=MomentParameter(ahead=True), metavar="T", help="End of the silence: 2026-12-31, or 7d from now."
)
@click.option("--note", default="", help="Reason, a note for people.")
@click.pass_obj
def add(options: GlobalOptions, value: str, scope: str, until: datetime | None, note: str) -> None:
    """Add a silence: no alerts until its end, or until it is removed. Prints the id of the silence."""
    click.echo(asyncio.run(_add(options, scope, value, until, note)).id)


@silence.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: OutputFormat) -> None:
    """List the silences in force."""
    from watcher.services.names.silence import silence_json

    emit(
        map(silence_json, asyncio.run(_listed(options))),
        output_format,
        plain=lambda row: f"{row['id']} {row['scope']} {row['value']}",
        table={
            "id": lambda row: row["id"],
            "by": lambda row: row["scope"],
            "value": lambda row: row["value"],
            "until (UTC)": lambda row: short_time(row["until"]) or "without end",
            "note": Column(lambda row: row["note"], 1),
            "made by": Column(lambda row: f"{row['created_by'] or ''}{' (triage)' if row['by_triage'] else ''}", 2),
        },
        fields=("id", "scope", "value", "until", "note", "created_at", "created_by", "by_triage"),
        none="no silence is in force",
    )


@silence.command()
@click.argument("which", metavar="ID|VALUE")
@click.pass_obj
def remove(options: GlobalOptions, which: str) -> int:
    """Remove the silence with this id, or every silence with this value; alerts are sent again."""
    if removed := asyncio.run(_remove(options, which)):
        click.echo(f"watcher: {counted(removed, 'silence')} removed", err=True)
        return 0
    click.echo(f"watcher: there is no silence {visible(which[:80])!r}", err=True)
    return EXIT_USAGE


async def _add(options: GlobalOptions, scope: str, value: str, until: datetime | None, note: str) -> "SilenceRow":
    from watcher.core.telling.alerts import SilenceScope
    from watcher.data import load_suffixes
    from watcher.services.names import silence as service

    suffixes = load_suffixes()
    service.kept(SilenceScope(scope), value, suffixes)  # before the database is made: a wrong value leaves nothing
    async with open_store(load_settings(options), create=True) as store:
        return await service.add(
            store,
            SilenceScope(scope),
            value,
            suffixes=suffixes,
            now=system_clock().now(),
            until=until,
            note=note,
            by=this_user(),
        )


async def _listed(options: GlobalOptions) -> "list[SilenceRow]":
    from watcher.store import silences

    async with open_store(load_settings(options), create=False) as store, store.read() as tx:
        return await silences.list_all(tx, active_at=system_clock().now())


async def _remove(options: GlobalOptions, which: str) -> int:
    from watcher.data import load_suffixes
    from watcher.services.names import silence as service

    chosen = load_settings(options)
    if not await asyncio.to_thread(has_database, chosen):
        return 0
    async with open_store(chosen, create=False) as store:
        return await service.remove(store, which, suffixes=load_suffixes())
