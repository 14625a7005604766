"""`watcher channels`: whether alerts reach people."""

import asyncio
from typing import TYPE_CHECKING

import click

from watcher.bootstrap.channels import build_channels
from watcher.bootstrap.command import load_settings
from watcher.bootstrap.network import system_clock
from watcher.cli.main import EXIT_FAILED, GlobalOptions
from watcher.cli.output import visible
from watcher.core.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from watcher.core.ports import Channel


@click.group()
def channels() -> None:
    """Test the channels that carry alerts to people."""


@channels.command()
@click.argument("name", required=False)
@click.pass_obj
def test(options: GlobalOptions, name: str | None) -> int:
    """Send marked test alerts through every configured channel, or through NAME alone.

    People get three, as they would look: a critical alert, a group of 30 names and a digest. Programs and incident
    managers get one that they can tell by its kind. Exits 3 when a channel did not accept them.
    """
    chosen = load_settings(options)
    made = build_channels(chosen)
    if not made:
        raise ConfigurationError(
            "alerts",
            "no channel is configured; set alerts.slack.webhook_url, or alerts.email.smtp_url, from and to; "
            "docs/how-to has all of them",
        )
    if name is not None and name not in made:
        raise click.BadParameter(f"{name!r} is not configured; there is {', '.join(made)}", param_hint="NAME")
    from watcher.channels import UNPROVEN

    results = asyncio.run(_send({name: made[name]} if name is not None else made, chosen.api.public_url))
    for channel, why in results.items():
        if why is None:
            click.echo(f"{channel}: accepted")
            if channel in UNPROVEN:
                click.echo(f"watcher: {UNPROVEN[channel]}", err=True)
        else:
            click.echo(f"watcher: {visible(why)}", err=True)
    return EXIT_FAILED if any(results.values()) else 0


async def _send(chosen: "Mapping[str, Channel]", public_url: str | None) -> "dict[str, str | None]":
    from watcher.channels import FOR_PEOPLE
    from watcher.services.telling.notify import send_test
    from watcher.store.ids import TimeOrderedIds

    clock = system_clock()
    return await send_test(chosen, clock, ids=TimeOrderedIds(clock), realistic=FOR_PEOPLE, public_url=public_url)
