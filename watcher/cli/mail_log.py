"""`watcher mail-log`: who already wrote to lookalikes."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import click

from watcher.cli.fail_on import fail_on_option, found
from watcher.cli.main import EXIT_FOUND, GlobalOptions
from watcher.cli.moments import MomentParameter
from watcher.cli.output import Column, OutputFormat, emit, format_option, json_line, visible
from watcher.cli.seeing import must_see, resolver_option
from watcher.cli.table import Columns
from watcher.core.errors import ConfigurationError
from watcher.core.known import Known
from watcher.core.telling.counted import counted

if TYPE_CHECKING:
    from watcher.core.mail.log_entry import LogForm, LogReader, LogReading
    from watcher.feeds.log_files import GrowingLog
    from watcher.services.blocking.mail_log import MailLogCount, WrittenRow
    from watcher.settings.settings import Settings
    from watcher.store import Store

_FORMS = ("auto", "postfix", "exim", "exchange", "google")
_POLL_SECONDS = 1.0
_SAMPLE = 262_144
_TABLE: Columns = {
    "written to": lambda row: row["unicode"],
    "resembles": lambda row: row["protected"][:1],
    "techniques": Column(lambda row: row["techniques"][:2], 8),
    "grade": Column(lambda row: row["grade"], 4),
    "ability": lambda row: row["ability"],
    "messages": lambda row: row["messages"],
    "senders": lambda row: row["senders"],
    "delivered": Column(lambda row: row["delivered"], 1),
    "bounced": Column(lambda row: row["bounced"], 6),
    "deferred": Column(lambda row: row["deferred"], 7),
    "refused": Column(lambda row: row["refused"], 5),
    "first": Column(lambda row: row["first_day"], 3),
    "last": Column(lambda row: row["last_day"], 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Asked:
    """The options of one run."""

    files: tuple[Path, ...]
    form: str
    column: str | None
    since: datetime | None
    everything: bool
    look: bool
    save: bool
    fail_on: tuple[str, ...]
    output_format: OutputFormat


@click.command("mail-log")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--form", type=click.Choice(_FORMS), default="auto", show_default=True, help="Program that wrote the log."
)
@click.option(
    "--column", metavar="NAME", help="Heading of the column with the recipients, for a table that is not recognised."
)
@click.option(
    "--since", type=MomentParameter(), help="Skip older entries: 2026-11-23, 2026-11-23T08:00:00Z, or 6h or 7d ago."
)
@click.option("--follow", is_flag=True, help="Keep reading new lines, across log rotation, until stopped.")
@click.option("--all", "everything", is_flag=True, help="Show every recipient domain, lookalike or not.")
@click.option("--look", is_flag=True, help="Check now whether the lookalikes can receive mail.")
@click.option("--save", is_flag=True, help="Save the counts in the database. A log that is read twice is counted once.")
@fail_on_option
@resolver_option
@format_option
@click.pass_obj
def mail_log(
    options: GlobalOptions,
    *,
    files: tuple[Path, ...],
    form: str,
    column: str | None,
    since: datetime | None,
    follow: bool,
    everything: bool,
    look: bool,
    save: bool,
    fail_on: tuple[str, ...],
    resolvers: tuple[str, ...],
    output_format: OutputFormat,
) -> int:
    """Search mail logs for mail that was sent to lookalikes of the protected names.

    FILE is a log of Postfix or Exim, a message trace or tracking log of Exchange, or a CSV of Google Workspace; gzip,
    zstd, bzip2 and xz are unpacked, - is standard input, and the order of several does not matter. Senders are counted,
    never shown, and no local part of an address leaves the reader.
    """
    from watcher.bootstrap.command import load_settings

    chosen = load_settings(options, resolvers)
    asked = _Asked(files, form, column, since, everything, look, save, fail_on, output_format)
    if not follow:
        return asyncio.run(_once(chosen, asked))
    if any(str(file) == "-" for file in files):
        raise click.UsageError("--follow reads files; standard input is read to its end without it")
    return asyncio.run(_follow(chosen, asked))


@dataclass(slots=True)
class _Run:
    """One run: the count, the database where there is one, and the key of its hashes."""

    chosen: "Settings"
    asked: _Asked
    store: "Store"
    count: "MailLogCount"
    key: bytes
    now: datetime
    readings: list[tuple[str, "LogForm", "LogReading"]] = field(default_factory=list)

    def reader(self, name: str, sample: bytes, reference: datetime) -> "LogReader":
        from watcher.mail_logs import ALL, detected
        from watcher.services.blocking.mail_log import keyed_hash

        asked = self.asked
        if asked.form == "auto":
            form = detected(sample, asked.column)
            if form is None:
                why = "no form of mail log is recognised in it; say which with --form, or its column with --column"
                raise ConfigurationError(name, why)
        else:
            form = next(form for form in ALL if asked.form == form.NAME)
        reader = form.reader(sample, keyed=keyed_hash(self.key), reference=reference, column=asked.column)
        self.readings.append((name, form, reader.reading))
        return reader

    async def keep(self) -> None:
        """Keep what was counted where that is asked for, and let go of it."""
        from watcher.services.blocking.mail_log import keep

        entries = self.count.take()
        if self.asked.save:
            await keep(self.store, entries)


async def _opened(chosen: "Settings", asked: _Asked, stack: AsyncExitStack) -> _Run:
    import secrets
    from zoneinfo import ZoneInfo

    from watcher.bootstrap.command import build_enumeration, open_store
    from watcher.bootstrap.network import system_clock
    from watcher.data import load_suffixes
    from watcher.services.blocking.mail_log import MailLogCount, stored_key
    from watcher.services.names.own import Ours

    now = system_clock().now()
    store = await stack.enter_async_context(open_store(chosen, create=asked.save))
    await (ours := Ours(store, load_suffixes())).read()
    if not ours.protected and not asked.everything:
        raise ConfigurationError("protected names", "there are none; add some with `watcher protect add NAME`")
    count = MailLogCount(
        build_enumeration(ours, chosen.techniques.words, chosen.share),
        own=ours.own,
        everything=asked.everything,
        since=asked.since,
        zone=ZoneInfo(chosen.timezone),
    )
    key = await stored_key(store, now) if asked.save else secrets.token_bytes(32)
    return _Run(chosen, asked, store, count, key, now)


async def _once(chosen: "Settings", asked: _Asked) -> int:
    async with AsyncExitStack() as stack:
        run = await _opened(chosen, asked, stack)
        for file in asked.files:
            await _read(run, file)
        await run.keep()
        rows = [row async for row in _shapes(run, run.count.rows())]
        _say_what_was_read(run)
        _emit(rows, asked.output_format)
        return EXIT_FOUND if any(found(_seen(row), asked.fail_on) for row in rows) else 0


async def _read(run: _Run, file: Path) -> None:
    """Read one file to its end. Nothing else runs meanwhile, so reading may block."""
    from watcher.feeds.log_files import LogFile

    with ExitStack() as opened:
        if str(file) == "-":
            log = LogFile(sys.stdin.buffer)
        else:
            try:
                raw = opened.enter_context(file.open("rb", buffering=0))
            except OSError as error:
                raise ConfigurationError(str(file), f"cannot be read: {error.strerror}") from error
            log = LogFile(cast("BinaryIO", raw), name=str(file), mtime=os.fstat(raw.fileno()).st_mtime)
        reference = log.reference(run.now)
        blocks = log.blocks()
        first = next(blocks, b"")
        if not first:
            click.echo(f"watcher: {visible(str(file))}: empty", err=True)
            return
        reader = run.reader(str(file), first[:_SAMPLE], reference)
        for block in chain((first,), blocks):
            run.count.add(reader.read(block, run.count.wanted))
            if run.count.crowded:
                await run.keep()
        run.count.add(reader.finish())
        reader.reading.unread += log.cut
        if log.broken:
            click.echo(f"watcher: {visible(str(file))}: {visible(log.broken)}", err=True)


async def _follow(chosen: "Settings", asked: _Asked) -> int:
    from watcher.bootstrap.network import system_clock
    from watcher.feeds.log_files import GrowingLog

    clock = system_clock()
    async with AsyncExitStack() as stack:
        run = await _opened(chosen, asked, stack)
        logs = [_Growing(str(file), stack.enter_context(closing(GrowingLog(file)))) for file in asked.files]
        shown: dict[str, int] = {}
        while True:
            before = run.count.entries
            for log in logs:
                log.read(run, clock.now())
            if run.count.entries != before:
                await run.keep()
                rows = [row async for row in _shapes(run, run.count.rows()) if row["messages"] + row["refused"]]
                changed = [row for row in rows if shown.get(row["name"]) != row["messages"] + row["refused"]]
                shown.update({row["name"]: row["messages"] + row["refused"] for row in changed})
                _emit_changes(changed, asked.output_format)
                if any(found(_seen(row), asked.fail_on) for row in changed):
                    return EXIT_FOUND
            await clock.sleep(_POLL_SECONDS)


class _Growing:
    """One log that is followed: its form is told by its first lines, and those before it is known wait."""

    def __init__(self, name: str, log: "GrowingLog") -> None:
        self._name = name
        self._log = log
        self._reader: LogReader | None = None
        self._waiting = b""

    def read(self, run: _Run, now: datetime) -> None:
        """Count what was written since the last call. Raises ConfigurationError for a log of no known form."""
        for block in self._log.fresh():
            self._read(run, block, now)
        if self._reader is not None:
            run.count.add(self._reader.finish())

    def _read(self, run: _Run, block: bytes, now: datetime) -> None:
        data = self._waiting + block
        if self._reader is None:
            try:
                self._reader = run.reader(self._name, data[:_SAMPLE], now)
            except ConfigurationError:
                if len(data) >= _SAMPLE:
                    raise
                if not self._waiting:
                    click.echo(f"watcher: {visible(self._name)}: waits for lines of a known form", err=True)
                self._waiting = data
                return
            _say_form(run, self._name)
            self._waiting = b""
        self._reader.advance(now)
        run.count.add(self._reader.read(data, run.count.wanted))


async def _shapes(run: _Run, rows: "Sequence[WrittenRow]") -> AsyncIterator[dict[str, Any]]:
    """The shape of each row that is shown, with the ability that is known or seen now."""
    from watcher.core.events import Grade
    from watcher.services.blocking.mail_log import written_row_json

    seen = await _abilities(run, [row.name for row in rows if row.resembles])
    for row in rows:
        known = seen.get(row.name) or Known(row.name, row.name, None, "")
        shape = written_row_json(row, None if known.verdict is None else known.ability.value)
        able = shape["ability"] == "able"
        if run.asked.everything or able or shape["grade"] in {Grade.BLOCK, Grade.WARN}:
            yield {**shape, "_seen": known}


async def _abilities(run: _Run, names: Sequence[str]) -> Mapping[str, Known]:
    """Severity and mail of the names: what the database knows, or with `--look` what is seen now."""
    from watcher.bootstrap.command import build_lookup
    from watcher.bootstrap.network import open_network
    from watcher.core.names.names import Fqdn
    from watcher.data import load_suffixes
    from watcher.services.blocking.mail_log import known_mail
    from watcher.services.names.own import Ours

    if not run.asked.look or not names:
        return await known_mail(run.store, names)
    async with open_network(run.chosen) as net:
        await must_see(net)
        await (ours := Ours(run.store, load_suffixes())).read()
        lookup = build_lookup(net, store=run.store, ours=ours)
        looked = await asyncio.gather(*(lookup.looked_at(Fqdn(name), registration=False) for name in names))
        return {known.name: known for known in looked}


def _seen(row: Mapping[str, Any]) -> Known:
    return cast("Known", row["_seen"])


def _public(rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    return ({key: value for key, value in row.items() if key != "_seen"} for row in rows)


def _emit(rows: Sequence[Mapping[str, Any]], output_format: OutputFormat) -> None:
    emit(_public(rows), output_format, plain=lambda row: str(row["name"]), table=_TABLE)
    if not rows:
        click.echo("watcher: none: nobody wrote to a lookalike", err=True)


def _emit_changes(rows: Sequence[Mapping[str, Any]], output_format: OutputFormat) -> None:
    """One line for each domain that was written to since the last lines."""
    for row in _public(rows):
        if output_format in {OutputFormat.JSON, OutputFormat.JSONL}:
            click.echo(json_line(row))
        elif output_format is OutputFormat.PLAIN:
            click.echo(visible(row["name"]))
        elif output_format is OutputFormat.CSV:
            emit([row], output_format, plain=lambda row: str(row["name"]), table=_TABLE)
        else:
            resembled = ", ".join(row["protected"][:1]) or "nothing"
            text = f"{row['name']} (like {resembled}, {row['ability'] or 'not looked at'}): "
            written = f"{counted(row['messages'], 'message')}, {counted(row['senders'], 'sender')}"
            click.echo(visible(f"{text}{written}, {row['refused']} refused"))
    sys.stdout.flush()


def _say_form(run: _Run, name: str) -> None:
    form = next(form for known, form, _ in run.readings if known == name)
    click.echo(f"watcher: {visible(name)}: {form.NAME}", err=True)


def _say_what_was_read(run: _Run) -> None:
    for name, form, reading in run.readings:
        text = f"{visible(name)}: {form.NAME}, {reading.lines} lines"
        if reading.unread:
            text += f", {reading.unread} not understood"
        click.echo(f"watcher: {text}", err=True)
        for sample in reading.samples:
            click.echo(f"watcher:   not understood: {visible(sample)}", err=True)
