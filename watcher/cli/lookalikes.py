"""`watcher lookalikes`: the names that exist and resemble protected ones, as last seen."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from watcher.bootstrap.command import load_settings, open_store
from watcher.cli.main import GlobalOptions
from watcher.cli.output import OutputFormat, emit, format_option
from watcher.cli.streaming import streamed
from watcher.core.known import Known
from watcher.core.shapes.known import lookalike_json
from watcher.core.shapes.times import time_json

if TYPE_CHECKING:
    from watcher.store.lookalikes import Wanted

_PAGE = 200
FIELDS = (
    "name",
    "unicode",
    "registrable_domain",
    "severity",
    "severity_reasons",
    "mail.ability",
    "mail.basis",
    "mail.flags",
    "mail.settled_at",
    "registration.status",
    "registration.created_at",
    "registration.registrar",
    "protected",
    "techniques",
    "likelihood",
    "first_seen_at",
    "triage",
    "triage_note",
    "triage_by",
    "triage_at",
)


@click.command()
@click.option("--protected", metavar="NAME", help="Show only lookalikes of this protected name.")
@click.option(
    "--ability", type=click.Choice(["able", "unable", "unknown"]), help="Show only lookalikes with this ability."
)
@click.option(
    "--severity",
    type=click.Choice(["info", "low", "medium", "high", "critical"]),
    help="Show only this severity or worse.",
)
@click.option("--technique", metavar="T", help="Show only lookalikes made by this technique.")
@click.option(
    "--triage",
    type=click.Choice(["new", "investigating", "takedown", "blocked", "owned", "ignored"]),
    help="Show only lookalikes with this triage.",
)
@format_option
@click.pass_obj
def lookalikes(  # noqa: PLR0917 (one for each option)
    options: GlobalOptions,
    protected: str | None,
    ability: str | None,
    severity: str | None,
    technique: str | None,
    triage: str | None,
    output_format: OutputFormat,
) -> None:
    """List the lookalikes that exist, with what is known about each."""
    from watcher.core.names.protected import parse_protected
    from watcher.data import load_suffixes
    from watcher.store.lookalikes import Wanted
    from watcher.techniques import known_technique

    chosen = None if technique is None else known_technique(technique)
    wanted = Wanted(ability=ability, severity=severity, technique=chosen, triage=triage)
    if protected is not None:
        name = parse_protected(protected, load_suffixes())[0]
        if not asyncio.run(_is_protected(options, name)):  # before the head of a table or a CSV is out
            raise click.BadParameter(f"{name} is not protected", param_hint="--protected")
        wanted = replace(wanted, protected=name)
    emit(
        streamed(_listed(options, wanted)),
        output_format,
        plain=lambda row: row.name,
        table={
            "name": lambda row: row.name if row.name == row.unicode else f"{row.name} ({row.unicode})",
            "mail": lambda row: (
                "not looked at" if row.verdict is None else f"{row.verdict.ability} ({row.verdict.basis})"
            ),
            "severity": lambda row: row.severity,
            "resembles": lambda row: row.protected,
            "by": lambda row: row.techniques,
            "first seen": lambda row: time_json(row.first_seen_at),
            "triage": lambda row: f"{row.triage}{f' by {row.triage_by}' if row.triage_by else ''}",
        },
        shape=lookalike_json,
        fields=FIELDS,
    )


async def _is_protected(options: GlobalOptions, name: str) -> bool:
    from watcher.store import protected_names

    async with open_store(load_settings(options), create=False) as store, store.read() as tx:
        return await protected_names.find(tx, name) is not None


async def _listed(options: GlobalOptions, wanted: "Wanted") -> AsyncGenerator[Known, None]:
    from watcher.services.answers.lookup import known_row
    from watcher.store import lookalikes, resemblances

    async with open_store(load_settings(options), create=False) as store:
        last = ""
        while True:
            async with store.read() as tx:
                rows = await lookalikes.list_all(tx, wanted, after=last, limit=_PAGE)
                resembling = await resemblances.find_all(tx, [row.name for row in rows])
            for row in rows:
                yield known_row(row, resembling[row.name])
            if len(rows) < _PAGE:
                return
            last = rows[-1].name
