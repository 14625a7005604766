"""Zone transfers from a real NSD: with and without TSIG, refused, cut in the middle, and the difference of two days."""

import asyncio
import contextlib
import socket
import time
from pathlib import Path

import pytest

from tests.lab.processes import Daemon, program
from watcher.core.errors import FeedFailed
from watcher.feeds.transfers import TransferFeed

SECRET = "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
TSIG = f"hmac-sha256:watcher-key:{SECRET}"
MANY = 5_000


def free_port() -> int:
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


def zone_text(names: list[str], serial: int) -> str:
    rows = [f"{name} NS ns1.hosting.net.\n{name} NS ns2.hosting.net.\n" for name in names]
    return f"$ORIGIN ml.\n$TTL 60\n@ SOA ns hostmaster {serial} 3600 600 86400 60\n@ NS ns\nns A 192.0.2.1\n" + "".join(
        rows
    )


class Primary:
    """An NSD that hands out `ml` to whom its configuration allows."""

    def __init__(self, folder: Path, access: str) -> None:
        self.port = free_port()
        self.folder = folder
        self._access = access

    @contextlib.contextmanager
    def serving(self, names: list[str], serial: int = 1):
        (self.folder / "ml.zone").write_text(zone_text(names, serial))
        (self.folder / "nsd.conf").write_text(
            f'server:\n  ip-address: 127.0.0.1@{self.port}\n  server-count: 1\n  username: ""\n  chroot: ""\n'
            f'  database: ""\n  zonesdir: "{self.folder}"\n  pidfile: "{self.folder}/nsd.pid"\n'
            f'  zonelistfile: "{self.folder}/zone.list"\n  xfrdfile: "{self.folder}/xfrd.state"\n'
            f'  xfrdir: "{self.folder}"\n  verbosity: 1\nremote-control:\n  control-enable: no\n'
            f'key:\n  name: watcher-key\n  algorithm: hmac-sha256\n  secret: "{SECRET}"\n'
            f'zone:\n  name: ml\n  zonefile: "ml.zone"\n  provide-xfr: {self._access}\n'
        )
        daemon = Daemon(
            "nsd for transfers",
            [program("nsd", "nsd"), "-d", "-c", str(self.folder / "nsd.conf")],
            self.folder / "nsd.log",
            ready=self._answers,
        )
        daemon.start()
        try:
            yield f"127.0.0.1:{self.port}"
        finally:
            daemon.stop()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False


@pytest.fixture
def names():
    return [f"name{number:05}" for number in range(MANY)]


def transferred(feed: TransferFeed, tmp_path: Path, position: str | None = None):
    fetched = asyncio.run(feed.fetch(position, str(tmp_path / "scratch")))
    return (
        None
        if fetched is None
        else ({name for names in fetched.names for name in names}, fetched.position, fetched.zone)
    )


@pytest.mark.parametrize(("access", "tsig"), [("127.0.0.1 NOKEY", None), ("127.0.0.1 watcher-key", TSIG)])
def test_the_whole_zone_with_and_without_a_signature(tmp_path, names, access, tsig):
    with Primary(tmp_path, access).serving(names, serial=7) as server:
        feed = TransferFeed(server, "ml", tsig)
        found = transferred(feed, tmp_path)
        assert found == ({f"{name}.ml" for name in names}, "7", "ml")
        assert transferred(feed, tmp_path, "7") is None, "the same serial is not transferred again"
        assert transferred(feed, tmp_path, "6") is not None


@pytest.mark.parametrize(
    "tsig", [None, f"hmac-sha256:other-key:{SECRET}", "hmac-sha256:watcher-key:b3RoZXJvdGhlcm90aGVyb3RoZXI="]
)
def test_a_transfer_that_is_refused_says_so(tmp_path, names, tsig):
    with Primary(tmp_path, "127.0.0.1 watcher-key").serving(names) as server, pytest.raises(FeedFailed):
        transferred(TransferFeed(server, "ml", tsig), tmp_path)


@contextlib.asynccontextmanager
async def cutting(server: str, most: int):
    """A way to `server` that breaks off after `most` bytes of answers."""
    host, _, port = server.partition(":")

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(host, int(port))
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            back.write(await reader.read(4096))
            await back.drain()
            left = most
            while left > 0 and (data := await there.read(min(left, 16_384))):
                writer.write(data)
                await writer.drain()
                left -= len(data)
        writer.close()
        back.transport.abort()

    listening = await asyncio.start_server(pass_on, "127.0.0.1", 0)
    try:
        yield f"127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()


@pytest.mark.parametrize("most", [0, 1, 50, 20_000, 60_000])
def test_a_transfer_that_is_cut_gives_nothing(tmp_path, names, most):
    async def attempt(server: str) -> None:
        async with cutting(server, most) as cut:
            await TransferFeed(cut, "ml", TSIG).fetch(None, str(tmp_path / "scratch"))

    with Primary(tmp_path, "127.0.0.1 watcher-key").serving(names) as server, pytest.raises(FeedFailed):
        asyncio.run(attempt(server))


def test_nobody_listens(tmp_path):
    with pytest.raises(FeedFailed):
        transferred(TransferFeed(f"127.0.0.1:{free_port()}", "ml"), tmp_path)


@pytest.mark.soak
def test_a_million_delegations_with_and_without_a_signature_and_cut_in_the_middle(tmp_path, capsys):
    million = [f"name{number:07}" for number in range(1_000_000)]
    for access, tsig in (("127.0.0.1 NOKEY", None), ("127.0.0.1 watcher-key", TSIG)):
        with Primary(tmp_path, access).serving(million) as server:
            begun = time.process_time()
            fetched = asyncio.run(TransferFeed(server, "ml", tsig).fetch(None, str(tmp_path / "scratch")))
            took = time.process_time() - begun
            names = [name for some in fetched.names for name in some]
            assert (len(names), names[0], names[-1]) == (1_000_000, "name0000000.ml", "name0999999.ml")
            with capsys.disabled():
                print(f"\na million delegations, {'signed' if tsig else 'not signed'}: {took:.1f} s of CPU")

            async def attempt(server=server, tsig=tsig) -> None:
                async with cutting(server, 20_000_000) as cut:
                    await TransferFeed(cut, "ml", tsig).fetch(None, str(tmp_path / "scratch"))

            with pytest.raises(FeedFailed):
                asyncio.run(attempt())
    with (
        Primary(tmp_path, "127.0.0.1 watcher-key").serving(million) as server,
        pytest.raises(FeedFailed, match="refuses"),
    ):
        transferred(TransferFeed(server, "ml"), tmp_path)
