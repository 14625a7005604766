"""`watcher feed`: the sources of names, their health and position."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from watcher.cli.main import EXIT_FAILED, GlobalOptions
from watcher.cli.output import Column, OutputFormat, emit, format_option
from watcher.core.errors import ConfigurationError
from watcher.core.shapes.times import short_time

if TYPE_CHECKING:
    from watcher.services.feeding.feeding import Feeding
    from watcher.services.feeding.health import FeedHealth

T = TypeVar("T")


@click.group()
def feed() -> None:
    """Show and run the configured feeds: zone files, zone transfers, and lists of names that exist."""


@feed.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: OutputFormat) -> None:
    """List the feeds with their health and position."""
    from watcher.bootstrap.network import system_clock
    from watcher.services.feeding.health import health_json

    rows = asyncio.run(_with(options, lambda feeding: feeding.list_health()))
    now = system_clock().now()
    emit(
        [health_json(row, now) for row in rows],
        output_format,
        plain=lambda row: row["name"],
        table={
            "name": lambda row: row["name"],
            "kind": Column(lambda row: row["kind"], 4),
            "worked (UTC)": lambda row: short_time(row["succeeded_at"]) or "never",
            "names": lambda row: row["names"],
            "appeared": Column(lambda row: row["appeared"], 2),
            "vanished": Column(lambda row: row["vanished"], 3),
            "matched": Column(lambda row: row["matched"], 1),
            "behind": Column(lambda row: row["behind"], 5),
            "trouble": lambda row: row["error"] or "",
        },
        fields=(
            "name",
            "kind",
            "attempted_at",
            "succeeded_at",
            "names",
            "appeared",
            "vanished",
            "matched",
            "new",
            "noted",
            "left_out",
            "age_seconds",
            "lag_seconds",
            "names_a_second",
            "behind",
            "position",
            "error",
        ),
        none="the settings name no feed; docs/how-to/learn-names-from-feeds.md shows how",
    )


@feed.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.pass_obj
def run(options: GlobalOptions, names: tuple[str, ...]) -> int:
    """Run the feeds NAME... now, one after the other. Matches are saved and looked at next."""

    async def each(feeding: "Feeding") -> int:
        _check(feeding, names)
        code = 0
        for name in names:
            health = await feeding.run(name)
            if health.error is not None:
                click.echo(f"watcher: feed {name}: {health.error}", err=True)
                code = EXIT_FAILED
                continue
            click.echo(f"watcher: feed {name}: {_came_of(health)}", err=True)
        return code

    return asyncio.run(_with(options, each))


@feed.command()
@click.argument("name")
@click.pass_obj
def reset(options: GlobalOptions, name: str) -> None:
    """Reset the position of the feed NAME, so that its next run reads everything."""

    async def one(feeding: "Feeding") -> None:
        _check(feeding, (name,))
        await feeding.reset(name)

    asyncio.run(_with(options, one))
    click.echo(f"watcher: feed {name} begins anew with its next run", err=True)


def _came_of(health: "FeedHealth") -> str:
    """Say what a run brought."""
    hits = (
        f"{health.matched} resemble a protected name, {health.new} of them are new, {health.noted} resemble one weakly"
    )
    if health.kind == "ct":
        troubled = sum(1 for log in health.logs if log.get("error"))
        began = "; the first run only went to the end of each log" if health.first_run else ""
        return f"{len(health.logs)} logs, {troubled} in trouble, {health.names} names, {hits}{began}"
    said = f"{health.names} names, {health.appeared} appeared, {health.vanished} vanished, {hits}"
    if health.left_out:
        said += f"; {health.left_out} lines held no name, the first: {health.left_out_first!r}"
    return said


def _check(feeding: "Feeding", names: tuple[str, ...]) -> None:
    for name in names:
        if name not in feeding.feeds:
            known = ", ".join(feeding.feeds) or "none"
            raise ConfigurationError(f"feeds.{name}", f"there is no such feed; the settings name {known}")


async def _with(options: GlobalOptions, work: Callable[["Feeding"], Awaitable[T]]) -> T:
    from watcher.bootstrap.command import build_enumeration, load_settings, open_store
    from watcher.bootstrap.feeding import build_feeding
    from watcher.data import load_suffixes
    from watcher.services.names.own import Ours

    chosen: Any = load_settings(options)
    async with open_store(chosen, create=False) as store:
        await (ours := Ours(store, load_suffixes())).read()
        return await work(build_feeding(chosen, store, build_enumeration(ours, chosen.techniques.words)))
