"""`watcher lookalikes`: the names that exist and resemble protected ones, as last seen."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from watcher.bootstrap.command import load_settings, open_store
from watcher.cli.main import GlobalOptions
from watcher.cli.output import Column, OutputFormat, emit, format_option
from watcher.cli.streaming import streamed
from watcher.core.known import Known, shown_name
from watcher.core.shapes.known import lookalike_json
from watcher.core.shapes.times import short_time

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
    "more_hosts",
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
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Show at most N.")
@click.option(
    "--sort",
    type=click.Choice(["worst", "likelihood", "newest", "name"]),
    default="worst",
    show_default=True,
    help="Order: the worst severity (then likelihood), the likeliest, the newest, or by name.",
)
@click.option("--all-hosts", is_flag=True, help="Show every host that a wildcard answers for, not only the first.")
@format_option
@click.pass_obj
def lookalikes(  # noqa: PLR0917 (one for each option)
    options: GlobalOptions,
    protected: str | None,
    ability: str | None,
    severity: str | None,
    technique: str | None,
    triage: str | None,
    limit: int | None,
    sort: str,
    all_hosts: bool,
    output_format: OutputFormat,
) -> None:
    """List the lookalikes that exist, with what is known about each; the worst come first.

    A wildcard answers for many hosts: the first is shown, with the number of the others.
    """
    from watcher.core.names.protected import parse_protected
    from watcher.data import load_suffixes
    from watcher.store.lookalikes import Wanted
    from watcher.techniques import known_technique

    chosen = None if technique is None else known_technique(technique)
    wanted = Wanted(ability=ability, severity=severity, technique=chosen, triage=triage, collapsed=not all_hosts)
    if protected is not None:
        name = parse_protected(protected, load_suffixes())[0]
        if not asyncio.run(_is_protected(options, name)):  # before the head of a table or a CSV is out
            raise click.BadParameter(f"{name} is not protected", param_hint="--protected")
        wanted = replace(wanted, protected=name)
    emit(
        streamed(_listed(options, wanted, sort, limit)),
        output_format,
        plain=lambda row: row.name,
        table={
            "name": shown_name,
            "mail": lambda row: (
                "not looked at" if row.verdict is None else f"{row.verdict.ability} ({row.verdict.basis})"
            ),
            "severity": lambda row: row.severity,
            "resembles": Column(lambda row: row.protected, 1),
            "by": Column(lambda row: row.techniques, 4),
            "first seen (UTC)": Column(lambda row: short_time(row.first_seen_at), 3),
            "triage": Column(lambda row: f"{row.triage}{f' by {row.triage_by}' if row.triage_by else ''}", 2),
        },
        shape=lookalike_json,
        fields=FIELDS,
        none="no lookalike is known yet" if wanted == Wanted(collapsed=not all_hosts) else "no such lookalike is known",
    )


async def _is_protected(options: GlobalOptions, name: str) -> bool:
    from watcher.store import protected_names

    async with open_store(load_settings(options), create=False) as store, store.read() as tx:
        return await protected_names.find(tx, name) is not None


async def _listed(
    options: GlobalOptions, wanted: "Wanted", sort: str, limit: int | None
) -> AsyncGenerator[Known, None]:
    from watcher.services.answers.lookup import known_row
    from watcher.store import lookalikes, resemblances
    from watcher.store.lookalike_lists import Ranking, list_ranked

    async with open_store(load_settings(options), create=False) as store:
        async with store.read() as tx:
            ranked = await list_ranked(tx, wanted, Ranking(sort), limit=limit)
        for start in range(0, len(ranked), _PAGE):
            page = ranked[start : start + _PAGE]
            names = [item.name for item in page]
            async with store.read() as tx:
                rows = await lookalikes.find_all(tx, names)
                resembling = await resemblances.find_all(tx, names)
            for item in page:
                if item.name in rows:
                    yield replace(known_row(rows[item.name], resembling[item.name]), more_hosts=item.more_hosts)
