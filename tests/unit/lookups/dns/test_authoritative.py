"""A confirming read at the zone's own nameservers: each by itself, only global ones, the usual resolvers for the rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.fakes.clock import FakeClock
from tests.fakes.dns_faults import Effect, Fault
from tests.fakes.dns_server import DnsServer
from tests.fakes.zone_resolver import ZoneResolver
from watcher import checks
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.mail.verdict import Ability, Basis, Flag
from watcher.core.names.addresses import is_global
from watcher.core.names.names import parse
from watcher.data import load_suffixes
from watcher.lookups.clock import SystemClock
from watcher.lookups.dns.authoritative import AuthoritativeServers
from watcher.services.looks.examine import Examiner, LookOptions

_NAME = parse("army.ml")
_PARENT = "@ NS ns1.hosting.net.\n@ NS ns2.hosting.net.\n@ MX 10 mx.army.ml.\nmx A 93.184.215.14\n"
_HOSTING = "ns1 A 127.0.0.1\nns2 A 127.0.0.2\nns3 A 10.0.0.1\n"
_USUAL = "9.9.9.9:53"
_ABLE = "@ MX 10 mx\nmx A 93.184.215.14\n"


def _usual(zone: str = _PARENT) -> ZoneResolver:
    return ZoneResolver(FakeClock(), {"army.ml": zone, "hosting.net": _HOSTING}, resolvers=[_USUAL])


def _authorities(usual: ZoneResolver, port: int) -> AuthoritativeServers:
    return AuthoritativeServers(
        usual,
        SystemClock(),
        is_global=lambda address: address.startswith("127.") or is_global(address),
        registrable_domain=load_suffixes().registrable_domain,
        timeout=0.5,
        port=port,
    )


@asynccontextmanager
async def _two_servers(first: str, second: str, **options) -> AsyncIterator[tuple[DnsServer, DnsServer]]:
    """Two nameservers on one port of two addresses."""
    async with (
        DnsServer({"army.ml": first}, **options) as one,
        DnsServer({"army.ml": second}, host="127.0.0.2", port=one.port) as two,
    ):
        yield one, two


async def _confirmed(usual: ZoneResolver, port: int):
    examiner = Examiner(
        usual, FakeClock(), load_suffixes(), checks.ALL, lambda: "label", authorities=_authorities(usual, port)
    )
    return await examiner.look(_NAME, LookOptions(avoid=frozenset({_USUAL})))


async def test_both_nameservers_are_read_and_are_in_the_evidence():
    async with _two_servers(_ABLE, _ABLE) as (one, two):
        look = await _confirmed(_usual(), one.port)
    assert (look.verdict.ability, look.verdict.basis) == (Ability.ABLE, Basis.EXPLICIT_MX)
    assert Flag.INCONSISTENT not in look.verdict.flags
    told = {answer.resolver for answer in look.verdict.evidence if answer.question.name == "army.ml"}
    assert told == {one.address, two.address}
    assert not {question.name for question in map(_question, one.log)} - {"army.ml", "mx.army.ml"}


def _question(asked) -> Question:
    return Question(asked.name, RRType(asked.type))


async def test_nameservers_that_disagree_make_it_able_and_inconsistent():
    async with _two_servers("@ MX 0 .\n", _ABLE) as (one, _):
        look = await _confirmed(_usual(), one.port)
    assert look.verdict.ability is Ability.ABLE
    assert Flag.INCONSISTENT in look.verdict.flags


async def test_addresses_are_read_where_the_exchanges_were_read():
    """Interleaved reads would find the exchange of one server dead at the other."""
    async with _two_servers("@ MX 10 a\na A 93.184.215.14\n", "@ MX 10 b\nb A 93.184.215.25\n") as (one, two):
        look = await _confirmed(_usual(), one.port)
    assert look.verdict.ability is Ability.ABLE
    assert Flag.INCONSISTENT not in look.verdict.flags
    assert "b.army.ml" not in one.names_asked()
    assert "a.army.ml" not in two.names_asked()


async def test_one_silent_nameserver_of_two_changes_nothing():
    async with _two_servers(_ABLE, _ABLE, faults=[Fault(Effect.DROP)]) as (one, two):
        look = await _confirmed(_usual(), one.port)
        assert look.verdict.ability is Ability.ABLE
        assert two.log


async def test_where_no_nameserver_says_anything_the_usual_resolvers_are_asked():
    async with DnsServer({}, faults=[Fault(Effect.SERVFAIL)]) as server:
        look = await _confirmed(_usual(), server.port)
    assert look.verdict.ability is Ability.ABLE
    assert {answer.resolver for answer in look.verdict.evidence} == {_USUAL}


async def test_a_nameserver_without_a_global_address_is_never_asked():
    usual = _usual("@ NS ns3.hosting.net.\n" + _ABLE)
    async with _authorities(usual, 53).of(_NAME) as servers:
        assert servers == []


async def test_other_zones_are_read_as_usual():
    zones = "@ NS ns1.hosting.net.\n@ MX 10 mx.navy.ml.\n"
    usual = _usual(zones)
    usual.load("navy.ml", "mx A 93.184.215.25\n")
    async with DnsServer({"army.ml": zones}) as server:
        look = await _confirmed(usual, server.port)
        assert look.verdict.ability is Ability.ABLE
        assert not [name for name in server.names_asked() if name.endswith("navy.ml")]


@pytest.mark.parametrize("name", ["us.army.ml", "a.b.army.ml"])
async def test_the_zone_of_a_host_is_found_above_it(name: str):
    usual = _usual("@ NS ns1.hosting.net.\nus MX 10 mx\na.b MX 10 mx\nmx A 93.184.215.14\n")
    async with (
        DnsServer({"army.ml": "us MX 10 mx\na.b MX 10 mx\nmx A 93.184.215.14\n"}) as server,
        _authorities(usual, server.port).of(parse(name)) as (source,),
    ):
        (answer,) = await source.ask([Question(name, RRType.MX)])
        assert answer.outcome is Outcome.ANSWER
        assert answer.resolver == server.address
