"""The sources of feeds: a file, a folder, an https address. Each satisfies `core.ports.NamesFeed`."""

import asyncio
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from watcher.core.errors import ConfigurationError, FeedFailed
from watcher.core.names.lists import ListTally, NamesList
from watcher.core.names.names import Fqdn
from watcher.core.ports import Fetched
from watcher.feeds.fetching import Proxy, check_address, directly
from watcher.feeds.lists import blocks_of, read_lines
from watcher.feeds.zone_lines import zone_names

MOST_BYTES = 8 << 30
"""Of a download; the largest zone has some five packed."""
_OK, _NOT_MODIFIED = 200, 304
_AT_ONCE = 20_000
_TAIL = 8192


@dataclass(frozen=True, slots=True)
class FileOrUrl:
    """A file, the files of a folder that is watched, or an https address."""

    file: Path | None = None
    url: str | None = None
    user_agent: str = "watcher"
    timeout: float = 3600.0
    proxy: Proxy = directly

    @property
    def waits(self) -> bool:
        """Return whether it is a folder, into which others put files."""
        return self.file is not None and self.file.is_dir()

    async def open(self, position: str | None, scratch: Path) -> tuple[list[Path], str] | None:
        """Return the files that are new, the oldest first, and their position; None where none is. Raises FeedFailed.

        Of a folder that was never read all files are new.
        """
        if self.url is not None:
            found = await self._download(self.url, position, scratch)
            return None if found is None else ([found[0]], found[1])
        try:
            files = await asyncio.to_thread(self._files)
        except OSError as error:
            raise FeedFailed(f"{self.file} cannot be read: {error.strerror}") from error
        known = _Stamp.read(position)
        if not files and known is None:
            raise FeedFailed(f"{self.file} holds no file")
        fresh = [(stamp, path) for stamp, path in files if known is None or stamp.is_after(known)]
        if not fresh:
            return None
        return [path for _, path in fresh], fresh[-1][0].written()

    async def _download(self, url: str, position: str | None, scratch: Path) -> tuple[Path, str] | None:
        parts = urlsplit(url)
        check_address(url)
        headers = {"User-Agent": self.user_agent, "Accept-Encoding": "identity"}
        kind, _, value = (position or "").partition(" ")
        if value:
            headers["If-None-Match" if kind == "etag" else "If-Modified-Since"] = value
        try:
            async with (
                aiohttp.ClientSession(trust_env=False, timeout=aiohttp.ClientTimeout(total=self.timeout)) as session,
                session.get(url, headers=headers, proxy=self.proxy(url)) as response,
            ):
                if response.status == _NOT_MODIFIED:
                    return None
                if response.status != _OK:
                    raise FeedFailed(f"{parts.hostname} answered {response.status}")
                with scratch.open("wb") as file:
                    kept = 0
                    async for chunk in response.content.iter_chunked(1 << 20):
                        kept += len(chunk)
                        if kept > MOST_BYTES:
                            raise FeedFailed("the download is larger than 8 GiB")
                        await asyncio.to_thread(file.write, chunk)
                etag, modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise FeedFailed(f"{parts.hostname}: {type(error).__name__}: {error}") from error
        return scratch, f"etag {etag}" if etag else f"modified {modified}" if modified else ""

    def _files(self) -> "list[tuple[_Stamp, Path]]":
        path = self.file or Path()
        files = [path]
        if path.is_dir():
            files = [file for file in path.iterdir() if file.is_file() and not _is_under_way(file.name)]
        stamped = [(_Stamp.of(file), file) for file in files]
        return sorted(stamped, key=lambda item: (item[0].changed, item[0].name))


def _is_under_way(name: str) -> bool:
    """Return whether a file is one that somebody still writes, by the names that are usual for that."""
    return name.startswith(".") or name.endswith((".part", ".tmp", ".partial", ".crdownload", "~"))


@dataclass(frozen=True, slots=True)
class _Stamp:
    """A file as it was when it was read."""

    name: str
    size: int
    changed: int

    @classmethod
    def of(cls, file: Path) -> "_Stamp":
        status = file.stat()
        return cls(file.name, status.st_size, status.st_mtime_ns)

    @classmethod
    def read(cls, position: str | None) -> "_Stamp | None":
        name, _, numbers = (position or "").rpartition(" ")
        name, _, size = name.rpartition(" ")
        return cls(name, int(size), int(numbers)) if size.isdigit() and numbers.isdigit() else None

    def is_after(self, known: "_Stamp") -> bool:
        """Return whether the file was changed later than the one that was read last, or is that one changed."""
        if self.name == known.name:
            return self != known
        return (self.changed, self.name) > (known.changed, known.name)

    def written(self) -> str:
        return f"{self.name} {self.size} {self.changed}"


