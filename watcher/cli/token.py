"""`watcher token`: who may use the API from elsewhere, or at all once the first token is made."""

import asyncio
from typing import TYPE_CHECKING, Any

import click

from watcher.bootstrap.command import has_database, load_settings, open_store
from watcher.bootstrap.network import system_clock
from watcher.cli.main import EXIT_USAGE, GlobalOptions
from watcher.cli.output import Column, OutputFormat, emit, format_option, visible

if TYPE_CHECKING:
    from watcher.store.tokens import TokenRow


@click.group()
def token() -> None:
    """Manage the tokens of the API."""


@token.command()
@click.argument("name", metavar="NAME")
@click.option(
    "--scope",
    "scopes",
    required=True,
    metavar="S,...",
    help="Scopes of the token, separated by commas: read, lookup, write.",
)
@click.pass_obj
def create(options: GlobalOptions, name: str, scopes: str) -> None:
    """Create a token and print it once. From the first token on, every request needs one."""
    text = asyncio.run(_create(options, name, scopes))
    click.echo(text)
    click.echo("watcher: keep it now, it cannot be shown again; send it as `Authorization: Bearer ...`", err=True)


@token.command(name="list")
@format_option
@click.pass_obj
def list_(options: GlobalOptions, output_format: OutputFormat) -> None:
    """List the names, scopes and last use of the tokens, never the tokens themselves."""
    from watcher.core.shapes.times import short_time, time_json

    def shape(row: "TokenRow") -> dict[str, Any]:
        return {
            "name": row.name,
            "scopes": list(row.scopes),
            "created_at": time_json(row.created_at),
            "last_used_at": time_json(row.last_used_at),
            "revoked_at": time_json(row.revoked_at),
        }

    emit(
        map(shape, asyncio.run(_listed(options))),
        output_format,
        plain=lambda row: row["name"] + (" (revoked)" if row["revoked_at"] else ""),
        table={
            "name": lambda row: row["name"],
            "scopes": lambda row: row["scopes"],
            "made (UTC)": Column(lambda row: short_time(row["created_at"]), 2),
            "last used": Column(lambda row: short_time(row["last_used_at"]), 1),
            "revoked": lambda row: short_time(row["revoked_at"]),
        },
        fields=("name", "scopes", "created_at", "last_used_at", "revoked_at"),
        none="there is no token; `watcher token create NAME --scope read` makes one",
    )


@token.command()
@click.argument("name", metavar="NAME")
@click.pass_obj
def revoke(options: GlobalOptions, name: str) -> int:
    """Revoke the token NAME at once."""
    if asyncio.run(_revoke(options, name)):
        click.echo(f"watcher: {visible(name[:80])} is revoked: requests that show it are refused from now on", err=True)
        return 0
    click.echo(f"watcher: there is no token {visible(name[:80])!r} in use", err=True)
    return EXIT_USAGE


@token.command()
@click.option(
    "--scope",
    "scopes",
    default="read,lookup,write",
    show_default=True,
    metavar="S,...",
    help="Scopes of the session, separated by commas.",
)
@click.option(
    "--as", "holder", default=None, metavar="NAME", help="Name for the audit trail (default: your user name)."
)
@click.pass_obj
def login(options: GlobalOptions, scopes: str, holder: str | None) -> None:
    """Print a login link to the pages. It works once, within ten minutes."""
    from watcher.cli.triage import this_user

    click.echo(asyncio.run(_login(options, scopes, holder or this_user() or "somebody")))


async def _login(options: GlobalOptions, scopes: str, holder: str) -> str:
    from watcher.services.names.sessions import Sessions, link_address
    from watcher.services.names.tokens import parse_scopes

    chosen = load_settings(options)
    wanted = parse_scopes(scopes)
    async with open_store(chosen, create=True) as store:
        link = await Sessions(store, system_clock()).make_link(holder, wanted)
    return link_address(chosen.api.public_url or f"http://{chosen.api.listen}", link)


async def _create(options: GlobalOptions, name: str, scopes: str) -> str:
    from watcher.services.names import tokens

    wanted = tokens.parse_scopes(scopes)
    async with open_store(load_settings(options), create=True) as store:
        return await tokens.create(store, name, wanted, now=system_clock().now())


async def _listed(options: GlobalOptions) -> "list[TokenRow]":
    from watcher.services.names import tokens

    async with open_store(load_settings(options), create=False) as store:
        return await tokens.listed(store)


async def _revoke(options: GlobalOptions, name: str) -> bool:
    from watcher.services.names import tokens

    chosen = load_settings(options)
    if not await asyncio.to_thread(has_database, chosen):
        return False
    async with open_store(chosen, create=False) as store:
        return await tokens.revoke(store, name, now=system_clock().now())
