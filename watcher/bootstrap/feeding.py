"""The runner of feeds, built from the settings."""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watcher.core.ports import NamesFeed
    from watcher.services.feeding.feeding import Feeding
    from watcher.services.sweeps.enumerate import Enumeration
    from watcher.settings.feeds import Feed
    from watcher.settings.settings import Settings
    from watcher.store import Store


def build_feeding(chosen: "Settings", store: "Store", enumeration: "Enumeration") -> "Feeding":
    """The feeds of the settings over a database and what is protected in it."""
    from watcher.bootstrap.network import system_clock
    from watcher.data import load_suffixes
    from watcher.feeds.names import digests
    from watcher.services.feeding.feeding import Feeding

    return Feeding(
        store,
        {name: _feed(feed, chosen.feeds.contact) for name, feed in chosen.feeds.by_name.items()},
        folder=chosen.feeds.directory,
        matching=enumeration.matching,
        name_set=digests,
        suffixes=load_suffixes(),
        clock=system_clock(),
    )


def zone_files(chosen: "Settings") -> tuple[Path, ...]:
    """The files of complete zones that feeds keep: they answer the question of existence."""
    from watcher.services.feeding.feeding import names_file

    return tuple(
        names_file(chosen.feeds.directory, name)
        for name, feed in chosen.feeds.by_name.items()
        if feed.kind in {"zone_file", "zone_transfer"}
    )


def _feed(feed: "Feed", contact: str | None) -> "NamesFeed":
    from watcher.feeds.sources import FileOrUrl, ListFeed, TransferFeed, ZoneFileFeed

    agent = "watcher" if contact is None else f"watcher ({contact})"
    source = FileOrUrl(feed.file, feed.url, agent)
    if feed.kind == "names":
        return ListFeed(source, feed.column)
    if feed.kind == "zone_file":
        return ZoneFileFeed(source, feed.zone or "")
    secret = None if feed.tsig is None else feed.tsig.get_secret_value()
    return TransferFeed(feed.server or "", feed.zone or "", secret)
