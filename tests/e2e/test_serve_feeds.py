"""`watcher serve` with feeds: a list put into a folder and a certificate lead to events that name their feed.

Both names are made of words: no sweep would ask for them.
"""

from aiohttp.test_utils import TestServer

from tests.e2e.background import Background
from tests.e2e.service import Service, eventually
from tests.fakes.certificate_log import CertificateLogServer
from tests.fakes.dns_server import DnsServer

SUFFIX = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"
ABLE = SUFFIX + "@ 1 MX 10 mx\nmx 1 A 93.184.215.14\n"
ZONES = dict.fromkeys(("mil", "ml", "com", "net", "org"), SUFFIX) | {
    "fieldhospital-mail-secure.com": ABLE,
    "myfieldhospital-portal.net": ABLE,
}


class _Log:
    """A certificate log that a background thread serves."""

    def __init__(self) -> None:
        self.log = CertificateLogServer()
        self.log.add("old.example")

    async def start(self) -> None:
        self._server = TestServer(self.log.app())
        await self._server.start_server()
        self.url = str(self._server.make_url("/"))

    async def stop(self) -> None:
        await self._server.close()


def test_what_feeds_bring_is_looked_at_and_told_with_its_source(tmp_path):
    dns, log, incoming = DnsServer(ZONES), _Log(), tmp_path / "incoming"
    incoming.mkdir()
    (incoming / "first.txt").write_text("weather.org\n")
    with Background(dns, log):
        (tmp_path / "watcher.toml").write_text(
            f"""
            [feeds]
            contact = "soc@example.org"
            [feeds.new]
            kind = "names"
            file = "{incoming}"
            every = "1s"
            [feeds.certificates]
            kind = "ct"
            url = "{log.url}"
            key = "{log.log.key_text}"
            every = "1s"
            """
        )
        service = Service(
            tmp_path,
            {
                "WATCHER_DNS__RESOLVERS": f'["{dns.address}"]',
                "WATCHER_DNS__TIMEOUT": "300ms",
                "WATCHER_DNS__MAX_RATE": "100",
                "WATCHER_REGISTRATION__ENABLED": "false",
            },
        )
        service.run("protect", "add", "fieldhospital.mil")
        with service:

            def states():
                return {row["name"]: row for row in service.get("/api/v1/feeds")["items"]}

            eventually(
                lambda: all(row["succeeded_at"] for row in states().values()), "both feeds ran", log=service.tail
            )
            (incoming / "second.txt").write_text("fieldhospital-mail-secure.com\n")
            log.log.add("myfieldhospital-portal.net", "weather.org")

            def told():
                found = service.get("/api/v1/events?limit=200")["items"]
                return {event["name"]: event for event in found if event["source"].startswith("feed:")}

            events = eventually(lambda: len(found := told()) >= 2 and found, "both are told", log=service.tail)
            assert {name: event["source"] for name, event in events.items()} == {
                "fieldhospital-mail-secure.com": "feed:new",
                "myfieldhospital-portal.net": "feed:certificates",
            }
            assert log.log.agents == {"watcher (soc@example.org)"}
            line = 'watcher_feed_behind_entries{feed="certificates"} 0.0'
            eventually(lambda: line in service.get("/metrics"), "the metrics tell it", log=service.tail)
        listed = service.run("feed", "list", "--format", "json")
        assert '"certificates"' in listed
