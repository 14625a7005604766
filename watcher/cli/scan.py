"""`watcher scan`: one pass over a name's lookalikes right now; keeps nothing unless told to."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.check import KNOWN_FIELDS, sentence
from watcher.cli.fail_on import fail_on_option, found
from watcher.cli.main import EXIT_FOUND, GlobalOptions
from watcher.cli.output import OutputFormat, emit, format_option
from watcher.cli.progress import progress
from watcher.cli.seeing import must_see, resolver_option, store_if_any
from watcher.core.known import Known, collapsed, shown_name
from watcher.core.names.protected import ProtectedName, parse_protected
from watcher.core.shapes.known import lookalike_json

if TYPE_CHECKING:
    from watcher.bootstrap.network import Network
    from watcher.feeds.names import ExistingNames


@click.command()
@click.argument("names", metavar="NAME...", nargs=-1, required=True)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20_000,
    show_default=True,
    help="Maximum number of candidates for each NAME.",
)
@click.option(
    "--names",
    "existing",
    type=click.Path(path_type=Path, allow_dash=True),
    help="Names that exist (a list, or a complete zone file; `-`: standard input): look at these only.",
)
@click.option("--save", is_flag=True, help="Protect NAME, and save the results in the database as its baseline.")
@resolver_option
@fail_on_option
@format_option
@click.pass_obj
def scan(
    options: GlobalOptions,
    *,
    names: tuple[str, ...],
    limit: int,
    existing: Path | None,
    save: bool,
    resolvers: tuple[str, ...],
    fail_on: tuple[str, ...],
    output_format: OutputFormat,
) -> int:
    """Find the lookalikes of NAME that exist, and check whether they can receive mail; the worst come first."""
    from watcher.bootstrap.command import load_settings
    from watcher.data import load_suffixes

    suffixes = load_suffixes()
    wanted = [ProtectedName(*parse_protected(text, suffixes)) for text in names]
    if existing is not None and save:
        raise click.UsageError("--names and --save exclude each other; the setting sweep.names serves the service")
    chosen = load_settings(options, resolvers)
    rows = asyncio.run(_scan(chosen, wanted, limit=limit, save=save, existing=existing))
    emit(
        collapsed(rows) if output_format is OutputFormat.TABLE else rows,
        output_format,
        plain=lambda row: row.name,
        table={
            "severity": lambda row: row.severity,
            "name": shown_name,
            "mail": lambda row: "not looked at" if row.verdict is None else row.verdict.ability,
            "why": sentence,
            "resembles": lambda row: "; ".join(resemblance.explanation for resemblance in row.resembles),
        },
        shape=lookalike_json,
        fields=(*KNOWN_FIELDS, "techniques", "likelihood", "protected"),
    )
    return EXIT_FOUND if any(found(row, fail_on) for row in rows) else 0


async def _scan(
    chosen: Any, wanted: Sequence[ProtectedName], *, limit: int, save: bool, existing: Path | None
) -> list[Known]:
    from watcher.bootstrap.command import build_enumeration, build_lookup
    from watcher.bootstrap.network import open_network, system_clock
    from watcher.data import load_suffixes
    from watcher.feeds.sweeper import FeedSweeper
    from watcher.services.answers.scan import Scan
    from watcher.services.names.own import Ours
    from watcher.services.sweeps.controls import Controls

    async with open_network(chosen, registration=save) as net:
        await must_see(net)
        if save:
            return await _saved(chosen, net, wanted, limit)
        async with store_if_any(chosen) as store:
            await (ours := Ours(store, load_suffixes())).read()
            names = build_enumeration(ours, chosen.techniques.words, chosen.share)
            lookup = build_lookup(net, ours=ours, names=names)
            rows: list[Known] = []
            feed = None if existing is None else FeedSweeper(await asyncio.to_thread(_read, existing), None)
            for item in wanted:
                made = Scan(
                    feed or net.sweeper, lookup, names, item, limit, controls=Controls(net.asking, system_clock())
                )
                async with progress(lambda made=made: (made.asked, made.total), lambda made=made: len(made.unsettled)):  # type: ignore[misc]
                    rows += await made.run()
                if made.unsettled:
                    click.echo(
                        f"watcher: {len(made.unsettled)} of {made.asked} domains of {item.name} did not settle",
                        err=True,
                    )
            return rows


def _read(existing: Path) -> "ExistingNames":
    """The names that exist; what was left out is said. Raises ConfigurationError where nothing is left."""
    from watcher.core.errors import WatcherError
    from watcher.core.names.lists import ListTally
    from watcher.feeds.names import read_existing

    tally = ListTally()
    found = read_existing([existing], tally)
    click.echo(f"watcher: {tally.lines} lines read, {tally.named} held a name", err=True)
    if tally.dropped:
        first = "; ".join(repr(line) for line in tally.shown)
        click.echo(f"watcher: {tally.dropped} lines held no name, the first: {first}", err=True)
        if not tally.named:
            raise WatcherError(f"no line of {existing} holds a name")
    return found


async def _saved(chosen: Any, net: "Network", wanted: Sequence[ProtectedName], limit: int) -> list[Known]:
    """The same pass as the service makes it, recorded; the names become protected."""
    from watcher.bootstrap.command import open_store
    from watcher.bootstrap.network import system_clock
    from watcher.bootstrap.watching import build_watching
    from watcher.core.known import worst_first
    from watcher.services.answers.lookup import known_row
    from watcher.services.answers.scan import Unseen
    from watcher.services.names.protect import protect
    from watcher.store import lookalikes, resemblances
    from watcher.store.lookalikes import Wanted

    async with open_store(chosen, create=True) as store:
        watching = build_watching(chosen, store, net)
        suffixes = watching.enumeration.tables.suffixes
        texts = [item.name for item in wanted]
        added = await protect(store, texts, suffixes=suffixes, now=system_clock().now())
        if added.new:
            click.echo(f"watcher: {added.new} of {len(texts)} names are protected now", err=True)
        await watching.ours.read()
        sweep = watching.sweep
        async with progress(lambda: (sweep.seen, limit * len(texts)), lambda: sweep.state.unsettled):
            report = await sweep.over(texts, limit)
        if report.blind:
            raise Unseen(f"the scan was blind: {report.blind}; see `watcher doctor`")
        await watching.relook.due(failing=True)
        rows = []
        for name in texts:
            async with store.read() as tx:
                found_rows = await lookalikes.list_all(tx, Wanted(protected=name))
                known = await resemblances.find_all(tx, [row.name for row in found_rows])
            rows += sorted((known_row(row, known[row.name]) for row in found_rows), key=worst_first)
        return rows
