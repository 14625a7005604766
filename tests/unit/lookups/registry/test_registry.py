"""The registry client end to end over loopback: which server is asked, at what pace, and what is answered."""

import asyncio
import json
import random
from dataclasses import fields
from datetime import timedelta
from urllib.parse import urlsplit

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.rdap_server import Fault, RdapServer
from tests.fakes.registered import RegisteredDomains
from tests.fakes.whois_server import WhoisFault, WhoisServer
from watcher.core.errors import ConfigurationError, LookupFailed
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.core.ports import Registry
from watcher.core.registration.facts import RegistrationSource, RegistrationStatus, Worth, own_facts
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.registry.client import RegistryClient
from watcher.lookups.registry.options import RegistryLimits, RegistryServers
from watcher.lookups.registry.reply import MOST_PACKED, packed, unpacked

BUNDLED = json.dumps(
    {"services": [[["ml"], ["https://rdap.nic.invalid/"]]], "publication": "2026-01-30T00:00:00Z"}
).encode()
DEAD = "127.0.0.1:9"


@pytest.fixture
def domains():
    made = RegisteredDomains()
    made.register("army.ml")
    made.register("army.mil")
    return made


@pytest.fixture
async def rdap(domains):
    async with RdapServer(domains) as server:
        yield server


@pytest.fixture
async def whois(domains):
    async with WhoisServer(domains) as server:
        yield server


_SERVERS = {field.name for field in fields(RegistryServers)}
_LIMITS = {field.name for field in fields(RegistryLimits)}


@pytest.fixture
async def make():
    made = []

    def client(clock=None, **settings):
        named = {"rdap_servers": "rdap", "whois_servers": "whois"}
        settings = {"whois_referral": DEAD, "max_rate": 1000, "timeout": 2, **settings}
        settings = {named.get(key, key): value for key, value in settings.items()}
        servers = RegistryServers(**{key: settings.pop(key) for key in _SERVERS & settings.keys()})
        limits = RegistryLimits(**{key: settings.pop(key) for key in _LIMITS & settings.keys()})
        settings = {"bundled": BUNDLED, **settings}
        made.append(RegistryClient(clock or SystemClock(), is_global, servers=servers, limits=limits, **settings))
        return made[-1]

    yield client
    for one in made:
        await one.close()


async def test_rdap_where_the_operator_lists_it(make, rdap):
    client: Registry = make(rdap_servers={"ml": rdap.url})
    facts = await client.facts(parse("army.ml"))
    assert (facts.status, facts.source) == (RegistrationStatus.REGISTERED, RegistrationSource.RDAP)
    assert (await client.facts(parse("navy.ml"))).status is RegistrationStatus.UNREGISTERED


async def test_whois_only_suffix_end_to_end(make, whois, domains):
    """`.mil` has no RDAP: the reply goes through the classifier and python-whois' parser in its own process."""
    domains.register("army.mil", statuses=("clientHold",), registrar="Registrar of the Armed Forces")
    client = make(whois_servers={"mil": whois.address})
    facts = await client.facts(parse("army.mil"))
    assert (facts.status, facts.source) == (RegistrationStatus.REGISTERED, RegistrationSource.WHOIS)
    assert facts.registrar == "Registrar of the Armed Forces"
    assert facts.statuses == ("client hold",)
    assert facts.expires_at == domains["army.mil"].expires
    assert (await client.facts(parse("navy.mil"))).status is RegistrationStatus.UNREGISTERED


SUFFIXES = load_suffixes()
THIRD_LEVEL = [("army.uk.com", "uk.com"), ("army.us.com", "us.com"), ("army.co.ua", "co.ua"), ("army.eu.org", "eu.org"),
               ("army.github.io", "github.io"), ("army.blogspot.com", "blogspot.com")]  # fmt: skip


