"""The lab itself: every server does what the tests rely on."""

import socket
import urllib.error
import urllib.request

import dns.message
import dns.query
import dns.rcode
import dns.resolver
import pytest

from tests.lab.addresses import MAILBOX, MAILBOX_V6, NOBODY, REGISTRY, RESOLVER, SILENT, UNREACHABLE
from tests.lab.mailbox import Mailbox
from tests.lab.postfix import Decision, Postfix
from tests.lab.world import World


def ask(name: str, kind: str, server: str = RESOLVER) -> tuple[str, list[str]]:
    """The rcode and the sorted records, as the server at `server` gives them."""
    answer = dns.query.udp(dns.message.make_query(name, kind), server, timeout=60)
    records = sorted(record.to_text() for rrset in answer.answer for record in rrset)
    return dns.rcode.to_text(answer.rcode()), records


def test_a_name_can_be_registered_changed_and_removed_while_the_servers_run(world: World) -> None:
    assert ask("changing.ml", "MX") == ("NXDOMAIN", [])
    world.host("changing.ml")
    assert ask("changing.ml", "MX") == ("NOERROR", [])
    assert ask("changing.ml", "NS") == ("NOERROR", ["ns1.hosting.net."])
    world.host("changing.ml", f"@ MX 10 mx\nmx A {MAILBOX}\n")
    assert ask("changing.ml", "MX") == ("NOERROR", ["10 mx.changing.ml."])
    assert ask("mx.changing.ml", "A") == ("NOERROR", [MAILBOX])
    world.host("changing.ml", "@ MX 0 .\n")
    assert ask("changing.ml", "MX") == ("NOERROR", ["0 ."])
    world.remove("changing.ml")
    assert ask("changing.ml", "MX") == ("NXDOMAIN", [])


def test_a_suffix_of_two_labels_is_delegated_by_its_parent(world: World) -> None:
    world.host("department.gov.uk", f"@ A {MAILBOX}\n")
    assert ask("department.gov.uk", "A") == ("NOERROR", [MAILBOX])
    assert ask("nobody.gov.uk", "A") == ("NXDOMAIN", [])
    world.remove("department.gov.uk")


def test_an_absent_name_is_denied_by_its_suffix(world: World) -> None:
    answer = dns.query.udp(dns.message.make_query("absent.ml", "NS"), RESOLVER, timeout=60)
    assert answer.rcode() == dns.rcode.NXDOMAIN
    assert [rrset.name.to_text() for rrset in answer.authority] == ["ml."]


def test_the_registry_refers_to_the_hosting_server(world: World) -> None:
    world.host("referred.ml", f"@ A {MAILBOX}\n")
    answer = dns.query.udp(dns.message.make_query("referred.ml", "A"), REGISTRY, timeout=60)
    assert not answer.answer
    assert [rrset.to_text().split()[-1] for rrset in answer.authority] == ["ns1.hosting.net."]
    world.remove("referred.ml")


def test_a_registry_can_answer_for_any_name(world: World) -> None:
    world.suffix_records("om", f"* A {NOBODY}")
    assert ask("anything.om", "A") == ("NOERROR", [NOBODY])
    world.suffix_records("om", "")
    assert ask("anything.om", "A") == ("NXDOMAIN", [])


@pytest.mark.parametrize("fault", ["refusing", "servfail", "lame", "silent"])
def test_a_name_with_faulty_nameservers_only_is_servfail(world: World, fault: str) -> None:
    world.delegate(f"{fault}.org", f"{fault}.hosting.net")
    answer = dns.query.udp(dns.message.make_query(f"{fault}.org", "MX"), RESOLVER, timeout=60)
    assert answer.rcode() == dns.rcode.SERVFAIL
    world.remove(f"{fault}.org")


def test_a_silent_nameserver_is_silent(world: World) -> None:
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(dns.message.make_query("silent.org", "MX"), SILENT, timeout=0.3)


def test_one_refusing_nameserver_of_two_does_no_harm(world: World) -> None:
    world.host("half.org", f"@ MX 10 mx\nmx A {MAILBOX}\n", nameservers=("refusing.hosting.net", "ns1.hosting.net"))
    assert ask("half.org", "MX") == ("NOERROR", ["10 mx.half.org."])
    world.remove("half.org")


def test_the_resolver_of_this_machine_is_the_labs(world: World) -> None:
    assert dns.resolver.get_default_resolver().nameservers == [RESOLVER]


def test_nothing_outside_can_be_reached(world: World) -> None:
    with pytest.raises(OSError, match="unreachable"):
        socket.create_connection((UNREACHABLE, 25), timeout=2)
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen("http://pypi.org/", timeout=5)


@pytest.mark.parametrize(("label", "record"), [("fourth", f"A {MAILBOX}"), ("sixth", f"AAAA {MAILBOX_V6}")])
def test_postfix_delivers_to_the_mailbox(
    world: World, postfix: Postfix, mailbox: Mailbox, label: str, record: str
) -> None:
    world.host(f"{label}.com", f"@ MX 10 mx\nmx {record}\n")
    fate = postfix.fate(postfix.queue(f"someone@{label}.com"))
    assert (fate.status, fate.decision) == ("sent", Decision.ABLE)
    assert mailbox.await_message(f"someone@{label}.com")["Subject"] == "a message of the lab"
    world.remove(f"{label}.com")


def test_postfix_bounces_what_does_not_exist(world: World, postfix: Postfix) -> None:
    fate = postfix.fate(postfix.queue("someone@not-registered.com"))
    assert (fate.status, fate.dsn, fate.decision) == ("bounced", "5.4.4", Decision.UNABLE)


def test_postfix_waits_where_the_dns_fails(world: World, postfix: Postfix) -> None:
    world.delegate("failing.com", "servfail.hosting.net")
    fate = postfix.fate(postfix.queue("someone@failing.com"))
    assert (fate.status, fate.decision) == ("deferred", Decision.UNKNOWN)
    world.remove("failing.com")


@pytest.mark.parametrize(
    ("label", "address", "decision"),
    [
        ("refused", NOBODY, Decision.ABLE),
        ("unreachable", UNREACHABLE, Decision.ABLE),
        ("private", "10.1.2.3", Decision.UNABLE),
    ],
)
def test_postfix_tells_where_it_could_not_connect(
    world: World, postfix: Postfix, label: str, address: str, decision: Decision
) -> None:
    world.host(f"{label}.com", f"@ MX 10 mx\nmx A {address}\n")
    fate = postfix.fate(postfix.queue(f"someone@{label}.com"))
    assert (fate.status, fate.connecting_to, fate.decision) == ("deferred", address, decision)
    world.remove(f"{label}.com")
