"""Feeds from files and https: what is whole is read, what is cut is refused, what is old is not fetched again."""

import gzip
import os

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from watcher.core.errors import FeedFailed
from watcher.feeds.sources import FileOrUrl, ListFeed, ZoneFileFeed

SOA = "ml.\t60\tin\tsoa\tns. host. 1 2 3 4 5\n"
ZONE = SOA + "army.ml.\t60\tin\tns\tns1.x.\narmy.ml.\t60\tin\tns\tns2.x.\nnavy.ml.\t60\tin\tns\tns1.x.\n"


async def names_of(feed, tmp_path, position=None):
    fetched = await feed.fetch(position, str(tmp_path / "scratch"))
    return None if fetched is None else ([name for names in fetched.names for name in names], fetched.position)


def put(tmp_path, data, name="ml.zone"):
    file = tmp_path / name
    file.write_bytes(data if isinstance(data, bytes) else data.encode())
    return file


@pytest.mark.parametrize("packed", [False, True])
async def test_a_whole_zone(tmp_path, packed):
    data = gzip.compress(ZONE.encode()) if packed else ZONE.encode()
    feed = ZoneFileFeed(FileOrUrl(put(tmp_path, data)), "ml")
    names, position = await names_of(feed, tmp_path)
    assert names == ["army.ml", "navy.ml"]
    assert await names_of(feed, tmp_path, position) is None, "the same file is not read again"


@pytest.mark.parametrize(
    "data",
    [
        ZONE.rstrip().encode(),
        ZONE.replace(SOA, "").encode(),
        gzip.compress(ZONE.encode() * 500, mtime=0)[:-20],
        b"",
        b"\x00" * 1000,
        ZONE.replace("ml.", "com.").encode(),
    ],
    ids=["no last line end", "no SOA", "cut gzip", "empty", "no text", "another zone"],
)
async def test_a_zone_that_is_not_whole_is_refused(tmp_path, data):
    with pytest.raises(FeedFailed):
        await names_of(ZoneFileFeed(FileOrUrl(put(tmp_path, data)), "ml"), tmp_path)


def stamped(file, at):
    os.utime(file, (at, at))


async def test_a_folder_is_watched(tmp_path):
    """Every list that somebody puts there is read once; what is still written is left alone."""
    folder = tmp_path / "incoming"
    folder.mkdir()
    stamped(put(folder, "old.ml\n", "z"), 2_000_000_000)
    stamped(put(folder, "army.ml\n", "a"), 2_000_000_010)
    put(folder, "half.ml\n", "new.part")
    feed = ListFeed(FileOrUrl(folder))
    names, position = await names_of(feed, tmp_path)
    assert names == ["old.ml", "army.ml"]
    assert await names_of(feed, tmp_path, position) is None
    stamped(put(folder, "navy.ml\n", "b"), 2_000_000_020)
    stamped(put(folder, "air.ml\n", "c"), 2_000_000_020)
    names, position = await names_of(feed, tmp_path, position)
    assert names == ["navy.ml", "air.ml"]
    stamped(put(folder, "air.ml\nsea.ml\n", "c"), 2_000_000_030)
    assert (await names_of(feed, tmp_path, position))[0] == ["air.ml", "sea.ml"]
    for file in folder.iterdir():
        file.unlink()
    assert await names_of(feed, tmp_path, position) is None, "what was read may be cleared away"


async def test_of_zones_in_a_folder_the_newest_is_read(tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    stamped(put(folder, ZONE, "1"), 2_000_000_000)
    stamped(put(folder, SOA + "air.ml.\t60\tin\tns\tns1.x.\n", "2"), 2_000_000_010)
    assert (await names_of(ZoneFileFeed(FileOrUrl(folder), "ml"), tmp_path))[0] == ["air.ml"]


@pytest.mark.parametrize(("tail", "closes"), [("", False), (SOA, True), (SOA + "; the end\n\n", True)])
async def test_whether_a_zone_file_closes_with_its_soa_is_known(tmp_path, tail, closes):
    fetched = await ZoneFileFeed(FileOrUrl(put(tmp_path, ZONE + tail)), "ml").fetch(None, "")
    assert [name for names in fetched.names for name in names] == ["army.ml", "navy.ml"]
    assert fetched.ends_with_soa() is closes


async def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FeedFailed, match="cannot be read"):
        await names_of(ListFeed(FileOrUrl(tmp_path / "nowhere")), tmp_path)


async def test_https_with_an_etag_and_who_asks(tmp_path):
    asked = []

    async def give(request):
        asked.append((request.headers.get("If-None-Match"), request.headers["User-Agent"]))
        if request.headers.get("If-None-Match") == '"1"':
            return web.Response(status=304)
        return web.Response(body=gzip.compress(b"||army.ml^\n"), headers={"ETag": '"1"'})

    app = web.Application()
    app.router.add_get("/list", give)
    async with TestServer(app) as server:
        feed = ListFeed(FileOrUrl(url=str(server.make_url("/list")), user_agent="watcher (me@army.mil)"))
        names, position = await names_of(feed, tmp_path)
        assert names == ["army.ml"]
        assert await names_of(feed, tmp_path, position) is None
        with pytest.raises(FeedFailed, match="404"):
            await names_of(ListFeed(FileOrUrl(url=str(server.make_url("/nothing")))), tmp_path)
    assert asked == [(None, "watcher (me@army.mil)"), ('"1"', "watcher (me@army.mil)")]


async def test_plain_http_goes_nowhere_but_to_this_machine(tmp_path):
    with pytest.raises(FeedFailed, match="https"):
        await names_of(ListFeed(FileOrUrl(url="http://example.com/list")), tmp_path)


async def test_a_list_without_any_name_is_refused(tmp_path):
    with pytest.raises(FeedFailed, match="no line holds a name"):
        await names_of(ListFeed(FileOrUrl(put(tmp_path, "<html>\nmoved here\n"))), tmp_path)


async def test_a_feed_is_fetched_through_the_proxy_that_is_set(tmp_path):
    asked = []

    async def answer(request):
        asked.append(str(request.url))
        return web.Response(text="army.ml\n")

    application = web.Application()
    application.router.add_get("/{tail:.*}", answer)
    async with TestServer(application) as proxy:
        through = f"http://127.0.0.1:{proxy.port}"
        url = "http://localhost:1/names.txt"  # nobody listens there
        feed = ListFeed(FileOrUrl(url=url, proxy={url: through}.get))
        names, _ = await names_of(feed, tmp_path)
    assert names == ["army.ml"]
    assert asked == [url]
