"""The RDAP client against a server that behaves, and against every way not to: bounded, and never "unregistered"."""

import asyncio
import resource
import ssl
from datetime import timedelta

import pytest
import trustme

from tests.fakes.post_receiver import PostReceiver
from tests.fakes.rdap_server import Fault, RdapServer
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.core.registration.facts import RegistrationStatus
from watcher.lookups.clock import SystemClock
from watcher.lookups.registry.connecting import Gate
from watcher.lookups.registry.rdap import Rdap
from watcher.lookups.registry.routes import origin

NAME = parse("army.ml")
TIMEOUT = 1.0


@pytest.fixture
async def server():
    async with RdapServer() as running:
        running.domains.register("army.ml", statuses=("clientHold", "serverTransferProhibited"))
        yield running


@pytest.fixture
async def client(server):
    made = Rdap(SystemClock(), Gate(is_global, [origin(server.url)]), timeout=TIMEOUT)
    yield made
    await made.close()


async def test_registered(server, client):
    reply = await client.ask(NAME, server.url)
    facts = reply.facts
    assert (reply.failed, reply.throttled, facts.reason) == (False, False, None)
    assert facts.status is RegistrationStatus.REGISTERED
    assert (facts.registrar, facts.registrar_iana_id) == ("Nominal Registrar Ltd", "9999")
    assert facts.created_at is not None
    assert facts.created_at.isoformat() == "2019-03-01T12:00:00+00:00"
    assert facts.statuses == ("client hold", "server transfer prohibited")
    assert facts.nameservers == ("ns1.hosting.net", "ns2.hosting.net")
    assert (facts.registrant_organisation, facts.registrant_country) == ("Someone Else Inc", "NL")
    assert (facts.abuse_email, facts.abuse_phone) == ("abuse@registrar.net", "+31.205550100")
    assert "Jane" not in repr(facts), "persons are not kept"


@pytest.mark.parametrize("fault", [None, Fault.EMPTY_404])
async def test_not_found_with_and_without_body(server, client, fault):
    if fault is not None:
        server.faults["navy.ml"] = fault
    reply = await client.ask(parse("navy.ml"), server.url)
    assert reply.facts.status is RegistrationStatus.UNREGISTERED
    assert not reply.failed


async def test_a_question_goes_through_the_proxy_and_nothing_else_does(server):
    async with PostReceiver() as proxy:
        through = f"http://127.0.0.1:{proxy.port}"
        made = Rdap(
            SystemClock(),
            Gate(is_global, [origin(through)]),
            timeout=TIMEOUT,
            proxy_of=lambda url: through if "registry.example" in url else None,
        )
        reply = await made.ask(NAME, "http://registry.example/")
        await made.close()
    assert proxy.tried[0].headers["host"] == "registry.example"
    assert reply.facts.status is not RegistrationStatus.UNREGISTERED, "a proxy's page is no registry's word"


async def test_idn_is_asked_as_its_a_label(server, client):
    name = parse("ärmy.ml")
    server.domains.register(name)
    reply = await client.ask(name, server.url)
    assert server.asked == ["xn--rmy-pla.ml"]
    assert reply.facts.status is RegistrationStatus.REGISTERED


async def test_redirect_on_the_same_host_is_followed(server, client):
    server.faults["army.ml"] = Fault.MOVED
    reply = await client.ask(NAME, server.url)
    assert reply.facts.status is RegistrationStatus.REGISTERED


FAILURES = {
    Fault.TIMEOUT: "did not answer within 1 s",
    Fault.DRIP: "did not answer within 1 s",
    Fault.RESET: "",
    Fault.TRUNCATED: "cut short",
    Fault.BROKEN_JSON: "cut short",
    Fault.DEEP_JSON: "cut short",
    Fault.ERROR: "answered 500",
    Fault.REFUSED: "does not accept the name",
    Fault.WRONG_TYPE: "no JSON",
    Fault.WEB_PAGE_404: "404 with something that is no RDAP",
    Fault.OTHER_NAME: "another name",
    Fault.REDIRECT_LOOPBACK: "another host",
    Fault.REDIRECT_METADATA: "another host",
    Fault.REDIRECT_LOOPBACK_6: "another host",
    Fault.REDIRECT_ELSEWHERE: "another host",
    Fault.REDIRECT_LOOP: "redirects without end",
    Fault.FLOOD: "longer than 1024 KiB",
    Fault.GZIP_BOMB: "longer than 1024 KiB",
    Fault.LONG_LINE: "no HTTP",
    Fault.MANY_HEADERS: "no HTTP",
}


