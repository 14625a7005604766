"""Top-level labels newer than the bundled list, as the commands and the service learn them."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from watcher.bootstrap.network import open_network, random_label, system_clock
from watcher.core.errors import ConfigurationError, InvalidName
from watcher.services.names.root_labels import AskRoot, RootLabels, ask_root, top_label

if TYPE_CHECKING:
    from watcher.core.ports import Resolver
    from watcher.settings.settings import Settings
    from watcher.store import Store
    from watcher.store.database import StorePatience

_SECONDS = 6.0


def build_root_labels(store: "Store | None", *, at_start: bool = True) -> RootLabels:
    """Return the labels kept in `store`, learned into the bundled data.

    `at_start`: candidates are made of them too; they must not change under a process that is at work.
    """
    from watcher.data import learn_labels, load_suffixes

    suffixes = load_suffixes()
    return RootLabels(store, suffixes, system_clock(), learn_labels if at_start else suffixes.notice)


def asker(resolver: "Resolver") -> AskRoot:
    """Return the question to the root through `resolver`."""

    async def ask(labels: Collection[str]) -> dict[str, bool]:
        return await ask_root(resolver, labels, random_label())

    return ask


@asynccontextmanager
async def root_asker(chosen: "Settings") -> AsyncIterator[AskRoot]:
    """A question to the root by a network of its own, opened when it is asked; it takes seconds at most."""

    async def ask(labels: Collection[str]) -> dict[str, bool]:
        with suppress(ConfigurationError, TimeoutError):
            async with open_network(chosen, registration=False) as net, asyncio.timeout(_SECONDS):
                return await asker(net.resolver)(labels)
        return {}

    yield ask


def unlisted_labels(texts: Iterable[str]) -> list[str]:
    """Return the top-level labels of names that the bundled list lacks; what is no name is left out."""
    from watcher.core.names.protected import parse_any
    from watcher.data import load_suffixes

    suffixes = load_suffixes()
    labels: dict[str, None] = {}
    for text in texts:
        with suppress(InvalidName):
            name = parse_any(text, suffixes)
            if not suffixes.is_delegated(name):
                labels[top_label(name)] = None
    return list(labels)


async def learn_unlisted(chosen: "Settings", texts: Iterable[str]) -> dict[str, bool]:
    """Learn the top-level labels of names that the bundled list lacks; return what the root was asked and said."""
    from watcher.bootstrap.command import has_database, open_store

    labels = unlisted_labels(texts)
    said: dict[str, bool] = {}
    if not labels:
        return said
    async with AsyncExitStack() as opened:
        ask = await opened.enter_async_context(root_asker(chosen))
        store = None
        if await asyncio.to_thread(has_database, chosen):
            store = await opened.enter_async_context(open_store(chosen, create=True))

        async def ask_and_note(due: Collection[str]) -> dict[str, bool]:
            said.update(await ask(due))
            return said

        await build_root_labels(store).know(labels, ask_and_note)
    return said


@asynccontextmanager
async def open_watched_store(chosen: "Settings", *, patience: "StorePatience | None" = None) -> "AsyncIterator[Store]":
    """The database, made where it is missing, with what the root said about labels learned before candidates are."""
    from watcher.bootstrap.command import open_store

    async with open_store(chosen, create=True, patience=patience) as store:
        read = build_root_labels(store).read
        await (read() if patience is None else patience.until_done(read))
        yield store
