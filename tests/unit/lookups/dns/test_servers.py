"""Addresses of resolvers, in and out."""

import pytest

from watcher.core.errors import ConfigurationError
from watcher.lookups.dns.servers import Server, parse_server
from watcher.lookups.dns.system_resolvers import system_resolvers


@pytest.mark.parametrize(
    ("text", "server", "name"),
    [
        ("9.9.9.10", Server("9.9.9.10"), "9.9.9.10"),
        (" 9.9.9.10:53 ", Server("9.9.9.10"), "9.9.9.10"),
        ("127.0.0.1:5300", Server("127.0.0.1", 5300), "127.0.0.1:5300"),
        ("2620:FE::10", Server("2620:fe::10"), "2620:fe::10"),
        ("[2620:fe::10]", Server("2620:fe::10"), "2620:fe::10"),
        ("[::1]:5300", Server("::1", 5300), "[::1]:5300"),
        ("fe80::1%lo", Server("fe80::1%lo"), "fe80::1%lo"),
    ],
)
def test_a_server_is_read_and_named(text, server, name):
    assert parse_server(text) == server
    assert server.name == name
    assert parse_server(name) == server


@pytest.mark.parametrize(
    "text",
    [
        "", "dns.example", "9.9.9", "9.9.9.9:", "9.9.9.9:0", "9.9.9.9:65536", "9.9.9.9:+53", "9.9.9.9:٣", "[9.9.9.9]:53",
        "[::1", "[::1]5300", "::1]:53", "0.0.0.0", "224.0.0.1", "https://9.9.9.9", "9.9.9.9:53:53",
    ],
)  # fmt: skip
def test_what_is_no_server_names_the_setting(text):
    with pytest.raises(ConfigurationError) as raised:
        parse_server(text)
    assert raised.value.setting == "dns.resolvers"


def test_a_zone_index_reaches_the_socket():
    assert Server("fe80::1%lo").socket_address[3] == 1
    assert Server("fe80::1%7").socket_address == ("fe80::1", 53, 0, 7)


def test_the_system_resolvers_are_its_nameserver_lines(tmp_path):
    path = tmp_path / "resolv.conf"
    path.write_text(
        "# comment\ndomain army.mil\nnameserver 127.0.0.53 ; stub\nnameserver fe80::1%lo\n"
        "nameserver nonsense\nnameserver 127.0.0.53\nnameserver\noptions edns0\n"
    )
    assert system_resolvers(path) == (Server("127.0.0.53"), Server("fe80::1%lo"))


@pytest.mark.parametrize("text", [None, "", "options edns0\n", "nameserver nonsense\n"])
def test_no_system_resolver_says_what_to_set(tmp_path, text):
    path = tmp_path / "resolv.conf"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=r"dns\.resolvers = \["):
        system_resolvers(path)