@dataclass(frozen=True, slots=True)
class ListFeed:
    """A list of names in any common form."""

    source: FileOrUrl
    column: str | None = None
    kind: str = "names"

    @property
    def waits(self) -> bool:
        """As the port says."""
        return self.source.waits

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """As the port says."""
        found = await self.source.open(position, Path(scratch))
        if found is None:
            return None
        read = NamesList(self.column)

        def left_out() -> tuple[int, str | None]:
            return read.tally.dropped, next(iter(read.tally.shown), None)

        return Fetched(self._names(found[0], read), found[1], left_out=left_out)

    def _names(self, files: list[Path], read: NamesList) -> Iterator[list[Fqdn]]:
        try:
            names = (name for file in files for name in read.names(read_lines(file)))
            while some := list(islice(names, _AT_ONCE)):
                yield some
        except ConfigurationError as error:
            raise FeedFailed(error.why) from error
        if read.tally.dropped and not read.tally.named:
            raise FeedFailed(f"no line holds a name, the first: {read.tally.shown[0]!r}")


@dataclass(frozen=True, slots=True)
class ZoneFileFeed:
    """A complete zone file, as registries publish them."""

    source: FileOrUrl
    zone: str
    kind: str = "zone_file"

    @property
    def waits(self) -> bool:
        """As the port says."""
        return self.source.waits

    async def fetch(self, position: str | None, scratch: str) -> Fetched | None:
        """As the port says."""
        found = await self.source.open(position, Path(scratch))
        if found is None:
            return None
        return zone_fetched(found[0][-1], self.zone, found[1])


def zone_fetched(file: Path, zone: str, position: str) -> Fetched:
    """Return the content of a zone file."""
    last = bytearray()
    return Fetched(_zone_names(file, zone, last), position, zone, ends_with_soa=lambda: _is_soa(bytes(last), zone))


def _zone_names(file: Path, zone: str, last: bytearray) -> Iterator[list[Fqdn]]:
    """Yield what a zone file shows to exist under its zone; the last block goes to `last`.

    Raises FeedFailed for one that is cut, or of another zone.
    """
    zones: set[str] = set()
    end = b"\n"

    def noted(blocks: Iterator[bytes]) -> Iterator[bytes]:
        for block in blocks:
            last[:] = block[-_TAIL:]
            yield block

    try:
        with file.open("rb") as raw:
            if raw.seek(0, io.SEEK_END):
                raw.seek(-1, io.SEEK_END)
                end = raw.read(1)
            raw.seek(0)
            for names in zone_names(noted(blocks_of(raw, file.name)), zones, ListTally()):
                yield under(names, zone)
    except ConfigurationError as error:
        raise FeedFailed(error.why) from error
    except (OSError, zipfile.BadZipFile) as error:
        raise FeedFailed(f"{file.name} cannot be read: {error}") from error
    if zone not in zones:
        raise FeedFailed(f"there is no SOA of {zone} in it: is it the whole zone?")
    if end != b"\n" and not _is_packed(file):
        raise FeedFailed("its last line has no end: it was cut")


def under(names: list[str], zone: str) -> list[Fqdn]:
    """Return those of the names that are under a zone."""
    ending = "." + zone
    return [Fqdn(name) for name in names if name.endswith(ending)]


def _is_soa(tail: bytes, zone: str) -> bool:
    """Return whether the last line is the zone's SOA, as in what a transfer gives (RFC 5936 section 2.2)."""
    lines = [line.split() for line in tail.decode("utf-8", "replace").lower().split("\n")]
    filled = [fields for fields in lines[1:] if fields and not fields[0].startswith((";", "#"))]
    return bool(filled) and filled[-1][0].rstrip(".") == zone and "soa" in filled[-1][1:4]


def _is_packed(file: Path) -> bool:
    with file.open("rb") as raw:
        return raw.read(2) in {b"\x1f\x8b", b"PK", b"BZ", b"\xfd7"}
