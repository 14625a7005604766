"""`watcher scan`: one pass over a name's lookalikes right now; keeps nothing unless told to."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watcher.cli.check import KNOWN_FIELDS, sentence
from watcher.cli.fail_on import fail_on_option, found
from watcher.cli.finds import Finds, live_lines
from watcher.cli.main import EXIT_FOUND, EXIT_INTERRUPTED, GlobalOptions
from watcher.cli.output import OutputFormat, emit, format_option, visible
from watcher.cli.progress import progress
from watcher.cli.seeing import must_see, resolver_option, store_if_any
from watcher.cli.streaming import streamed
from watcher.cli.table import table_width
from watcher.core.known import Known
from watcher.core.names.protected import ProtectedName, parse_protected
from watcher.core.shapes.known import lookalike_json

if TYPE_CHECKING:
    from watcher.bootstrap.network import Network
    from watcher.core.slips.candidates import Candidate
    from watcher.feeds.names import ExistingNames
    from watcher.services.answers.scan import Scan
    from watcher.services.looks.watch import Recorded


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
@click.option("--all-hosts", is_flag=True, help="Show every host that a wildcard answers for, not only the first.")
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
    all_hosts: bool,
    resolvers: tuple[str, ...],
    fail_on: tuple[str, ...],
    output_format: OutputFormat,
) -> int:
    """Find the lookalikes of NAME that exist, and check whether they can receive mail.

    Each is shown as soon as it is checked; `--format json` gives all of them at the end, the worst first. A summary
    follows, also after Ctrl-C. A wildcard answers for many hosts: the first is shown.
    """
    from watcher.bootstrap.command import load_settings
    from watcher.data import load_suffixes

    suffixes = load_suffixes()
    wanted = [ProtectedName(*parse_protected(text, suffixes)) for text in names]
    if existing is not None and save:
        raise click.UsageError("--names and --save exclude each other; the setting sweep.names serves the service")
    chosen = load_settings(options, resolvers)
    pass_ = ScanPass(wanted, limit=limit, save=save, existing=existing)
    finds = Finds(all_hosts=all_hosts)
    interrupted = False
    try:
        _show(finds, streamed(_found(chosen, pass_)), output_format)
    except KeyboardInterrupt:
        interrupted = True
        if output_format is OutputFormat.JSON:
            _show(finds, (), output_format)
    for line in finds.summary([item.name for item in wanted], pass_, interrupted=interrupted):
        click.echo(f"watcher: {line}", err=True)
    if interrupted:
        return EXIT_INTERRUPTED
    return EXIT_FOUND if any(found(row, fail_on) for row in finds.rows.values()) else 0


def _show(finds: Finds, rows: Iterable[Known], output_format: OutputFormat) -> None:
    """Write the rows as they come; as JSON when all have come."""
    stream = _flushed(finds.new(rows))
    if output_format is OutputFormat.TABLE:
        for row in stream:
            click.echo("\n".join(visible(line) for line in live_lines(row, sentence(row), table_width())))
        return
    if output_format is OutputFormat.JSON:
        for _ in stream:
            pass
        stream = finds.worst_first()
    fields = (*KNOWN_FIELDS, "techniques", "likelihood", "protected")
    emit(stream, output_format, plain=lambda row: row.name, table={}, shape=lookalike_json, fields=fields)


def _flushed(rows: Iterable[Known]) -> Iterator[Known]:
    """Yield the rows, and let the reader of a pipe see each at once."""
    for row in rows:
        yield row
        sys.stdout.flush()


@dataclass(slots=True)
class ScanPass:
    """The wishes for a scan, and how far it is: `asked` of `total` domains, of which `unsettled` said nothing."""

    wanted: Sequence[ProtectedName]
    limit: int
    save: bool
    existing: Path | None
    asked: int = 0
    total: int = 0
    unsettled: int = 0


async def _found(chosen: Any, pass_: ScanPass) -> AsyncGenerator[Known, None]:
    """Yield each lookalike as soon as it was looked at."""
    waiting: asyncio.Queue[Known | None] = asyncio.Queue()
    working = asyncio.create_task(_scan(chosen, pass_, waiting.put_nowait))
    working.add_done_callback(lambda _: waiting.put_nowait(None))
    try:
        while (row := await waiting.get()) is not None:
            yield row
        await working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _scan(chosen: Any, pass_: ScanPass, found: Callable[[Known], None]) -> None:
    from watcher.bootstrap.command import build_enumeration, build_lookup
    from watcher.bootstrap.network import open_network, system_clock
    from watcher.bootstrap.root_labels import build_root_labels
    from watcher.data import load_suffixes
    from watcher.feeds.sweeper import FeedSweeper
    from watcher.services.answers.scan import Scan
    from watcher.services.names.own import Ours
    from watcher.services.sweeps.controls import Controls

    async with open_network(chosen, registration=pass_.save) as net:
        await must_see(net)
        if pass_.save:
            await _saved(chosen, net, pass_, found)
            return
        async with store_if_any(chosen) as store:
            await build_root_labels(store).read()
            await (ours := Ours(store, load_suffixes())).read()
            names = build_enumeration(ours, chosen.techniques.words, chosen.share)
            lookup = build_lookup(net, ours=ours, names=names)
            feed = None if pass_.existing is None else FeedSweeper(await asyncio.to_thread(_read, pass_.existing), None)
            asked = unsettled = 0
            for item in pass_.wanted:
                controls = Controls(net.asking, system_clock())
                made = Scan(feed or net.sweeper, lookup, names, item, pass_.limit, controls=controls, found=found)
                try:
                    async with progress(_counts(made), lambda made=made: len(made.unsettled)):  # type: ignore[misc]
                        await made.run()
                finally:
                    pass_.asked, pass_.total = asked + made.asked, asked + made.total
                    pass_.unsettled = unsettled + len(made.unsettled)
                asked, unsettled = pass_.asked, pass_.unsettled
                if made.unsettled:
                    click.echo(
                        f"watcher: {len(made.unsettled)} of {made.asked} domains of {item.name} did not settle",
                        err=True,
                    )


def _counts(made: "Scan") -> Callable[[], tuple[int, int]]:
    return lambda: (made.asked, made.total)


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


async def _saved(chosen: Any, net: "Network", pass_: ScanPass, found: Callable[[Known], None]) -> None:
    """The same pass as the service makes it, recorded; the names become protected."""
    from watcher.bootstrap.command import open_store
    from watcher.bootstrap.network import system_clock
    from watcher.bootstrap.root_labels import build_root_labels
    from watcher.bootstrap.watching import build_watching
    from watcher.services.answers.lookup import known_row
    from watcher.services.answers.scan import Unseen
    from watcher.services.names.protect import protect
    from watcher.store import lookalikes, resemblances
    from watcher.store.lookalikes import Wanted

    def recorded(look: "Recorded", candidate: "Candidate | None") -> None:
        if candidate is not None and look.row is not None and look.row.first_seen_at is not None:
            found(known_row(look.row, [watching.enumeration.resemblance(candidate)]))

    async with open_store(chosen, create=True) as store:
        await build_root_labels(store).read()
        watching = build_watching(chosen, store, net, found=recorded)
        suffixes = watching.enumeration.tables.suffixes
        texts = [item.name for item in pass_.wanted]
        added = await protect(store, texts, suffixes=suffixes, now=system_clock().now())
        if added.new:
            newly = "1 name is" if added.new == 1 else f"{added.new} names are"
            click.echo(f"watcher: {newly} protected now", err=True)
        await watching.ours.read()
        sweep = watching.sweep
        try:
            async with progress(lambda: (sweep.seen, pass_.limit * len(texts)), lambda: sweep.state.unsettled):
                report = await sweep.over(texts, pass_.limit)
        finally:
            pass_.asked, pass_.total, pass_.unsettled = sweep.seen, pass_.limit * len(texts), sweep.state.unsettled
        pass_.total = pass_.asked
        if report.blind:
            raise Unseen(f"the scan was blind: {report.blind}; see `watcher doctor`")
        await watching.relook.due(failing=True)
        for name in texts:
            async with store.read() as tx:
                rows = await lookalikes.list_all(tx, Wanted(protected=name))
                known = await resemblances.find_all(tx, [row.name for row in rows])
            for row in rows:
                found(known_row(row, known[row.name]))