@pytest.mark.parametrize(("name", "suffix"), THIRD_LEVEL)
@pytest.mark.parametrize("protocol", ["rdap", "whois"])
async def test_an_override_for_any_suffix_is_asked_about_the_name_below_it(  # noqa: PLR0917 (fixtures)
    make, rdap, whois, domains, name, suffix, protocol
):
    domains.register(name, registrar="Seller of Third Levels")
    server = {"rdap": {"rdap_servers": {suffix: rdap.url}}, "whois": {"whois_servers": {suffix: whois.address}}}
    client = make(**server[protocol], registered_domain=SUFFIXES.registered_domain)
    facts = await client.facts(parse(name))
    assert (facts.domain, facts.registrar) == (name, "Seller of Third Levels")
    other = await client.facts(parse(f"navy.{suffix}"))
    assert (other.domain, other.status) == (f"navy.{suffix}", RegistrationStatus.UNREGISTERED)


async def test_where_only_the_parent_is_known_the_facts_are_the_parent_s(make, whois, domains):
    domains.register("github.io", registrar="Registrar of the Parent")
    client = make(whois_servers={"io": whois.address}, registered_domain=SUFFIXES.registered_domain)
    for name in ("army.github.io", "navy.github.io"):
        facts = await client.facts(parse(name))
        assert (facts.domain, facts.registrar) == ("github.io", "Registrar of the Parent")
        assert facts.reason is not None
        assert facts.reason.startswith("of github.io, the parent: no registry of names under github.io is known")
        assert own_facts(facts, name) is None
    assert whois.asked == ["github.io"], "one question for all names below it"


async def test_a_third_level_registry_that_fails_leaves_the_parent_s_facts(make, whois, domains):
    domains.register("uk.com", registrar="Registrar of the Parent")
    settings = {"whois_servers": {"uk.com": DEAD, "com": whois.address}}
    facts = await make(**settings, registered_domain=SUFFIXES.registered_domain).facts(parse("army.uk.com"))
    assert (facts.domain, facts.status) == ("uk.com", RegistrationStatus.REGISTERED)
    assert facts.reason is not None
    assert "its registry did not say more" in facts.reason


@pytest.fixture
async def registrar():
    """The registrar's own RDAP: it says other things, and some that the registry does not."""
    domains = RegisteredDomains()
    domains.register(
        "army.ml", registrar="Impostor Ltd", iana_id="1", abuse_email="abuse@own.net", statuses=(), nameservers=("a.b",)
    )
    async with RdapServer(domains) as server:
        yield server


def thin(domains, link):
    """A registry that knows neither the registrant nor an abuse contact, and links to the registrar."""
    domains.register("army.ml", organisation="", country="", abuse_email="", abuse_phone="", link=link)


async def test_the_registrars_own_rdap_fills_gaps_and_overrides_nothing(make, rdap, registrar, domains):
    thin(domains, registrar.url + "domain/army.ml")
    client = make(rdap_servers={"ml": rdap.url, "trusted": registrar.url})
    facts = await client.facts(parse("army.ml"), worth=Worth.ABLE)
    assert (facts.registrar, facts.registrar_iana_id) == ("Nominal Registrar Ltd", "9999")
    assert facts.statuses == ("client transfer prohibited",)
    assert facts.nameservers == ("ns1.hosting.net", "ns2.hosting.net")
    assert (facts.abuse_email, facts.registrant_organisation) == ("abuse@own.net", "Someone Else Inc")
    assert facts.reason == (
        "registrant organisation, registrant country, abuse email, abuse phone as the registrar's own RDAP says (127.0.0.1)"
    )


async def test_the_registrar_is_asked_about_names_that_matter_only_and_where_something_is_missing(
    make, rdap, registrar, domains
):
    thin(domains, registrar.url + "domain/army.ml")
    client = make(rdap_servers={"ml": rdap.url, "trusted": registrar.url}, kept=timedelta(0))
    assert (await client.facts(parse("army.ml"), worth=Worth.NEW)).abuse_email is None
    domains.register("army.ml", link=registrar.url + "domain/army.ml")
    assert (await client.facts(parse("army.ml"), worth=Worth.ABLE)).abuse_email == "abuse@registrar.net"
    assert registrar.asked == []


