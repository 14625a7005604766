"""Resolvers over TLS and HTTPS: the same answers, nothing believed without a certificate, and broken lines survived."""

import asyncio
import contextlib
import ssl

import pytest
import trustme
from aiohttp import web

from tests.fakes.quick_dns import QuickDns
from watcher.core.errors import ConfigurationError
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.ports import Presence
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Transport, parse_server
from watcher.lookups.existence.sweepers import ResolverSweeper

_MX = [Question("xarmy.ml", RRType.MX), Question("gone.ml", RRType.MX)]


class Encrypted:
    """A `QuickDns` behind TLS and behind HTTPS; `cut` closes a TLS connection after so many replies."""

    def __init__(self, authority):
        self.dns = QuickDns()
        self.cut = None
        self.body = None
        self.connections = 0
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(self.tls)

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.tls_port = self._server.sockets[0].getsockname()[1]
        app = web.Application()
        app.router.add_post("/dns-query", self._post)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0, ssl_context=self.tls)
        await site.start()
        self.https_port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        await self._server.wait_closed()
        await self._runner.cleanup()
        await asyncio.sleep(0.05)

    async def _serve(self, reader, writer):
        self.connections += 1
        replies = 0
        with contextlib.suppress(OSError, EOFError):
            while self.cut is None or replies < self.cut:
                query = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                reply = self.dns.reply(query)
                if reply is not None:
                    writer.write(len(reply).to_bytes(2, "big") + reply)
                    await writer.drain()
                    replies += 1
        writer.transport.abort()

    async def _post(self, request):
        assert request.content_type == "application/dns-message"
        body = self.body or self.dns.reply(await request.read())
        return web.Response(body=body, content_type="application/dns-message")


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
async def server(authority):
    async with Encrypted(authority) as running:
        yield running


@pytest.fixture
def trusting(authority):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def _address(server, transport):
    if transport is Transport.TLS:
        return f"tls://127.0.0.1:{server.tls_port}"
    return f"https://127.0.0.1:{server.https_port}/dns-query"


async def _closed(resolver):
    resolver.close()
    await asyncio.sleep(0.1)


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.HTTPS])
async def test_answers_are_those_of_any_resolver(server, trusting, transport):
    address = _address(server, transport)
    resolver = CarefulResolver([parse_server(address)], tls=trusting)
    there, gone = await resolver.ask(_MX)
    assert (there.outcome, there.records) == (Outcome.ANSWER, ("10 xarmy.ml",))
    assert (gone.outcome, gone.soa, gone.resolver) == (Outcome.NXDOMAIN, "ml", address)
    await _closed(resolver)


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.HTTPS])
async def test_sweeps_go_over_one_connection(server, trusting, transport):
    resolver = CarefulResolver([parse_server(_address(server, transport))], tls=trusting, max_rate=5_000)
    names = [f"{'x' if number % 10 == 0 else 'gone'}{number}.ml" for number in range(300)]
    found = {one.name: one.presence async for one in ResolverSweeper(resolver).sweep(names)}
    assert {name for name, presence in found.items() if presence is Presence.LOOK} == set(names[::10])
    assert len(found) == 300
    assert server.connections <= 1
    await _closed(resolver)


@pytest.mark.parametrize("transport", [Transport.TLS, Transport.HTTPS])
async def test_without_a_certificate_that_is_trusted_nothing_is_asked(server, transport):
    resolver = CarefulResolver([parse_server(_address(server, transport))], attempts=1)
    [answer] = await resolver.ask(_MX[:1])
    assert answer.outcome is Outcome.TIMEOUT
    assert server.dns.asked == 0
    await _closed(resolver)


async def test_a_certificate_of_another_name_is_refused(server, trusting):
    resolver = CarefulResolver([parse_server(_address(server, Transport.TLS) + "#dns.elsewhere")], tls=trusting)
    [answer] = await resolver.ask(_MX[:1])
    assert answer.outcome is Outcome.TIMEOUT
    await _closed(resolver)


async def test_a_connection_that_ends_is_made_anew(server, trusting):
    server.cut = 3
    resolver = CarefulResolver([parse_server(_address(server, Transport.TLS))], tls=trusting, attempts=5)
    for number in range(10):
        [answer] = await resolver.ask([Question(f"xarmy{number}.ml", RRType.MX)])
        assert answer.outcome is Outcome.ANSWER
    assert server.connections >= 3
    await _closed(resolver)


async def test_rubbish_over_https_is_no_answer(server, trusting):
    server.body = b"\x00" * 70_000
    resolver = CarefulResolver([parse_server(_address(server, Transport.HTTPS))], tls=trusting, attempts=1)
    [answer] = await resolver.ask(_MX[:1])
    assert answer.outcome is Outcome.TIMEOUT
    await _closed(resolver)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tls://9.9.9.10", "tls://9.9.9.10"),
        ("tls://9.9.9.10:853#dns10.quad9.net", "tls://9.9.9.10#dns10.quad9.net"),
        ("tls://[2620:fe::10]:8853", "tls://[2620:fe::10]:8853"),
        ("https://9.9.9.10/dns-query", "https://9.9.9.10/dns-query"),
        ("https://dns10.quad9.net:5053/dns-query", "https://dns10.quad9.net:5053/dns-query"),
    ],
)
def test_how_encrypted_resolvers_are_written(text, name):
    assert parse_server(text).name == name
    assert parse_server(parse_server(text).name) == parse_server(text)


@pytest.mark.parametrize(
    "text", ["tls://dns.quad9.net", "tls://", "https://", "https://9.9.9.10", "https://u:p@9.9.9.10/dns-query",
             "https://9.9.9.10:x/dns-query", "https://9.9.9.10/dns-query?a=b", "quic://9.9.9.10"],
)  # fmt: skip
def test_what_is_no_resolver_is_refused(text):
    with pytest.raises(ConfigurationError):
        parse_server(text)
