"""The WHOIS client against a server that behaves, and against every way not to: bounded, and never "unregistered"."""

import asyncio
import resource
from datetime import timedelta

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.whois_server import WhoisFault, WhoisServer
from watcher.core.errors import LookupFailed
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.core.registration.facts import RegistrationStatus
from watcher.lookups.registry.connecting import Gate
from watcher.lookups.registry.whois import Address, Whois, address
from watcher.lookups.registry.whois_process import WhoisProcess

NAME = parse("army.ml")
TIMEOUT = 1.0


@pytest.fixture
async def server():
    async with WhoisServer() as running:
        running.domains.register("army.ml", statuses=("serverHold",))
        yield running


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
async def client(server, clock):
    here = address(server.address)
    made = Whois(
        clock, Gate(is_global, [(here.host, here.port)]), WhoisProcess(timeout=5), referral=here, timeout=TIMEOUT
    )
    yield made
    await made.close()


async def test_registered(server, client):
    facts = (await client.ask(NAME, address(server.address))).facts
    assert facts.status is RegistrationStatus.REGISTERED
    assert facts.reason is None
    assert (facts.registrar, facts.statuses) == ("Nominal Registrar Ltd", ("server hold",))
    assert facts.nameservers == ("ns1.hosting.net", "ns2.hosting.net")
    assert facts.registrant_organisation == "Someone Else Inc"
    assert "Jane" not in repr(facts), "persons are not kept"
    assert "jane" not in repr(facts)


async def test_not_found(server, client):
    reply = await client.ask(parse("navy.ml"), address(server.address))
    assert reply.facts.status is RegistrationStatus.UNREGISTERED


@pytest.mark.parametrize("encoding", ["shift_jis", "euc_kr", "latin-1", "utf-8"])
async def test_encodings(encoding):
    organisation = {"shift_jis": "陸軍", "euc_kr": "육군", "latin-1": "Armée", "utf-8": "Armée"}[encoding]
    suffix = {"shift_jis": "jp", "euc_kr": "kr"}.get(encoding, "fr")
    async with WhoisServer(encoding=encoding) as server:
        server.domains.register(f"army.{suffix}", organisation=organisation)
        here = address(server.address)
        client = Whois(FakeClock(), Gate(is_global, [(here.host, here.port)]), WhoisProcess(), referral=here)
        facts = (await client.ask(parse(f"army.{suffix}"), here)).facts
        await client.close()
    assert facts.registrant_organisation == organisation


FAILURES = {
    WhoisFault.TIMEOUT: "did not answer within 1 s",
    WhoisFault.DRIP: "did not answer within 1 s",
    WhoisFault.EMPTY: "could not answer",
    WhoisFault.RESET: "",
    WhoisFault.UNAVAILABLE: "could not answer",
    WhoisFault.GARBAGE: "cannot be understood",
    WhoisFault.LONG_LINE: "cannot be understood",
    WhoisFault.FLOOD: "longer than 64 KiB",
}


@pytest.mark.parametrize("fault", FAILURES)
async def test_failure_is_unknown_with_a_reason(server, client, fault):
    server.faults["army.ml"] = fault
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with asyncio.timeout(TIMEOUT + 2):
        reply = await client.ask(NAME, address(server.address))
    assert reply.facts.status is RegistrationStatus.UNKNOWN
    assert reply.failed
    assert reply.facts.reason is not None
    assert FAILURES[fault] in reply.facts.reason
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 50 * 1024, "KiB"


@pytest.mark.parametrize("fault", [WhoisFault.THROTTLED, WhoisFault.THROTTLED_NOT_FOUND])
async def test_throttled_is_never_not_found(server, client, fault):
    server.faults["navy.ml"] = fault
    reply = await client.ask(parse("navy.ml"), address(server.address))
    assert reply.facts.status is RegistrationStatus.UNKNOWN
    assert reply.throttled


@pytest.mark.parametrize("fault", [WhoisFault.TRUNCATED, WhoisFault.QUADRATIC])
async def test_a_registration_that_cannot_be_read_whole_is_no_less_one(server, client, fault):
    server.faults["army.ml"] = fault
    async with asyncio.timeout(8):
        reply = await client.ask(NAME, address(server.address))
    assert reply.facts.status is RegistrationStatus.REGISTERED


@pytest.mark.parametrize("said", [b"go!\n", b"", b"-4\n"])
async def test_next_to_nothing_about_name_after_name_is_throttling(server, client, said):
    server.replies.update(dict.fromkeys(("army.ml", "navy.ml"), said))
    first = await client.ask(NAME, address(server.address))
    again = await client.ask(NAME, address(server.address))
    other = await client.ask(parse("navy.ml"), address(server.address))
    assert [reply.throttled for reply in (first, again, other)] == [False, False, True]
    assert other.facts.status is RegistrationStatus.UNKNOWN


async def test_the_seconds_that_a_server_names_are_obeyed(server, client):
    server.replies["army.ml"] = b"Please go away for 17 Seconds\n"
    reply = await client.ask(NAME, address(server.address))
    assert reply.throttled
    assert reply.retry_after == timedelta(seconds=17)


async def test_dead_server(client):
    reply = await client.ask(NAME, Address("127.0.0.1", 9))
    assert reply.failed
    assert reply.facts.status is RegistrationStatus.UNKNOWN


async def test_referral_is_asked_for_once_a_week(server, client, clock):
    server.referrals["ml"] = "whois.nic.ml"
    assert await client.server_of("ml") == Address("whois.nic.ml")
    await clock.advance(timedelta(days=6).total_seconds())
    assert await client.server_of("gov.ml") == Address("whois.nic.ml")
    assert server.asked == ["ml"]
    server.referrals["ml"] = "whois2.nic.ml"
    await clock.advance(timedelta(days=2).total_seconds())
    assert await client.server_of("ml") == Address("whois2.nic.ml")


async def test_suffix_without_a_server(server, client):
    assert await client.server_of("mil") is None
    assert await client.server_of("mil") is None
    assert server.asked == ["mil"]


@pytest.mark.parametrize("host", ["127.0.0.1", "169.254.169.254", "::1", "[::1]:43", "a b", "-x-", "whois.nic.ml:4300"])
async def test_referral_to_no_name_is_none(server, client, host):
    server.referrals["ml"] = host
    assert await client.server_of("ml") is None


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "169.254.169.254"])
async def test_never_connects_to_addresses_that_are_not_global(server, client, host):
    reply = await client.ask(NAME, Address(host, 43))
    assert reply.facts.reason is not None
    assert "no global address" in reply.facts.reason


async def test_a_referral_server_that_fails_is_left_for_a_minute(server, client, clock):
    server.faults["ml"] = WhoisFault.EMPTY
    for _ in range(3):
        with pytest.raises(LookupFailed):
            await client.server_of("ml")
    assert server.asked == ["ml"]
    del server.faults["ml"]
    await clock.advance(61)
    assert await client.server_of("ml") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("whois.nic.ml", Address("whois.nic.ml", 43)),
        ("127.0.0.1:4300", Address("127.0.0.1", 4300)),
        ("[::1]:4300", Address("::1", 4300)),
        ("[::1]", Address("::1", 43)),
    ],
)
def test_address(text, expected):
    assert address(text) == expected
    assert address(str(expected)) == expected