@pytest.mark.parametrize(
    "link",
    [
        "http://127.0.0.1:{port}/domain/army.ml",
        "https://127.0.0.1:{port}/domain/army.ml",
        "https://localhost:443/domain/army.ml",
        "https://[::1]/domain/army.ml",
        "https://169.254.169.254/domain/army.ml",
        "http://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://user@127.0.0.1/",
        "https://127.0.0.1:0/",
        "https://127.0.0.1:x/",
        "//127.0.0.1/",
        "",
    ],
)
async def test_a_link_leads_nowhere_that_a_redirect_may_not(make, rdap, registrar, domains, link):
    thin(domains, link.format(port=registrar.url.rpartition(":")[2].strip("/")))
    client = make(rdap_servers={"ml": rdap.url})
    facts = await client.facts(parse("army.ml"), worth=Worth.ABLE)
    assert (facts.status, facts.abuse_email) == (RegistrationStatus.REGISTERED, None)
    assert registrar.asked == []


@pytest.mark.parametrize(
    "fault",
    [Fault.TIMEOUT, Fault.GZIP_BOMB, Fault.OTHER_NAME, Fault.THROTTLED, Fault.REDIRECT_METADATA, Fault.EMPTY_404],
)
async def test_a_registrar_that_misbehaves_changes_nothing(make, rdap, registrar, domains, fault):
    thin(domains, registrar.url + "domain/army.ml")
    registrar.faults["army.ml"] = fault
    client = make(rdap_servers={"ml": rdap.url, "trusted": registrar.url}, timeout=1)
    facts = await client.facts(parse("army.ml"), worth=Worth.ABLE)
    assert (facts.status, facts.registrar, facts.abuse_email, facts.reason) == (
        RegistrationStatus.REGISTERED,
        "Nominal Registrar Ltd",
        None,
        None,
    )


def test_what_is_kept_of_a_reply_is_bounded():
    for body in (b"", b"x" * 10, b"y" * 10_000_000, random.Random(1).randbytes(1_000_000)):
        kept = packed(body)
        assert len(kept) <= MOST_PACKED
        assert body.startswith(unpacked(kept))
    assert unpacked(packed(b"Domain: army.ml")) == b"Domain: army.ml"


async def test_no_server_known_is_unknown_with_the_reason(make, whois):
    facts = await make(whois_referral=whois.address).facts(parse("army.mil"))
    assert facts.status is RegistrationStatus.UNKNOWN
    assert facts.reason == "WHOIS: no server is known for .mil"


async def test_a_referral_cannot_lead_to_our_own_network(make, whois):
    whois.referrals["mil"] = "localhost"
    facts = await make(whois_referral=whois.address).facts(parse("army.mil"))
    assert facts.status is RegistrationStatus.UNKNOWN
    assert whois.asked == ["mil"]


async def test_every_failure_is_in_the_reason(make):
    facts = await make().facts(parse("army.ml"))
    assert facts.status is RegistrationStatus.UNKNOWN
    assert facts.reason is not None
    assert "RDAP: rdap.nic.invalid" in facts.reason
    assert "WHOIS: 127.0.0.1" in facts.reason


async def test_what_became_of_every_try_is_told_by_server(make, rdap, domains):
    heard = []
    client = make(
        rdap_servers={"ml": rdap.url, "mil": f"http://{DEAD}/"},
        heard=lambda server, trouble: heard.append((server, trouble)),
    )
    await client.facts(parse("army.ml"))
    await client.facts(parse("navy.ml"))
    assert heard == [(urlsplit(rdap.url).netloc, None)] * 2, "free is an answer too"
    await client.facts(parse("army.mil"))
    (server, trouble) = heard[-1]
    assert server == DEAD
    assert trouble


async def test_answers_are_kept_for_minutes(make, rdap, domains):
    clock = FakeClock()
    client = make(clock, rdap_servers={"ml": rdap.url}, kept=timedelta(minutes=5))
    assert (await client.facts(parse("navy.ml"))).status is RegistrationStatus.UNREGISTERED
    domains.register("navy.ml")
    await clock.advance(200)
    assert (await client.facts(parse("navy.ml"))).status is RegistrationStatus.UNREGISTERED
    assert len(rdap.log) == 1
    await clock.advance(200)
    assert (await client.facts(parse("navy.ml"))).status is RegistrationStatus.REGISTERED


