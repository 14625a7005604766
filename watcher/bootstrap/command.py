"""The parts that a command opens before it works: settings, database, enumeration, answers about one name."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from watcher.bootstrap.network import Network, system_clock

if TYPE_CHECKING:
    from watcher.core.slips.candidates import Share
    from watcher.services.answers.lookup import Lookup
    from watcher.services.looks.registrations import Registrations
    from watcher.services.looks.relook import Relook
    from watcher.services.names.own import Ours
    from watcher.services.sweeps.enumerate import Enumeration
    from watcher.settings.settings import Settings
    from watcher.store import Store
    from watcher.store.database import StorePatience


class Options(Protocol):
    """The options that stand before the subcommand."""

    @property
    def config(self) -> Path | None:
        """The settings file, or None for the default places."""
        ...

    @property
    def database_url(self) -> str | None:
        """A database that overrides the setting."""
        ...


def load_settings(options: Options, resolvers: Sequence[str] = ()) -> "Settings":
    """Return the effective settings; warnings go to standard error. Raises ConfigurationError."""
    from watcher.settings.settings import load

    overrides: dict[str, Any] = {}
    if options.database_url:
        overrides["database_url"] = options.database_url
    if resolvers:
        overrides["dns"] = {"resolvers": list(resolvers)}
    loaded, warnings = load(options.config, overrides)
    for warning in warnings:
        sys.stderr.write(f"watcher: {warning}\n")
    _add_suffixes((*loaded.registration.rdap_servers, *loaded.registration.whois_servers))
    return loaded


def _add_suffixes(listed: Sequence[str]) -> None:
    """Count what has a registry of its own in the settings as a public suffix, whatever the list says of it."""
    from watcher.core.errors import InvalidName
    from watcher.core.names.names import parse
    from watcher.data import load_suffixes

    for text in listed:
        with suppress(InvalidName):  # the registry client says what is wrong with it
            load_suffixes().add([parse(text.strip().removeprefix("."))])


def has_database(chosen: "Settings") -> bool:
    """Return whether the database of the settings is there. Raises StoreError where its server does not answer."""
    from watcher.store import place_of

    return place_of(chosen.database_url.get_secret_value()).exists()


@asynccontextmanager
async def open_store(
    chosen: "Settings", *, create: bool, patience: "StorePatience | None" = None
) -> AsyncIterator["Store"]:
    """The database of the settings, closed at the end; `create` makes and migrates it. Raises StoreError.

    With `patience` a server that cannot be reached is waited for.
    """
    from watcher.store import Store

    url, clock = chosen.database_url.get_secret_value(), system_clock()
    if patience is not None:
        store = await Store.open_patiently(url, patience, clock=clock)
    else:
        store = await (Store.open_or_create if create else Store.open_existing)(url, clock=clock)
    try:
        yield store
    finally:
        await store.close()


def build_enumeration(
    ours: "Ours | None" = None, words: Sequence[str] = (), share: "Share | None" = None
) -> "Enumeration":
    """Return candidates and resemblance over the bundled tables and the settings' `words`, without our own names."""
    from watcher.data import enumeration_version, load_tables
    from watcher.services.sweeps.enumerate import Enumeration
    from watcher.techniques import ALL

    more = tuple(words)
    return Enumeration(load_tables(more), ALL, enumeration_version(more), ours, share)


def build_lookup(
    net: Network,
    *,
    store: "Store | None" = None,
    ours: "Ours | None" = None,
    names: "Enumeration | None" = None,
    relook: "Relook | None" = None,
    registrations: "Registrations | None" = None,
) -> "Lookup":
    """Answers about any one name."""
    from watcher.core.mail.verdict import Owner
    from watcher.data import load_suffixes
    from watcher.services.answers.lookup import Lookup

    return Lookup(
        clock=system_clock(),
        suffixes=load_suffixes(),
        looker=net.examiner,
        resembling=(names or build_enumeration(ours)).resembling,
        registry=net.registry,
        store=store,
        relook=None if relook is None else relook.now,
        record_facts=None if registrations is None else registrations.record,
        owner=Owner if ours is None else lambda: ours.owner,
        confirms=len(net.servers) > 1,
    )
