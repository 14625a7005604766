"""Feeds from files and https: what is whole is read, what is cut is refused, what is old is not fetched again."""

import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from watcher.core.errors import FeedFailed
from watcher.feeds.sources import FileOrUrl, ListFeed, ZoneFileFeed

SOA = "ml.\t60\tin\tsoa\tns. host. 1 2 3 4 5\n"
ZONE = SOA + "army.ml.\t60\tin\tns\tns1.x.\narmy.ml.\t60\tin\tns\tns2.x.\nnavy.ml.\t60\tin\tns\tns1.x.\n"


async def names_of(feed, tmp_path, position=None):
    fetched = await feed.fetch(position, str(tmp_path / "scratch"))
    return None if fetched is None else (list(fetched.names), fetched.position)


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


async def test_the_newest_file_of_a_folder(tmp_path):
    folder = tmp_path / "incoming"
    folder.mkdir()
    put(folder, "old.ml\n", "1")
    new = put(folder, "army.ml\n", "2")
    import os

    os.utime(new, (2_000_000_000, 2_000_000_000))
    assert (await names_of(ListFeed(FileOrUrl(folder)), tmp_path))[0] == ["army.ml"]


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
