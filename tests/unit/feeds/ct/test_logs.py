"""Logs over loopback, static ones and those of RFC 6962: every name comes once, and no lie about the tree is believed."""

import contextlib
import json

import pytest
from aiohttp.test_utils import TestServer

from tests.fakes.certificate_log import CertificateLogServer
from tests.fakes.clock import FakeClock
from watcher.core.errors import FeedFailed, LogDishonest
from watcher.feeds.ct.feed import CertificateFeed
from watcher.feeds.ct.heads import read_key

FORMS = {
    "data tiles": {"static": True},
    "names tiles": {"static": True, "with_names": True},
    "packed tiles": {"static": True, "packed": True},
    "RFC 6962": {"static": False, "at_once": 37},
}


@pytest.fixture(params=FORMS.values(), ids=FORMS)
def log(request):
    return CertificateLogServer(**request.param)


@contextlib.asynccontextmanager
async def reading(log, tmp_path, **settings):
    """Give a function that reads on from a position: the names, and the position after them."""
    async with TestServer(log.app()) as server:
        url = str(server.make_url("/"))
        feed = CertificateFeed(
            "watcher (soc@example.org)",
            FakeClock(),
            bundled=b"",
            kept=tmp_path / "kept",
            list_url=None,
            **({"log_url": url, "key": read_key(log.key_text)} | settings),
        )

        async def read(position, most=None):
            names = []
            async with feed.logs() as logs:
                async for batch in logs[0].read(position):
                    names += batch.names
                    position = batch.position
                    if most is not None and len(names) >= most:
                        break
            return names, position

        yield read


async def test_it_begins_at_the_end_and_then_every_name_comes_once(log, tmp_path):
    for number in range(300):
        log.add(f"old{number}.ml")
    async with reading(log, tmp_path) as read:
        names, position = await read(None)
        assert names == []
        expected = []
        for more in (1, 2, 255, 600, 3):
            for _ in range(more):
                expected.append(f"new{len(expected)}.ml")
                log.add(expected[-1], pre=len(expected) % 2 == 0)
            got = []
            while True:
                names, position = await read(position)
                got += names
                if not names:
                    break
            assert got == expected[-more:]
    assert log.agents == {"watcher (soc@example.org)"}


async def test_a_reading_that_is_cut_off_anywhere_is_taken_up_there(log, tmp_path):
    log.add("old.ml")
    async with reading(log, tmp_path) as read:
        _, position = await read(None)
        expected = [f"new{number}.ml" for number in range(700)]
        for name in expected:
            log.add(name)
        got = []
        for allowed in range(1, 40):
            log.asked.clear()
            log.breaks_after = allowed
            with contextlib.suppress(FeedFailed):
                names, position = await read(position, most=1)
                got += names
        log.breaks_after = None
        while names := (await read(position))[0]:
            _, position = await read(position)
            got += names
        assert got == expected


async def test_a_log_that_forked_is_found_out(log, tmp_path):
    for number in range(20):
        log.add(f"old{number}.ml")
    async with reading(log, tmp_path) as read:
        _, position = await read(None)
        log.entries[5] = (log.entries[6][0], ["other.ml"], False)
        with pytest.raises(LogDishonest, match="two trees of 20"):
            await read(position)
        log.add("army.ml")
        with pytest.raises(LogDishonest, match="forked"):
            await read(position)


async def test_a_log_that_was_rolled_back_is_found_out(log, tmp_path):
    for number in range(20):
        log.add(f"old{number}.ml")
    async with reading(log, tmp_path) as read:
        _, position = await read(None)
        log.shown = 12
        with pytest.raises(LogDishonest, match="rolled back"):
            await read(position)
        log.shown = 20
        assert (await read(position))[0] == []


async def test_a_head_that_somebody_else_signed_is_refused(log, tmp_path):
    log.add("army.ml")
    log.forged = True
    async with reading(log, tmp_path) as read:
        with pytest.raises(LogDishonest, match="signature"):
            await read(None)


async def test_without_a_key_the_tree_is_checked_all_the_same(log, tmp_path):
    for number in range(9):
        log.add(f"old{number}.ml")
    log.forged = True
    async with reading(log, tmp_path, key=None) as read:
        _, position = await read(None)
        log.add("army.ml")
        assert (await read(position))[0] == ["army.ml"]
        log.entries[2] = log.entries[3]
        log.add("navy.ml")
        with pytest.raises(LogDishonest, match="forked"):
            await read(position)


