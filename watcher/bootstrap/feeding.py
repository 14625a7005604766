"""The runner of feeds, built from the settings."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from watcher.bootstrap.workers import Company
    from watcher.services.feeding.feeding import AnyFeed, Feeding
    from watcher.services.sweeps.enumerate import Enumeration
    from watcher.settings.feeds import Feed
    from watcher.settings.settings import Settings
    from watcher.store import Store

ZONES = frozenset({"zone_file", "zone_transfer", "czds"})
"""Kinds that hold all that exists right below a suffix."""


def build_feeding(
    chosen: "Settings", store: "Store", enumeration: "Enumeration", company: "Company | None" = None
) -> "Feeding":
    """The feeds of the settings over a database and what is protected in it."""
    from watcher.bootstrap.network import system_clock
    from watcher.data import load_suffixes
    from watcher.services.feeding.certificates import CertificateLogs, hold_alone
    from watcher.services.feeding.feeding import Feeding
    from watcher.services.feeding.hits import Hits

    clock, feeds = system_clock(), chosen.feeds.by_name
    hits = Hits(store, enumeration.matching, load_suffixes())
    hold = hold_alone if company is None else company.hold
    return Feeding(
        store,
        _Sources(chosen).made(),
        folder=chosen.feeds.directory,
        hits=hits,
        logs={
            name: CertificateLogs(store, hits, clock, hold=hold, every=feed.every)
            for name, feed in feeds.items()
            if feed.kind == "ct"
        },
        clock=clock,
    )


def zone_files(chosen: "Settings") -> tuple[Path, ...]:
    """The files of complete zones that feeds keep: they answer the question of existence."""
    from watcher.services.feeding.zone_days import names_file

    return tuple(
        names_file(chosen.feeds.directory, name) for name, feed in chosen.feeds.by_name.items() if feed.kind in ZONES
    )


class _Sources:
    """Makes the sources of feeds; those of one CZDS account share its token."""

    def __init__(self, chosen: "Settings") -> None:
        contact = chosen.feeds.contact
        self._chosen = chosen
        self._agent = "watcher" if contact is None else f"watcher ({contact})"
        self._turns: dict[str, asyncio.Lock] = {}

    def made(self) -> "dict[str, AnyFeed]":
        """Return the sources by the names of their feeds."""
        return {name: self._source(name, feed) for name, feed in self._chosen.feeds.by_name.items()}

    def _source(self, name: str, feed: "Feed") -> "AnyFeed":
        from watcher.feeds.sources import FileOrUrl, ListFeed, ZoneFileFeed
        from watcher.feeds.transfers import TransferFeed
        from watcher.sections import secret_text

        source = FileOrUrl(feed.file, feed.url, self._agent, proxy=self._chosen.http.of)
        match feed.kind:
            case "names":
                return ListFeed(source, feed.column)
            case "zone_file":
                return ZoneFileFeed(source, feed.zone or "")
            case "zone_transfer":
                return TransferFeed(feed.server or "", feed.zone or "", secret_text(feed.tsig))
            case "czds":
                return self._czds(feed)
            case "ct":
                return self._certificates(name, feed)

    def _czds(self, feed: "Feed") -> "AnyFeed":
        from watcher.bootstrap.network import system_clock
        from watcher.feeds.czds import ACCOUNT_URL, API_URL, CzdsAccount, CzdsFeed
        from watcher.sections import secret_text

        username, proxy = feed.username or "", self._chosen.http.of
        account = CzdsAccount(
            username,
            secret_text(feed.password) or "",
            self._chosen.feeds.directory / ".czds-token",
            system_clock(),
            self._turns.setdefault(username, asyncio.Lock()),
            feed.account_url or ACCOUNT_URL,
            proxy,
        )
        return CzdsFeed(account, feed.zone or "", self._agent, feed.url or API_URL, proxy)

    def _certificates(self, name: str, feed: "Feed") -> "AnyFeed":
        from watcher.bootstrap.network import system_clock
        from watcher.data import load_log_list
        from watcher.feeds.ct.feed import LIST_URL, CertificateFeed
        from watcher.feeds.ct.heads import read_key

        one = feed.url is not None and not feed.url.endswith(".json")
        where: dict[str, Any] = {"log_url": feed.url} if one else {"list_url": feed.url or LIST_URL}
        return CertificateFeed(
            self._agent,
            system_clock(),
            bundled=b"" if feed.url else load_log_list(),
            kept=self._chosen.feeds.directory / f".{name}.logs.json",
            list_file=feed.file,
            key=None if feed.key is None else read_key(feed.key),
            catch_up=feed.catch_up,
            proxy=self._chosen.http.of,
            **where,
        )