async def test_what_is_kept_is_bounded(make, rdap):
    client = make(rdap_servers={"ml": rdap.url}, most_kept=10)
    for number in range(30):
        await client.facts(parse(f"a{number}.ml"))
    assert len(client._known) == 10
    await client.facts(parse("a29.ml"))
    assert len(rdap.log) == 30


async def test_the_same_question_at_the_same_time_is_asked_once(make, rdap):
    client = make(rdap_servers={"ml": rdap.url})
    facts = await asyncio.gather(*(client.facts(parse("army.ml")) for _ in range(50)))
    assert len(set(facts)) == 1
    assert rdap.asked == ["army.ml"]


async def test_somebody_who_waits_overtakes_with_a_question_that_is_queued_already(make, rdap, domains):
    """The question in the queue gains the worth; it is neither asked twice nor left where it stood."""
    clock = FakeClock()
    client = make(clock, rdap_servers={"ml": rdap.url}, max_rate=1, timeout=60)
    names = [f"army{number}.ml" for number in range(5)]
    for name in names:
        domains.register(name)
    queued = [asyncio.create_task(client.facts(parse(name), worth=Worth.KNOWN)) for name in names]
    async with asyncio.timeout(10):
        while not rdap.asked:
            await asyncio.sleep(0.01)
        awaited = asyncio.create_task(client.facts(parse("army4.ml"), worth=Worth.AWAITED))
        while not awaited.done():
            await clock.advance(0.1)
            await asyncio.sleep(0.01)
        assert rdap.asked[:2] == ["army0.ml", "army4.ml"]
        while not all(task.done() for task in queued):
            await clock.advance(0.1)
            await asyncio.sleep(0.01)
    assert rdap.asked == ["army0.ml", "army4.ml", "army1.ml", "army2.ml", "army3.ml"]
    assert (await awaited) == (await queued[4])


