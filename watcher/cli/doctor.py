"""`watcher doctor`: is everything fit to watch? Each line says what was looked at and, where not well, the mend."""

import asyncio
from typing import Any

import click

from watcher.cli.main import EXIT_FAILED, GlobalOptions
from watcher.cli.output import OutputFormat, emit, format_option, visible
from watcher.cli.seeing import resolver_option


@click.command()
@click.option("-q", "--quiet", is_flag=True, help="Show only what is not well; nothing where all is.")
@resolver_option
@format_option
@click.pass_obj
def doctor(options: GlobalOptions, *, quiet: bool, resolvers: tuple[str, ...], output_format: OutputFormat) -> int:
    """Check the settings, database, resolvers, registries and channels, and whether the plan fits the budget.

    Exits with 3 when something is broken; a warning is no failure.
    """
    from watcher.bootstrap.command import load_settings
    from watcher.bootstrap.doctor import examine
    from watcher.settings.shown import effective

    chosen = load_settings(options, resolvers)
    results = [result for result in asyncio.run(examine(chosen)) if not quiet or result.state != "ok"]
    if output_format in {OutputFormat.TABLE, OutputFormat.PLAIN}:
        if not quiet:
            click.echo("effective settings (secrets hidden):")
            for name, value in effective(chosen).items():
                click.echo(f"  {visible(f'{name} = {value}')}")
            click.echo("")
        for result in results:
            click.echo(visible(f"{result.state:8} {result.what}: {result.detail}"))
    else:
        shown = effective(chosen)
        settings = {"what": "settings", "state": "ok", "detail": f"{len(shown)} are in effect", "effective": shown}
        rows: list[dict[str, Any]] = [
            *([] if quiet else [settings]),
            *({"what": result.what, "state": result.state, "detail": result.detail} for result in results),
        ]
        emit(rows, output_format, plain=lambda row: row["what"], table={}, fields=("what", "state", "detail"))
    return EXIT_FAILED if any(result.state == "broken" for result in results) else 0
