"""First tries in bulk: what is known of one denial is believed of its like only, and odd names are not lost among many."""

import pytest

from tests.fakes.dns_server import DnsServer
from tests.fakes.quick_dns import QuickDns, Running
from watcher.core.mail.dns import Outcome
from watcher.core.ports import Presence
from watcher.data import load_suffixes
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server, parse_server
from watcher.lookups.dns.wire import encode_name
from watcher.lookups.existence.sweepers import ResolverSweeper
from watcher.lookups.existence.tails import MX, Tails


async def _sweep(server, names, **options):
    where = parse_server(server.address) if isinstance(server, DnsServer) else Server("127.0.0.1", server.port)
    resolver = CarefulResolver([where], timeout=0.8, max_rate=5_000)
    found = {}
    async for existence in ResolverSweeper(resolver, **options).sweep(iter(names)):
        assert existence.name not in found, "every name once"
        found[existence.name] = existence
    resolver.close()
    return found


class Lying(QuickDns):
    """Denies as others do, but for some names in another way."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def reply(self, query):
        reply = super().reply(query)
        end = query.index(0, 12) + 5
        return self.change(reply, end) if query[13:15].lower() == b"zz" else reply


def _own_soa(reply, end):
    return reply[:end] + b"\xc0\x0c" + reply[end + 2 :]


def _with_answer(reply, end):
    return reply[:6] + b"\x00\x01" + reply[8:end] + b"\xc0\x0c\x00\x10\x00\x01" + bytes(4) + b"\x00\x00" + reply[end:]


def _no_error(reply, end):
    return reply[:3] + bytes([reply[3] & 0xF0]) + reply[4:]


def _without_soa(reply, end):
    return reply[:8] + b"\x00\x00" + reply[10:end] + reply[-11:]


def _extended_error(reply, end):
    return reply[:-2] + b"\x00\x06\x00\x0f\x00\x02\x00\x0f"


def _no_type_soa(reply, end):
    return reply[: end + 3] + b"\x02" + reply[end + 4 :]


@pytest.mark.parametrize(
    "change",
    [_own_soa, _with_answer, _no_error, _without_soa, _extended_error, _no_type_soa],
    ids=lambda change: change.__name__.strip("_"),
)
async def test_a_denial_of_another_kind_is_not_taken_for_a_known_one(change):
    names = [f"{first}{number}.ml" for number in range(1000, 1200) for first in ("aa", "zz")]
    async with Running(Lying(change)) as server:
        found = await _sweep(server, names, window=40)
    assert {name for name, one in found.items() if one.presence is Presence.ABSENT} == {
        name for name in names if name.startswith("aa")
    }


async def test_a_reply_with_another_ttl_is_known():
    ttl = 0

    class Counting(QuickDns):
        def reply(self, query):
            nonlocal ttl
            ttl += 1
            reply, end = super().reply(query), query.index(0, 12) + 5
            return reply[: end + 6] + ttl.to_bytes(4, "big") + reply[end + 10 :]

    resolver = None
    async with Running(Counting()) as server:
        resolver = CarefulResolver([Server("127.0.0.1", server.port)], max_rate=5_000)
        sweeper = ResolverSweeper(resolver)
        found = [one async for one in sweeper.sweep(f"gone{number}.ml" for number in range(100, 400))]
        resolver.close()
    assert {one.presence for one in found} == {Presence.ABSENT}
    assert len(sweeper.tails.known["ml"].denials) == 1


async def test_names_that_are_none_are_not_lost_among_others():
    odd = ["ümlaut.ml", f"{'a' * 64}.ml", ".ml", "a..ml", f"{'a.' * 130}ml", "\ud800.ml"]
    longest = [f"{'a' * 63}.ml", ".".join(["b" * 61] * 4) + ".ml"]
    names = [*(f"gone{number}.ml" for number in range(50)), *odd, *longest, "xthere.ml", "ml"]
    async with Running(QuickDns()) as server:
        found = await _sweep(server, names)
    assert set(found) == set(names)
    assert {name for name, one in found.items() if one.presence is Presence.UNSETTLED} == set(odd)
    assert {found[name].outcome for name in odd} == {Outcome.FORMERR}
    assert all(found[name].presence is Presence.ABSENT for name in longest)
    assert found["xthere.ml"].presence is Presence.LOOK


async def test_hosts_are_told_from_registrable_domains_though_their_denials_are_alike():
    zones = {"ml": "here NS ns.here.ml.\n", "here.ml": "@ MX 10 mx\nmx A 93.184.215.14\n"}
    names = [f"{host}{number}.{domain}.ml" for number in range(20) for host in "ab" for domain in ("here", "gone")]
    names += [f"free{number}.ml" for number in range(20)]
    suffixes = load_suffixes()
    async with DnsServer(zones) as server:
        found = await _sweep(server, names, registrable_domain=suffixes.registrable_domain)
    looks = {name for name, one in found.items() if one.presence is Presence.LOOK}
    assert looks == {name for name in names if ".here." in name}
    assert set(found) == set(names)


def test_tails_are_in_wire_form_and_know_what_is_registered_below_them():
    tails = Tails(load_suffixes().registrable_domain)
    assert tails.add("co.uk").wire == encode_name("co.uk") + MX
    assert tails.add("co.uk").registrable
    assert tails.add("ck").registrable, "a rule with a wildcard"
    assert not tails.add("army.co.uk").registrable
    assert tails.add("") is None
    assert tails.add("a..b") is None
    assert tails.add(".".join(["b" * 61] * 4)) is None, "not every label would fit before it"


def test_tails_do_not_grow_without_end():
    tails = Tails()
    for number in range(10_000):
        tail = tails.add(f"suffix{number}")
    assert len(tails.known) < 5000
    reply = bytes(12) + b"\xc0" + bytes(30)
    for number in range(1000):
        tail.learn(reply + number.to_bytes(2, "big"), 12)
    assert 0 < len(tail.denials) <= 64