async def test_one_caller_that_gives_up_spoils_nothing_for_the_other(make, rdap):
    client = make(rdap_servers={"ml": rdap.url})
    hasty, patient = (asyncio.create_task(client.facts(parse("army.ml"))) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    assert (await patient).status is RegistrationStatus.REGISTERED


async def test_throttled_is_asked_again_after_a_short_break(make, rdap):
    client = make(rdap_servers={"ml": rdap.url})
    rdap.faults["army.ml"] = Fault.THROTTLED
    rdap.retry_after = 1
    asking = asyncio.create_task(client.facts(parse("army.ml")))
    async with asyncio.timeout(5):
        while not rdap.log:
            await asyncio.sleep(0.01)
        del rdap.faults["army.ml"]
        facts = await asking
    assert facts.status is RegistrationStatus.REGISTERED
    assert (rdap.log[1][1] - rdap.log[0][1]).total_seconds() >= 0.9


async def test_a_long_break_is_unknown_at_once_and_slows_only_that_server(make, rdap, whois):
    client = make(rdap_servers={"ml": rdap.url}, whois_servers={"mil": whois.address})
    rdap.faults["army.ml"] = Fault.THROTTLED
    rdap.retry_after = 3600
    first = await client.facts(parse("army.ml"))
    second = await client.facts(parse("navy.ml"))
    assert (first.status, second.status) == (RegistrationStatus.UNKNOWN, RegistrationStatus.UNKNOWN)
    assert second.reason is not None
    assert "asked us to slow down" in second.reason
    assert rdap.asked == ["army.ml"], "left alone"
    assert (await client.facts(parse("army.mil"))).status is RegistrationStatus.REGISTERED


async def test_faulty_servers_never_make_a_registered_name_unregistered(domains, make):
    for number in range(60):
        domains.register(f"n{number}.ml")
        domains.register(f"n{number}.mil")
    async with (
        RdapServer(domains, faulty=True, fault_rate=0.3) as rdap,
        WhoisServer(domains, faulty=True, fault_rate=0.3) as whois,
    ):
        client = make(
            rdap_servers={"ml": rdap.url},
            whois_servers={"mil": whois.address},
            timeout=1,
            patience=timedelta(0),
            max_rate=200,
        )
        names = [parse(f"n{number}.{suffix}") for number in range(60) for suffix in ("ml", "mil")]
        facts = await asyncio.gather(*(client.facts(name) for name in names))
    kinds = {one.status for one in facts}
    assert kinds == {RegistrationStatus.REGISTERED, RegistrationStatus.UNKNOWN}
    assert all(one.reason for one in facts if one.status is RegistrationStatus.UNKNOWN)


async def test_close_while_questions_wait(make, rdap, whois):
    whois.faults["army.mil"] = WhoisFault.TIMEOUT
    rdap.faults["army.ml"] = Fault.TIMEOUT
    client = make(rdap_servers={"ml": rdap.url}, whois_servers={"mil": whois.address}, max_rate=0.1)
    asking = [asyncio.create_task(client.facts(parse(name))) for name in ("army.ml", "army.mil", "a.ml", "b.mil")]
    await asyncio.sleep(0.05)
    await client.close()
    done = await asyncio.gather(*asking, return_exceptions=True)
    assert all(isinstance(outcome, asyncio.CancelledError) for outcome in done)


class BootstrapServer(RdapServer):
    """Serves a bootstrap file with an ETag in place of domains."""

    body = json.dumps({"services": [[["mil"], ["https://rdap.nic.mil/"]]], "publication": "2026-11-01T00:00:00Z"})
    requests: list[bytes]

    async def _exchange(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.requests.append(head)
        if b'If-None-Match: "1"' in head:
            writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        else:
            writer.write(
                f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: {len(self.body)}\r\n\r\n{self.body}'.encode()
            )
        await writer.drain()
        return True


async def test_bootstrap_is_refreshed_with_its_etag(make):
    async with BootstrapServer() as server:
        server.requests = []
        client = make(rdap_bootstrap=server.url)
        assert client.bootstrap_published_at is not None
        assert client.bootstrap_published_at.month == 1
        assert await client.refresh_bootstrap()
        assert client.bootstrap_published_at.month == 11
        assert not await client.refresh_bootstrap()
        server.body = "broken"
        client._etag = None
        with pytest.raises(LookupFailed):
            await client.refresh_bootstrap()
        assert client.bootstrap_published_at.month == 11, "a broken one changes nothing"


async def test_bootstrap_is_kept_fresh_once_a_week_and_a_failure_is_tried_again(make):
    clock = FakeClock()
    async with BootstrapServer() as server:
        server.requests = []
        client = make(clock, rdap_bootstrap=server.url)
        server.body, good = "broken", server.body
        await client.keep_bootstrap_fresh()
        assert client.bootstrap_published_at is not None
        assert client.bootstrap_published_at.month == 1, "the bundled one stays"
        server.body = good
        for _ in range(3):
            await client.keep_bootstrap_fresh()
        assert client.bootstrap_published_at.month == 11
        assert len(server.requests) == 2
        await clock.advance(7 * 86_400)
        await client.keep_bootstrap_fresh()
        assert b"If-None-Match" in server.requests[2]


async def test_bootstrap_from_a_file_is_never_refreshed(make, tmp_path):
    file = tmp_path / "dns.json"
    file.write_text(BootstrapServer.body)
    client = make(rdap_bootstrap=str(file))
    assert client.bootstrap_published_at is not None
    assert client.bootstrap_published_at.month == 11
    assert not await client.refresh_bootstrap()


@pytest.mark.parametrize(
    "settings",
    [{"rdap_bootstrap": "/nowhere/dns.json"}, {"rdap_bootstrap": "ftp://x/"}, {"rdap_servers": {"ml": "x"}}, {"max_rate": 0},
     {"whois_servers": {"ml": "a:b:c"}}],
)  # fmt: skip
def test_settings_that_cannot_be_used(make, settings):
    with pytest.raises(ConfigurationError):
        make(**settings)