@pytest.mark.parametrize("fault", FAILURES)
async def test_failure_is_unknown_with_a_reason(server, client, fault):
    server.faults["army.ml"] = fault
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with asyncio.timeout(TIMEOUT + 2):
        reply = await client.ask(NAME, server.url)
    assert reply.facts.status is RegistrationStatus.UNKNOWN
    assert reply.failed
    assert reply.facts.reason is not None
    assert FAILURES[fault] in reply.facts.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 100 * 1024, "KiB"


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.THROTTLED_UNTIL, Fault.BUSY])
async def test_throttled_says_for_how_long(server, client, fault):
    server.faults["army.ml"] = fault
    server.retry_after = 120
    reply = await client.ask(NAME, server.url)
    assert reply.facts.status is RegistrationStatus.UNKNOWN
    assert reply.throttled
    assert reply.retry_after is not None
    assert timedelta(seconds=118) <= reply.retry_after <= timedelta(seconds=120)


NO_RDAP_404 = [
    ("text/plain", b"404 page not found"),
    ("application/json", b'{"message":"no Route matched with those values"}'),
    ("application/json", b"[]"),
    ("application/json", b"404"),
    ("application/xml", b"<Error><Code>NoSuchKey</Code></Error>"),
    ("text/html", b"<html>not here</html>"),
    ("", b"<html>not here</html>"),
    ("application/octet-stream", b"<!doctype html>"),
    ("application/rdap+json", b"<html>not here</html>"),
    ("application/rdap+json", b'{"errorCode": 500}'),
]


@pytest.mark.parametrize(("media_type", "body"), NO_RDAP_404)
async def test_a_404_that_is_no_rdap_answer_says_nothing_about_the_name(server, client, media_type, body):
    server.faults["army.ml"], server.odd = Fault.ODD_404, (media_type, body)
    reply = await client.ask(NAME, server.url)
    assert reply.facts.status is RegistrationStatus.UNKNOWN
    assert reply.failed, "so that the registry is shown as failing"


@pytest.mark.parametrize(
    ("media_type", "body"),
    [
        ("text/html", b""),
        ("text/plain", b" \r\n"),
        ("application/rdap+json", b'{"title": "Not Found"}'),
        ("application/json", b'{"errorCode": 404}'),
        ("application/json", b'{"errorCode": "404", "title": "Not Found"}'),
    ],
)
async def test_a_404_in_the_protocol_s_own_form_is_unregistered(server, client, media_type, body):
    server.faults["army.ml"], server.odd = Fault.ODD_404, (media_type, body)
    assert (await client.ask(NAME, server.url)).facts.status is RegistrationStatus.UNREGISTERED


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:127.0.0.1]"]
)
async def test_never_connects_to_addresses_that_are_not_global(server, host):
    client = Rdap(SystemClock(), Gate(is_global), timeout=TIMEOUT)
    port = origin(server.url)[1]
    reply = await client.ask(NAME, f"http://{host}:{port}/")
    await client.close()
    assert reply.facts.reason is not None
    assert "no global address" in reply.facts.reason
    assert server.asked == []


async def test_certificate_must_be_valid():
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    async with RdapServer(tls=context, host="127.0.0.1") as server:
        client = Rdap(SystemClock(), Gate(is_global, [origin(server.url)]), timeout=TIMEOUT)
        reply = await client.ask(NAME, server.url)
        await client.close()
    assert reply.facts.reason is not None
    assert "certificate is not valid" in reply.facts.reason
    assert server.asked == []


async def test_cancelled_question_leaves_nothing_behind(server, client):
    server.faults["army.ml"] = Fault.TIMEOUT
    asking = asyncio.create_task(client.ask(NAME, server.url))
    async with asyncio.timeout(5):
        while not server.asked:
            await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
