"""`/feeds`: health, age, lag and position of each, a run by hand, and what it says of one that failed."""

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer

from tests.fakes.api_client import ApiClient, make_parts
from tests.fakes.certificate_log import CertificateLogServer
from watcher.api.app import make_app
from watcher.bootstrap.command import build_enumeration
from watcher.data import load_suffixes
from watcher.feeds.ct.feed import CertificateFeed
from watcher.feeds.sources import FileOrUrl, ListFeed, ZoneFileFeed
from watcher.services.feeding.certificates import CertificateLogs
from watcher.services.feeding.feeding import Feeding
from watcher.services.feeding.hits import Hits
from watcher.services.names.own import Ours

SOA = "ml.\t60\tin\tsoa\tns. host. 1 2 3 4 5\n"


@pytest.fixture
async def fed(behind, tmp_path):
    """A client of a service with a list, a zone and a certificate log; the log, and the folder of the files."""
    await behind.protect("army.mil")
    await (ours := Ours(behind.store, load_suffixes())).read()
    (tmp_path / "new.txt").write_text("amry.mil.com\nweather.org\n<html>\n")
    (tmp_path / "ml.zone").write_text(SOA + "army.ml.\t60\tin\tns\tns1.x.\n")
    hits = Hits(behind.store, build_enumeration(ours).matching, load_suffixes())
    log = CertificateLogServer()
    log.add("old.example")
    async with TestServer(log.app()) as logs:
        url = str(logs.make_url("/"))
        feeds = {
            "new": ListFeed(FileOrUrl(tmp_path / "new.txt")),
            "ml": ZoneFileFeed(FileOrUrl(tmp_path / "ml.zone"), "ml"),
            "ct": CertificateFeed("watcher (a@b.example)", behind.clock, b"", tmp_path / "kept", log_url=url),
        }
        feeding = Feeding(
            behind.store,
            feeds,
            folder=tmp_path / "feeds",
            hits=hits,
            logs={"ct": CertificateLogs(behind.store, hits, behind.clock)},
            clock=behind.clock,
        )
        async with (
            TestServer(make_app(make_parts(behind, feeding=feeding))) as server,
            ClientSession() as session,
        ):
            yield ApiClient(server, session), log, tmp_path


async def test_feeds_are_listed_in_order_and_by_page(fed):
    api, *_ = fed
    rows = (await api.get("/api/v1/feeds")).json["items"]
    assert [(row["name"], row["kind"], row["age_seconds"]) for row in rows] == [
        ("new", "names", None), ("ml", "zone_file", None), ("ct", "ct", None)
    ]  # fmt: skip
    first = (await api.get("/api/v1/feeds?limit=2")).json
    rest = (await api.get(f"/api/v1/feeds?limit=2&cursor={first['next_cursor']}")).json
    assert [row["name"] for row in (*first["items"], *rest["items"])] == ["new", "ml", "ct"]


async def test_a_run_tells_what_came_of_it(fed, behind):
    api, log, _ = fed
    found = (await api.post("/api/v1/feeds/new:run")).json
    assert (found["names"], found["matched"], found["new"]) == (2, 1, 1)
    assert (found["left_out"], found["left_out_first"]) == (1, "<html>")
    await api.post("/api/v1/feeds/ct:run")
    log.add("army-mil.net")
    found = (await api.post("/api/v1/feeds/ct:run")).json
    assert (found["names"], found["matched"], found["behind"]) == (1, 1, 0)
    assert found["logs"][0]["error"] is None
    assert found["logs"][0]["position"]
    await behind.clock.advance(90)
    ages = {row["name"]: row["age_seconds"] for row in (await api.get("/api/v1/feeds")).json["items"]}
    assert ages == {"new": 90, "ml": None, "ct": 90}


async def test_a_feed_that_failed_says_why_and_keeps_its_last_state(fed):
    api, _, folder = fed
    await api.post("/api/v1/feeds/ml:run")
    (folder / "ml.zone").write_text("army.ml.\t60\tin\tns\tns1.x.\n")
    answer = await api.post("/api/v1/feeds/ml:run")
    assert answer.status == 502
    assert "no SOA of ml" in answer.json["detail"]
    rows = {row["name"]: row for row in (await api.get("/api/v1/feeds")).json["items"]}
    assert (rows["ml"]["names"], "no SOA" in rows["ml"]["error"]) == (1, True)
    assert (await api.post("/api/v1/feeds/nothing:run")).status == 404
