"""`watcher events`: what happened, oldest first, and with `--follow` what happens."""

import asyncio
import sys
from datetime import datetime
from typing import Any

import click

from watcher.bootstrap.command import load_settings, open_store
from watcher.cli.main import GlobalOptions
from watcher.cli.moments import MomentParameter
from watcher.cli.output import Column, OutputFormat, emit, format_option
from watcher.cli.streaming import Rows, streamed
from watcher.core.shapes.times import short_time

_PAGE = 500
_POLL_SECONDS = 1.0


@click.command()
@click.option(
    "--since",
    type=MomentParameter(),
    metavar="T",
    help="Show events since this time: 2026-11-23, an RFC 3339 time, or 6h or 7d ago.",
)
@click.option("--name", metavar="NAME", help="Show only events about this name or registrable domain.")
@click.option("--follow", is_flag=True, help="Keep printing new events until Ctrl-C.")
@format_option
@click.pass_obj
def events(
    options: GlobalOptions, since: datetime | None, name: str | None, follow: bool, output_format: OutputFormat
) -> None:
    """List events: what happened to lookalikes, to own names, and to the watch itself."""
    from watcher.core.names.names import parse

    if follow and output_format is OutputFormat.JSON:
        raise click.BadParameter("an array has no end while following; use jsonl", param_hint="--format")
    if follow and output_format is OutputFormat.TABLE:
        output_format = OutputFormat.PLAIN
    emit(
        streamed(_happened(options, since, None if name is None else parse(name), follow=follow)),
        output_format,
        plain=_line,
        table={
            "at (UTC)": lambda row: short_time(row["at"]),
            "severity": lambda row: row["severity"],
            "kind": lambda row: row["kind"],
            "name": lambda row: row["name"] or "the watch",
            "resembles": Column(lambda row: row["protected"], 1),
            "told": Column(lambda row: (row["told"] or {}).get("reason") or "not decided yet", 2),
        },
        none="no event yet" if since is None and name is None else "no such event",
        fields=("id", "at", "kind", "severity", "severity_reasons", "name", "registrable_domain", "protected"),
    )


def _line(row: Any) -> str:
    about = f" {row['name']}" if row["name"] else ""
    resembles = f" ({', '.join(row['protected'])})" if row["protected"] else ""
    return f"{row['at']} {row['severity']} {row['kind']}{about}{resembles}"


async def _happened(options: GlobalOptions, since: datetime | None, name: str | None, *, follow: bool) -> Rows:
    from watcher.core.shapes.events import event_json
    from watcher.store import event_log, outbox

    async with open_store(load_settings(options), create=False) as store:
        last = ""
        while True:
            async with store.read() as tx:
                rows = await event_log.list_all(
                    tx, after=last, since=since, names=None if name is None else [name], limit=_PAGE
                )
                told = await outbox.find_told(tx, [row.id for row in rows])
            for row in rows:
                one = told.get(row.id)
                became = {"decision": one.decision, "reason": one.reason, "alert_id": one.alert_id} if one else None
                yield {**event_json(row), "told": became}
                last = row.id
            if len(rows) == _PAGE:
                continue
            if not follow:
                return
            sys.stdout.flush()
            await asyncio.sleep(_POLL_SECONDS)
