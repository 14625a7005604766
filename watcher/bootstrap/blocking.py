"""Block lists, and the zone that resolvers transfer, built from the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from watcher.core.errors import ConfigurationError, WatcherError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from watcher.api.exports import ExportDesk
    from watcher.core.blocking.selection import Rules
    from watcher.core.ports import Clock
    from watcher.exports.form import About
    from watcher.listeners.rpz import Noted
    from watcher.services.blocking.block_lists import BlockLists
    from watcher.services.blocking.publish import Publisher
    from watcher.settings.settings import Settings
    from watcher.store import Store


def build_rules(chosen: "Settings") -> "Rules":
    """Return the rules of the settings."""
    from watcher.core.blocking.selection import Rules, Select
    from watcher.core.mail.risk import Severity

    exports = chosen.exports
    return Rules(
        select=Select(exports.select),
        min_likelihood=exports.min_likelihood,
        auto_block=None if exports.auto_block == "off" else Severity(exports.auto_block),
        approval=exports.approval,
    )


def build_about(chosen: "Settings") -> "About":
    """Return what the settings say to the formats."""
    from watcher.exports.form import About, RpzAction, Tlp

    return About(zone=chosen.rpz.zone, action=RpzAction(chosen.rpz.action), tlp=Tlp(chosen.exports.tlp))


def build_block_lists(chosen: "Settings", store: "Store") -> "BlockLists":
    """Return the block lists under the settings."""
    from watcher.data import load_tables
    from watcher.data.popular import load_popular_names
    from watcher.services.blocking.block_lists import BlockLists

    return BlockLists(
        store, tables=load_tables(), popular=load_popular_names(), rules=build_rules(chosen), about=build_about(chosen)
    )


def build_desk(lists: "BlockLists", publishing: "Publisher", store: "Store", clock: "Clock") -> "ExportDesk":
    """Return what hands out block lists, and notes who fetches them."""
    from watcher.api.exports import ExportDesk
    from watcher.services.blocking.list_clients import ListClients

    return ExportDesk(lists, publishing, ListClients(store, clock))


def build_publisher(lists: "BlockLists", store: "Store", clock: "Clock") -> "Publisher":
    """Return what keeps the list that is handed out in step."""
    from watcher.services.blocking.publish import Publisher

    return Publisher(store, lists, clock)


@asynccontextmanager
async def open_zone_server(
    chosen: "Settings", publishing: "Publisher", noted: "Noted | None" = None
) -> AsyncIterator[str | None]:
    """Serve the zone while the block lasts; its address, or None where `rpz.listen` is not set.

    Raises ConfigurationError for a certificate that cannot be used, WatcherError where nothing can listen.
    """
    from watcher.exports.form import RpzAction
    from watcher.listeners.rpz_zone import ZoneShape

    settings = chosen.rpz
    shape = ZoneShape(settings.zone, RpzAction(settings.action))
    await publishing.begin(str(shape))
    if settings.listen is None:
        yield None
        return
    from watcher.listeners.rpz import Listen, ZoneServer
    from watcher.listeners.rpz_answers import Access

    access = Access(_key(settings.tsig), _networks(settings.allow))
    address = _address(settings.listen)
    server = ZoneServer(
        shape,
        access,
        state=publishing.state,
        difference=publishing.difference,
        notifications=_notifications(chosen, access, address[0]),
        noted=noted,
    )
    publishing.tell(server.update)
    try:
        try:
            host, port = await server.start(Listen(address, *_tls(chosen)))
        except OSError as error:
            raise WatcherError(f"cannot listen on {settings.listen} (rpz.listen): {error.strerror or error}") from error
        yield f"{host} port {port}"
    finally:
        await server.close()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _networks(texts: tuple[str, ...]) -> tuple[Any, ...]:
    from ipaddress import ip_network

    return tuple(ip_network(text, strict=False) for text in texts)


def _key(secret: "SecretStr | None") -> Any:
    import dns.tsig

    if secret is None:
        return None
    algorithm, name, text = secret.get_secret_value().split(":", 2)
    try:
        return dns.tsig.Key(name, text, algorithm)
    except ValueError as error:
        raise ConfigurationError("rpz.tsig", "the secret is not base64") from error


def _notifications(chosen: "Settings", access: Any, host: str) -> Any:
    from ipaddress import ip_address

    from watcher.listeners.rpz_notify import Notifications
    from watcher.settings.blocking import target_of

    if not chosen.rpz.notify:
        return None
    source = None if host == "localhost" or ip_address(host).is_unspecified else host
    targets = [target_of(text) for text in chosen.rpz.notify]
    return Notifications(chosen.rpz.zone, targets, access, source=source)


def _tls(chosen: "Settings") -> Any:
    import ssl

    settings = chosen.rpz
    if settings.tls_listen is None or settings.tls_certificate is None:
        return None, None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["dot"])
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError("rpz.tls_certificate", f"cannot be used: {error.strerror or error}") from error
    return _address(settings.tls_listen), context
