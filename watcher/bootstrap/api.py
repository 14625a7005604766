"""The API with its pages, put together from the services, and its answer to "is it ready"."""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from watcher import __version__
from watcher.core.errors import ConfigurationError, DeliveryFailed, WatcherError

if TYPE_CHECKING:
    from watcher.api.exports import ExportDesk
    from watcher.api.metrics import Metrics
    from watcher.api.policy import Policy
    from watcher.bootstrap.listeners import Refusing
    from watcher.bootstrap.watching import Watching
    from watcher.engines.local import Local
    from watcher.settings.settings import Settings

_log = logging.getLogger(__name__)


@asynccontextmanager
async def open_api(
    chosen: "Settings",
    watching: "Watching",
    metrics: "Metrics",
    engine: "Local",
    mail: "Refusing",
    *,
    exports: "ExportDesk",
) -> AsyncIterator[str]:
    """Open the API and the pages, and yield their URL. Raises ConfigurationError where it may not listen there."""
    from aiohttp import web

    from watcher.api.app import DOOR, every_endpoint, make_app
    from watcher.api.parts import Parts
    from watcher.api.runner import Strangers
    from watcher.bootstrap.command import build_lookup
    from watcher.bootstrap.doctor import examine
    from watcher.bootstrap.network import system_clock
    from watcher.services.answers.scans import Scans
    from watcher.services.health.attention import Attention
    from watcher.services.names.tokens import Gatekeeper, any_valid, listed
    from watcher.services.telling.notify import send_test
    from watcher.web import pages

    host, port = parse_listen(chosen.api.listen)
    if not is_local(host) and not await any_valid(watching.store):
        if not await listed(watching.store):
            raise ConfigurationError(
                "api.listen", f"{host} is not loopback, and nobody needs a token yet: `watcher token create NAME` first"
            )
        # The watch goes on where every token was taken back: strangers are refused one by one.
        _log.warning("every API token is revoked: other machines are refused until `watcher token create NAME`")
    store, clock = watching.store, system_clock()

    async def test_channel(name: str) -> None:
        why = (await send_test({name: watching.channels[name]}, clock, ids=store.ids))[name]
        if why is not None:
            raise DeliveryFailed(why)

    parts = Parts(
        store=store,
        clock=clock,
        policy=_policy(chosen, host),
        gatekeeper=Gatekeeper(store, clock),
        metrics=metrics,
        suffixes=watching.enumeration.tables.suffixes,
        lookup=build_lookup(
            watching.net,
            store=store,
            ours=watching.ours,
            names=watching.enumeration,
            relook=watching.relook,
            registrations=watching.registrations,
        ),
        enumerate=watching.enumeration.shapes,
        version=__version__,
        channels=tuple(watching.channels),
        test_channel=test_channel,
        tiers=chosen.sweep.tiers,
        ready={**_readiness(watching, engine), "policy": mail.trouble},
        recipient_policy=mail.policy,
        protected_changed=watching.ours.read,
        sweep=watching.sweep,
        scans=(scans := Scans(watching.sweep, clock)),
        exports=exports,
        feeding=watching.feeding,
        needed=Attention(store, clock, watching.upkeep.wellness.all_troubles, tuple(watching.channels)).list_needed,
        channel_settings=_channel_settings(chosen, tuple(watching.channels)),
        examine=lambda: examine(chosen),
    )
    endpoints = (*every_endpoint(__version__), *pages.ENDPOINTS)
    logging.getLogger("aiohttp.server").addFilter(Strangers())
    app = make_app(parts, endpoints)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=2)
    await runner.setup()
    assert runner.server is not None  # noqa: S101 (it is set up)
    listening: asyncio.Server | None = None
    try:
        try:
            listening = await app[DOOR].listen(runner.server, host, port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            raise WatcherError(
                f"cannot listen on {chosen.api.listen}: {why}; stop what listens there, or set another api.listen"
            ) from error
        bound = listening.sockets[0].getsockname()[1]
        yield f"http://{f'[{host}]' if ':' in host else host}:{bound}"
    finally:
        if listening is not None:
            listening.close()
        await scans.close()
        await runner.cleanup()


def _policy(chosen: "Settings", host: str) -> "Policy":
    from ipaddress import ip_network

    from watcher.api.policy import Policy
    from watcher.services.names.tokens import Scope

    proxy = chosen.api.proxy
    return Policy(
        (*chosen.api.hosts, f"[{host}]" if ":" in host else host),
        chosen.api.public_url,
        proxy.user_header,
        tuple(ip_network(text, strict=False) for text in proxy.peers),
        frozenset(Scope(scope) for scope in proxy.scopes),
    )


def _channel_settings(chosen: "Settings", names: tuple[str, ...]) -> "dict[str, dict[str, Any]]":
    """Return the settings of each channel as people may see them."""
    from watcher.settings.shown import effective

    shown = effective(chosen)
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        prefix = f"alerts.{name}"
        found[name] = {
            key.removeprefix(prefix).removeprefix(".") or name: value
            for key, value in shown.items()
            if (key == prefix or key.startswith(f"{prefix}.")) and value not in (None, [], "")
        }
    return found


def _readiness(watching: "Watching", engine: "Local") -> dict[str, Callable[[], Awaitable[str | None]]]:
    from watcher.bootstrap.network import system_clock
    from watcher.services.health.readiness import Readiness
    from watcher.store import find_revision
    from watcher.store.schema import head

    needed, net = head(), watching.net
    readiness = Readiness(
        store=watching.store,
        clock=system_clock(),
        resolver=net.resolver,
        pulse=net.pulse,
        usable=lambda: bool(net.careful.usable),
        blind_passes=lambda: watching.sweep.blind_passes,
        failing=lambda: engine.failing,
    )

    async def migrations() -> str | None:
        found = await find_revision(watching.store)
        return None if found == needed else f"the database is of schema {found}, this version needs {needed}"

    async def scheduler() -> str | None:
        return None if engine.running else "the scheduler does not run"

    return {**readiness.checks, "migrations": migrations, "scheduler": scheduler}


def parse_listen(text: str) -> tuple[str, int]:
    """Address and port of `ADDR:PORT` or `[ADDR]:PORT`. Raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:  # noqa: PLR2004 (the last port)
        raise ConfigurationError("api.listen", f"{text!r} is not ADDR:PORT, such as 127.0.0.1:8080")
    return host, int(port)


def is_local(host: str) -> bool:
    """Return whether only this machine can reach what listens there."""
    from watcher.api.policy import is_loopback

    return host == "localhost" or is_loopback((host, 0))
