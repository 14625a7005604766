"""`watcher export`: block lists and interchange files, one format a KIND."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Iterable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from watcher.bootstrap.blocking import build_about, build_block_lists, build_publisher, build_rules
from watcher.bootstrap.command import load_settings, open_store
from watcher.bootstrap.network import system_clock
from watcher.cli.main import GlobalOptions, did_you_mean
from watcher.cli.output import OutputFormat, emit, format_option, visible
from watcher.cli.streaming import streamed
from watcher.core.errors import WatcherError
from watcher.core.telling.counted import counted
from watcher.data import load_suffixes

if TYPE_CHECKING:
    from watcher.core.blocking.selection import BlockEntry, Rules
    from watcher.exports.form import About, Page
    from watcher.exports.form import Format as ExportFormat


@click.command()
@click.argument("kind", metavar="[KIND]", required=False)
@click.option("--list", "listing", is_flag=True, help="List the formats with their limits and how consumers load them.")
@click.option("--explain", metavar="NAME", help="Explain why NAME is on the block list, or why not.")
@click.option("--select", type=click.Choice(["blocked", "able"]), help="Selection to use instead of exports.select.")
@click.option(
    "--min-likelihood",
    type=click.FloatRange(0, 1),
    metavar="L",
    help="Likelihood to use instead of exports.min_likelihood.",
)
@click.option(
    "--protected", multiple=True, metavar="NAME", help="Export only lookalikes of this protected name; repeatable."
)
@click.option("--limit", type=click.IntRange(min=0), metavar="N", help="Maximum number of names.")
@click.option(
    "--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Number of names to skip at the beginning."
)
@click.option("--plan", type=click.Choice(["none", "p1", "p2"]), help="m365: Defender for Office 365, plan 1 or 2.")
@click.option("--form", type=click.Choice(["powershell", "csv"]), help="m365: form of the output.")
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write to FILE, completely or not at all."
)
@format_option
@click.pass_obj
def export(  # noqa: PLR0917 (one for each option)
    options: GlobalOptions,
    kind: str | None,
    listing: bool,
    explain: str | None,
    select: str | None,
    min_likelihood: float | None,
    protected: tuple[str, ...],
    limit: int | None,
    offset: int,
    plan: str | None,
    form: str | None,
    output: Path | None,
    output_format: OutputFormat,
) -> int:
    """Write the block list in the format KIND to standard output, or to a file.

    Names that the format cannot hold are counted on standard error. `--list` shows the formats.
    """
    from watcher.exports import FORMATS
    from watcher.exports.form import Page

    if listing:
        _show(output_format)
        return 0
    if kind is None and explain is None:
        raise click.UsageError("name a KIND, or use --list or --explain NAME")
    if kind is not None and kind not in FORMATS:
        raise click.BadParameter(
            f"{kind!r} is none of {', '.join(FORMATS)}{did_you_mean(kind, FORMATS)}", param_hint="KIND"
        )
    chosen = load_settings(options)
    rules = _rules(chosen, select, min_likelihood, protected)
    if explain is not None:
        return _explain(chosen, explain, rules, kind)
    assert kind is not None  # noqa: S101 (asked above)
    about = _about(chosen, plan, form)
    return _write(chosen, FORMATS[kind], rules, about, page=Page(limit, offset), output=output)


def _rules(chosen: Any, select: str | None, least: float | None, protected: tuple[str, ...]) -> "Rules":
    from watcher.core.blocking.selection import Select
    from watcher.core.names.protected import parse_any

    rules = build_rules(chosen)
    names = frozenset(parse_any(name, load_suffixes()) for name in protected)
    return replace(
        rules,
        select=rules.select if select is None else Select(select),
        min_likelihood=rules.min_likelihood if least is None else least,
        protected=names,
    )


def _about(chosen: Any, plan: str | None, form: str | None) -> "About":
    from watcher.exports.form import Form, Plan

    about = build_about(chosen)
    return replace(about, plan=Plan(plan or about.plan), form=Form(form or about.form))


def _write(
    chosen: Any, kind: "ExportFormat", rules: "Rules", about: "About", *, page: "Page", output: Path | None
) -> int:
    from watcher.exports import misp, rpz
    from watcher.exports.form import Omitted, fitted, written

    omitted = Omitted()
    if kind is rpz.FORMAT:
        about = replace(about, serial=asyncio.run(_serial(chosen, rules)))
    pages = streamed(_pages(chosen, rules))
    try:
        first = next(pages, [])  # what cannot be read at all is said before anything is written
        every = chain(first, (entry for page_ in pages for entry in page_))
        if output is not None and (output.is_dir() or str(output).endswith(os.sep)) and kind is misp.FORMAT:
            for name, text in misp.feed(fitted(kind, every, about, page=page, omitted=omitted), about):
                write_whole(output / name, [text])
        elif output is not None:
            write_whole(output, written(kind, every, about, page=page, omitted=omitted))
        else:
            for piece in written(kind, every, about, page=page, omitted=omitted):
                sys.stdout.write(piece)
    finally:
        pages.close()
    if kind.warning:
        click.echo(f"watcher: {kind.warning}", err=True)
    for name, why in omitted.shown:
        click.echo(visible(f"watcher: {name} is left out: {why}"), err=True)
    if omitted.count:
        click.echo(f"watcher: {counted(omitted.count, 'name')} did not fit into {kind.name}", err=True)
    return 0


async def _pages(chosen: Any, rules: "Rules") -> AsyncGenerator[list["BlockEntry"], None]:
    async with open_store(chosen, create=False) as store:
        async for page in build_block_lists(chosen, store).pages(rules):
            yield page


async def _serial(chosen: Any, rules: "Rules") -> int:
    """Return the serial of the zone: that of the served one, or the time where other rules were asked for."""
    now = system_clock().now()
    if rules != build_rules(chosen):
        return int(now.timestamp())
    async with open_store(chosen, create=False) as store:
        lists = build_block_lists(chosen, store)
        publishing = build_publisher(lists, store, system_clock())
        await publishing.refresh()
        return await publishing.serial()


def write_whole(path: Path, pieces: Iterable[str]) -> None:
    """Write the file at `path`, which appears complete or stays as it was. Raises WatcherError."""
    from tempfile import NamedTemporaryFile

    try:
        path.parent.mkdir(exist_ok=True)
        with NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}.", encoding="utf-8", newline="", delete=False
        ) as file:
            partial = Path(file.name)
            try:
                file.writelines(pieces)
                file.flush()
                os.fsync(file.fileno())
                partial.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
                partial.replace(path)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
    except OSError as error:
        raise WatcherError(f"{path} cannot be written: {error.strerror or error}") from error


def _explain(chosen: Any, text: str, rules: "Rules", kind: str | None) -> int:
    from watcher.core.names.protected import parse_any

    async def explained() -> list[str]:
        async with open_store(chosen, create=False) as store:
            lists = build_block_lists(chosen, store)
            return await lists.explain(parse_any(text, load_suffixes()), rules)

    lines = asyncio.run(explained())
    shown = [line for line in lines if kind is None or not line.startswith("it does not fit") or f" {kind}:" in line]
    for line in shown:
        click.echo(visible(line))
    return 0


def _show(output_format: OutputFormat) -> None:
    from watcher.core.shapes.exports import export_format_json
    from watcher.exports import ALL

    if output_format in {OutputFormat.TABLE, OutputFormat.PLAIN}:
        for chosen in ALL:
            click.echo(f"{chosen.name}: {chosen.title}\n  limit: {chosen.limit}")
            if chosen.warning:
                click.echo(f"  warning: {chosen.warning}")
            for guide in chosen.guides:
                click.echo(f"  {guide.consumer}")
                for word in ("place", "load", "test", "undo"):
                    click.echo(f"    {word}: {getattr(guide, word)}")
        return
    emit(
        [export_format_json(chosen) for chosen in ALL],
        output_format,
        plain=lambda row: row["name"],
        table={},
        fields=("name", "title", "limit", "warning", "media"),
    )
