"""The composition root: settings and bundled data become objects, by plain calls; nothing else reads settings."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from watcher.core.ports import Channel, Clock
    from watcher.settings import Settings
    from watcher.store import Store


class Options(Protocol):
    """What the command line says before the subcommand."""

    @property
    def config(self) -> Path | None:
        """The settings file, or None for the default places."""
        ...

    @property
    def database_url(self) -> str | None:
        """A database that overrides the setting."""
        ...


def settings(options: Options, resolvers: Sequence[str] = ()) -> "Settings":
    """The effective settings; warnings go to standard error. Raises ConfigurationError."""
    from watcher.settings import load

    overrides: dict[str, Any] = {}
    if options.database_url:
        overrides["database_url"] = options.database_url
    if resolvers:
        overrides["dns"] = {"resolvers": list(resolvers)}
    loaded, warnings = load(options.config, overrides)
    for warning in warnings:
        sys.stderr.write(f"watcher: {warning}\n")
    return loaded


def clock() -> "Clock":
    """The machine's clock."""
    from watcher.lookups.clock import SystemClock

    return SystemClock()


@asynccontextmanager
async def open_store(chosen: "Settings", *, create: bool) -> AsyncIterator["Store"]:
    """The database of the settings, closed at the end; `create` makes and migrates it. Raises StoreError."""
    from watcher.store import Store

    opening = Store.open_or_create if create else Store.open_existing
    store = await opening(chosen.database_url.get_secret_value(), clock=clock())
    try:
        yield store
    finally:
        await store.close()


def channels(chosen: "Settings") -> dict[str, "Channel"]:
    """Every configured channel by its name, in the order of `channels.ALL`."""
    from watcher.channels.email import Email
    from watcher.channels.slack import Slack

    made: dict[str, Channel] = {}
    slack, email = chosen.alerts.slack, chosen.alerts.email
    if slack.configured:
        made["slack"] = Slack(
            webhook_url=_secret(slack.webhook_url),
            token=_secret(slack.token),
            channel=slack.channel,
            api_url=slack.api_url,
        )
    if email.smtp_url is not None:
        made["email"] = Email(smtp_url=email.smtp_url.get_secret_value(), sender=email.sender or "", to=email.to)
    return made


def _secret(value: Any) -> str | None:
    return None if value is None else str(value.get_secret_value())
