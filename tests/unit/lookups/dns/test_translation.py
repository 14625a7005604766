"""M62b: addresses that a resolver makes up from IPv4 ones are judged by the IPv4 address inside."""

from ipaddress import IPv4Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.dns_server import DnsServer
from watcher.core.mail.dns import Question, RRType
from watcher.core.names.addresses import is_global
from watcher.lookups.dns.honesty import find_prefixes
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import parse_server
from watcher.lookups.dns.translation import KNOWN_NAME, plain, prefixes

OWN = "2001:67c:2960:6464::/96"
MADE_UP = {
    "2001:db8::/32": ("2001:db8:c000:aa::", "2001:db8:c000:ab::"),
    "2001:db8:100::/40": ("2001:db8:1c0:0:aa::", "2001:db8:1c0:0:ab::"),
    "2001:db8:122::/48": ("2001:db8:122:c000:0:aa00::", "2001:db8:122:c000:0:ab00::"),
    "2001:db8:122:300::/56": ("2001:db8:122:3c0:0:aa::", "2001:db8:122:3c0:0:ab::"),
    "2001:db8:122:344::/64": ("2001:db8:122:344:c0:0:aa00:0", "2001:db8:122:344:c0:0:ab00:0"),
    OWN: ("2001:67c:2960:6464::192.0.0.170", "2001:67c:2960:6464::192.0.0.171"),
}
"""RFC 6052 2.4, for the addresses of RFC 7050."""


@pytest.mark.parametrize(("prefix", "records"), MADE_UP.items())
def test_the_prefix_is_learnt_in_each_form(prefix, records):
    assert prefixes(records) == (IPv6Network(prefix),)
    assert plain(records[0], prefixes(records)) == "64:ff9b::c000:aa"


def test_what_shows_no_prefix_is_none():
    assert prefixes(["2001:db8::1", "::"]) == ()


@given(st.integers(0, 2**32 - 1))
def test_the_address_inside_decides(number):
    inside = IPv4Address(number)
    made_up = str(IPv6Network(OWN)[number])
    assert is_global(plain(made_up, (IPv6Network(OWN),))) == is_global(str(inside))


def test_an_address_of_its_own_stays():
    assert plain("2a00:1450::5", (IPv6Network(OWN),)) == "2a00:1450::5"


async def _addresses(zones, name):
    async with DnsServer(zones) as server:
        resolver = CarefulResolver([parse_server(server.address)], timeout=0.5)
        found = await find_prefixes(parse_server(server.address), timeout=0.5)
        resolver.translates(parse_server(server.address).name, found or ())
        (answer,) = await resolver.ask([Question(name, RRType.AAAA)])
        resolver.close()
    return found, answer.records


async def test_a_private_host_in_translation_is_shown_as_what_it_is():
    arpa = "ipv4only AAAA 2001:67c:2960:6464::c000:aa\nipv4only AAAA 2001:67c:2960:6464::c000:ab\n"
    zones = {"arpa": arpa, "army.ml": "mx AAAA 2001:67c:2960:6464::a00:1\n"}
    found, records = await _addresses(zones, "mx.army.ml")
    assert found == (IPv6Network(OWN),)
    assert records == ("64:ff9b::a00:1",)
    assert not is_global(records[0])


async def test_a_resolver_that_makes_nothing_up():
    zones = {"arpa": f"{KNOWN_NAME.partition('.')[0]} A 192.0.0.170\n", "army.ml": "mx AAAA 2a00:1450:4001::25\n"}
    assert await _addresses(zones, "mx.army.ml") == ((), ("2a00:1450:4001::25",))