async def test_entries_that_were_not_signed_are_refused(tmp_path):
    log = CertificateLogServer()
    log.add("old.ml")
    async with reading(log, tmp_path) as read:
        _, position = await read(None)
        log.add("army.ml")
        other = CertificateLogServer(entries=[*log.entries], shown=2)
        other.entries[1] = (other.entries[1][0].replace(b"army", b"navy"), ["navy.ml"], False)
        log.replaced["tile/data/000.p/2"] = other._static("tile/data/000.p/2")
        with pytest.raises(LogDishonest, match="not those that it signed"):
            await read(position)


async def test_a_partial_tile_that_is_gone_is_cut_from_the_whole_one(tmp_path):
    log = CertificateLogServer()
    for number in range(200):
        log.add(f"old{number}.ml")
    async with reading(log, tmp_path) as read:
        _, position = await read(None)
        log.add("army.ml")
        checkpoint = log._static("checkpoint")
        edges = log._static("tile/0/000.p/201")
        for number in range(60):
            log.add(f"later{number}.ml")
        log.partials_gone = True
        log.replaced = {"checkpoint": checkpoint}
        names, _ = await read(position)
        assert names == ["army.ml"]
        assert len(edges) == 201 * 32


async def test_what_it_missed_is_bounded_and_told(log, tmp_path):
    log.add("old.ml")
    async with reading(log, tmp_path, catch_up=10) as read:
        _, position = await read(None)
        for number in range(50):
            log.add(f"new{number}.ml")
        assert (await read(position))[0] == [f"new{number}.ml" for number in range(40, 50)]


async def test_a_log_that_asks_to_wait_says_how_long(log, tmp_path):
    log.add("old.ml")
    log.status = {"": 429}
    async with reading(log, tmp_path) as read:
        with pytest.raises(FeedFailed, match="wait for 120 s") as raised:
            await read(None)
    assert raised.value.retry_after == 120


@pytest.mark.parametrize(
    "body", [b"", b"x" * 200_000, b"\x1f\x8b\x08broken", b"a\n9\nAA==\n\n", b"{}", b'{"tree_size":-1}']
)
async def test_a_head_of_nonsense_is_one_clear_line(log, tmp_path, body):
    log.add("old.ml")
    log.replaced = {"checkpoint": body, "ct/v1/get-sth": body}
    async with reading(log, tmp_path) as read:
        with pytest.raises(FeedFailed) as raised:
            await read(None)
    assert "\n" not in str(raised.value)


async def test_the_list_of_logs_is_followed(tmp_path):
    used, closed, pending = (CertificateLogServer(static=static) for static in (True, False, True))
    async with TestServer(used.app()) as one, TestServer(closed.app()) as two, TestServer(pending.app()) as three:
        listed = {
            "operators": [
                {
                    "logs": [closed.listed(str(two.make_url("/")), until="2001-01-01T00:00:00Z"), {"url": 7}],
                    "tiled_logs": [
                        used.listed(str(one.make_url("/"))),
                        pending.listed(str(three.make_url("/")), "pending"),
                        used.listed(str(one.make_url("/other/"))) | {"log_id": "AAAA"},
                    ],
                }
            ]
        }
        file = tmp_path / "logs.json"
        file.write_text(json.dumps(listed))
        feed = CertificateFeed("watcher", FakeClock(), bundled=b"", kept=tmp_path / "kept", list_file=file)
        async with feed.logs() as logs:
            assert [log.url for log in logs] == [str(one.make_url("/"))]


async def test_a_list_is_fetched_once_a_day_and_an_old_one_is_better_than_none(tmp_path):
    import os

    from aiohttp import web

    log = CertificateLogServer()
    answers, asked = [], []

    async def give(request):
        asked.append(1)
        return answers[-1]

    async with TestServer(log.app()) as server:
        text = json.dumps({"operators": [{"tiled_logs": [log.listed(str(server.make_url("/")))]}]})
        app = web.Application()
        app.router.add_get("/list.json", give)
        async with TestServer(app) as lists:
            kept, clock = tmp_path / "kept", FakeClock()
            feed = CertificateFeed("watcher", clock, bundled=b"", kept=kept, list_url=str(lists.make_url("/list.json")))
            answers.append(web.Response(text=text))
            for _ in range(3):
                async with feed.logs() as logs:
                    assert len(logs) == 1
                os.utime(kept, (clock.now().timestamp(),) * 2)
            assert len(asked) == 1
            await clock.advance(90_000)
            answers.append(web.Response(status=500))
            async with feed.logs() as logs:
                assert len(logs) == 1
            assert len(asked) == 2
