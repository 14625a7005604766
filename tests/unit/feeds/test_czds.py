"""CZDS over loopback: one token for all, one download a day, the head first, and each refusal in one line."""

import asyncio
import gzip

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from tests.fakes.clock import FakeClock
from watcher.core.errors import FeedFailed
from watcher.feeds.czds import CzdsAccount, CzdsFeed

SOA = "ml.\t60\tin\tsoa\tns. host. 1 2 3 4 5\n"
ZONE = SOA + "army.ml.\t60\tin\tns\tns1.x.\n" + SOA


class Czds:
    """ICANN's service, and the faults it can have."""

    def __init__(self):
        self.tokens, self.asked = 0, []
        self.zones = {"ml": gzip.compress(ZONE.encode(), mtime=0)}
        self.modified = "Sat, 28 Nov 2026 01:00:00 GMT"
        self.refuses_all = False
        self.status = {}
        self.cut = 0
        self.elsewhere = None

    def app(self):
        made = web.Application()
        made.router.add_post("/api/authenticate", self._authenticate)
        made.router.add_get("/czds/downloads/links", self._links)
        made.router.add_get("/czds/downloads/{zone}.zone", self._zone)
        return made

    async def _authenticate(self, request):
        given = await request.json()
        self.asked.append("authenticate")
        if given["password"] != "right":
            return web.Response(status=401)
        self.tokens += 1
        return web.json_response({"accessToken": f"token{self.tokens}", "message": "ok"})

    def _refuses(self, request):
        wanted = f"Bearer token{self.tokens}"
        return self.refuses_all or request.headers.get("Authorization") != wanted

    async def _links(self, request):
        self.asked.append("links")
        if self._refuses(request):
            return web.Response(status=401)
        base = self.elsewhere or f"{request.url.origin()}"
        return web.json_response([f"{base}/czds/downloads/{zone}.zone" for zone in self.zones])

    async def _zone(self, request):
        self.asked.append(request.method)
        if self._refuses(request):
            return web.Response(status=401)
        if (status := self.status.get(request.method)) is not None:
            return web.Response(status=status, headers={"Retry-After": "77"})
        body = self.zones[request.match_info["zone"]]
        headers = {"Last-Modified": self.modified, "Content-Disposition": "attachment; filename=ml.txt.gz"}
        if self.cut:
            response = web.StreamResponse(headers=headers | {"Content-Length": str(len(body))})
            await response.prepare(request)
            await response.write(body[: self.cut])
            request.transport.close()
            return response
        return web.Response(body=body, headers=headers)


@pytest.fixture
async def czds(tmp_path):
    made = Czds()
    async with TestServer(made.app()) as server:
        made.clock = FakeClock()
        made.url = str(server.make_url("/"))

        def feed(zone="ml", password="right"):
            turn = asyncio.Lock()
            account = CzdsAccount("soc", password, tmp_path / "f" / ".token", made.clock, turn, made.url)
            return CzdsFeed(account, zone, "watcher (soc@example.org)", made.url)

        made.feed = feed
        yield made


async def names_of(feed, tmp_path, position=None):
    fetched = await feed.fetch(position, str(tmp_path / "scratch"))
    return None if fetched is None else ([name for names in fetched.names for name in names], fetched.position)


async def test_a_zone_is_downloaded_once_a_day_with_one_token(czds, tmp_path):
    names, position = await names_of(czds.feed(), tmp_path)
    assert names == ["army.ml"]
    assert czds.asked == ["authenticate", "links", "HEAD", "GET"]
    assert (tmp_path / "f" / ".token").stat().st_mode & 0o777 == 0o600
    czds.asked.clear()
    assert await names_of(czds.feed(), tmp_path, position) is None
    assert czds.asked == [], "at most one download a day"
    await czds.clock.advance(12 * 3600)
    czds.asked.clear()
    assert await names_of(czds.feed(), tmp_path, position) is None
    await czds.clock.advance(10 * 3600)
    assert "authenticate" not in czds.asked, "the token is kept"


async def test_the_head_is_asked_for_first(czds, tmp_path):
    _, position = await names_of(czds.feed(), tmp_path)
    await czds.clock.advance(25 * 3600)
    czds.asked.clear()
    assert await names_of(czds.feed(), tmp_path, position) is None
    assert czds.asked[-2:] == ["links", "HEAD"]
    czds.modified = "Sun, 29 Nov 2026 01:00:00 GMT"
    assert (await names_of(czds.feed(), tmp_path, position))[0] == ["army.ml"]


async def test_a_token_that_is_over_is_renewed_once(czds, tmp_path):
    await names_of(czds.feed(), tmp_path)
    czds.tokens += 5  # the one that is kept is over
    await czds.clock.advance(3600)
    assert (await names_of(czds.feed(), tmp_path))[0] == ["army.ml"]
    czds.refuses_all = True
    czds.asked.clear()
    for _ in range(4):
        await czds.clock.advance(60)
        with pytest.raises(FeedFailed):
            await names_of(czds.feed(), tmp_path)
    assert czds.asked.count("authenticate") <= 1, "tokens are limited strictly"


async def test_a_wrong_password_is_not_tried_again_and_again(czds, tmp_path):
    for _ in range(5):
        with pytest.raises(FeedFailed):
            await names_of(czds.feed(password="wrong"), tmp_path)
    assert czds.asked.count("authenticate") == 1


async def test_a_zone_that_is_not_approved_names_what_is(czds, tmp_path):
    with pytest.raises(FeedFailed, match=r"may not download com.*it has ml"):
        await names_of(czds.feed("com"), tmp_path)


@pytest.mark.parametrize(
    ("status", "why"), [(403, "approval lapsed"), (404, "no file"), (429, "wait for 77 s"), (500, "500")]
)
async def test_each_refusal_is_one_line(czds, tmp_path, status, why):
    czds.status = {"GET": status}
    with pytest.raises(FeedFailed, match=why):
        await names_of(czds.feed(), tmp_path)


async def test_a_download_that_is_cut_is_refused(czds, tmp_path):
    czds.cut = 20
    with pytest.raises(FeedFailed):
        await names_of(czds.feed(), tmp_path)


async def test_a_link_does_not_decide_where_we_connect(czds, tmp_path):
    czds.elsewhere = "https://elsewhere.example"
    with pytest.raises(FeedFailed, match="may not download"):
        await names_of(czds.feed(), tmp_path)
    assert "HEAD" not in czds.asked
