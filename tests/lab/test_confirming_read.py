"""The confirming read at a zone's own nameservers, with a real authoritative server beside faulty ones."""

import asyncio

import pytest

from tests.lab.addresses import HOSTING, MAILBOX, RESOLVER
from tests.lab.world import World
from watcher import checks
from watcher.core.mail.look import Look
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.authoritative import AuthoritativeServers
from watcher.lookups.dns.resolver import CarefulResolver, parse_server
from watcher.services.looks.examine import Examiner, LookOptions


async def _confirmed(name: str) -> Look:
    clock, suffixes = SystemClock(), load_suffixes()
    usual = CarefulResolver([parse_server(RESOLVER)], timeout=5)
    authorities = AuthoritativeServers(
        usual, clock, is_global=is_global, registrable_domain=suffixes.registrable_domain, timeout=3
    )
    examiner = Examiner(usual, clock, suffixes, checks.ALL, lambda: "nobody-has-7c1f9e", authorities=authorities)
    try:
        return await examiner.look(parse(name), LookOptions(avoid=frozenset({RESOLVER})))
    finally:
        usual.close()


@pytest.mark.parametrize(
    ("name", "nameservers", "flags"),
    [
        ("source.com", ("ns1.hosting.net",), set()),
        ("refused-at-source.com", ("refusing.hosting.net", "ns1.hosting.net"), set()),
        ("silent-at-source.com", ("silent.hosting.net", "ns1.hosting.net"), set()),
        ("lame-at-source.com", ("lame.hosting.net", "ns1.hosting.net"), set()),
        # one nameserver has an exchange, the other says that there is neither
        ("torn-at-source.com", ("denying.hosting.net", "ns1.hosting.net"), {Flag.SENDER_DEPENDENT}),
    ],
)
def test_the_zone_is_read_at_its_own_nameservers(
    world: World, name: str, nameservers: tuple[str, ...], flags: set[Flag]
) -> None:
    world.host(name, f"@ MX 10 mx\nmx A {MAILBOX}\n", nameservers=nameservers)
    try:
        look = asyncio.run(_confirmed(name))
    finally:
        world.remove(name)
    assert look.verdict.ability is Ability.ABLE
    said = {answer.resolver for answer in look.verdict.evidence if answer.question.name == name and answer.records}
    assert HOSTING in said
    if not flags:
        assert look.verdict.basis is Basis.EXPLICIT_MX
        assert look.verdict.flags == ()


def test_a_name_without_nameservers_is_read_by_the_resolvers(world: World) -> None:
    world.unbound.flush("nobody-has-it.net")
    look = asyncio.run(_confirmed("nobody-has-it.net"))
    assert look.verdict.basis is Basis.NO_SUCH_NAME
    assert {answer.resolver for answer in look.verdict.evidence} == {RESOLVER}


def test_a_host_of_a_zone_and_an_exchange_elsewhere(world: World) -> None:
    world.host("exchange-elsewhere.net", f"mx A {MAILBOX}\n")
    world.host("host-at-source.com", "us MX 10 mx.exchange-elsewhere.net.\n")
    try:
        look = asyncio.run(_confirmed("us.host-at-source.com"))
    finally:
        world.remove("host-at-source.com", "exchange-elsewhere.net")
    by_name = {answer.question.name: answer.resolver for answer in look.verdict.evidence}
    assert look.verdict.ability is Ability.ABLE
    assert by_name["us.host-at-source.com"] == HOSTING
    assert by_name["mx.exchange-elsewhere.net"] == RESOLVER
