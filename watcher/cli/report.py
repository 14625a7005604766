"""`watcher report`: text for a takedown or block request, with the evidence and the timeline."""

import asyncio
from typing import TYPE_CHECKING

import click

from watcher.cli.main import GlobalOptions
from watcher.cli.output import OutputFormat, emit, visible
from watcher.cli.seeing import must_see, resolver_option
from watcher.core.names.names import Fqdn
from watcher.core.names.protected import parse_any
from watcher.core.report import Purpose, Report
from watcher.core.shapes.report import report_json

if TYPE_CHECKING:
    from watcher.settings.settings import Settings

_TEXT = "text"


@click.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--for",
    "purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    default=Purpose.TAKEDOWN.value,
    show_default=True,
    help="takedown: for the registrar's abuse desk; block: for those who run mail systems.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice([_TEXT, *(form.value for form in OutputFormat)]),
    default=_TEXT,
    show_default=True,
    help="The request as text (table and plain are the same), or everything that is in it.",
)
@resolver_option
@click.pass_obj
def report(options: GlobalOptions, *, name: str, purpose: str, output_format: str, resolvers: tuple[str, ...]) -> None:
    """Write a request to take down or block NAME, for you to complete and send.

    From what is known; a name that was never looked at is looked at now, and its registry is asked where what is known
    of the registration is older than an hour. Nothing is sent to anybody. What would be
    false or hit the wrong people is refused: names of yours, names that nobody registered or that take no mail, names
    that resemble nothing or did not settle.
    """
    from watcher.bootstrap.command import load_settings
    from watcher.data import load_suffixes

    chosen = load_settings(options, resolvers)
    made = asyncio.run(_report(chosen, parse_any(name, load_suffixes())))
    if output_format in {_TEXT, OutputFormat.TABLE, OutputFormat.PLAIN}:
        click.echo("\n".join(visible(line) for line in made.texts[Purpose(purpose)].splitlines()))
    else:
        emit([made], OutputFormat(output_format), plain=lambda row: row.known.name, table={}, shape=report_json)


async def _report(chosen: "Settings", name: Fqdn) -> Report:
    from watcher.bootstrap.command import build_enumeration, build_lookup, open_store
    from watcher.bootstrap.network import open_network
    from watcher.checks import VOCABULARY
    from watcher.core.telling.report import report_of
    from watcher.data import load_suffixes
    from watcher.services.answers.report import report_on
    from watcher.services.names.own import Ours

    async with open_store(chosen, create=False) as store, open_network(chosen) as net:
        await (ours := Ours(store, load_suffixes())).read()
        await ours.read_likeness()
        names = build_enumeration(ours, chosen.techniques.words, chosen.share)
        lookup = build_lookup(net, store=store, ours=ours, names=names)
        known = await report_on(lookup, name, store=store)
        if known is not None:
            return known
        await must_see(net)
        return await report_on(lookup, name, store=store, look=True) or report_of(await lookup.known(name), VOCABULARY)
