"""What "global" means, address by address, beside what the standard library says where it is known to differ."""

import pytest

from watcher.core.names.addresses import Reach, dotted_quad, is_global, reach

_UNROUTABLE = [
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "169.254.1.1",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.8",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "fe80::1",
    "fc00::1",
    "fd12::1",
    "fec0::1",
    "ff02::1",
    "2001:db8::1",
    "3fff::1",
    "5f00::1",
    "100::1",
    "64:ff9b:1::1",
    "2001:2::1",
    "2001:10::1",
    "4000::1",
    "::1.2.3.4",
    "::ffff:10.0.0.1",
    "::ffff:224.0.0.1",
]
_GLOBAL = [
    "1.1.1.1",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.0.9",
    "192.0.0.10",
    "192.0.1.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.175.48.1",
    "198.17.0.1",
    "198.20.0.1",
    "223.255.255.255",
    "2a00:1450:4001::25",
    "2606:4700::1",
    "2620:4f:8000::1",
    "2001:4:112::1",
    "2001:1::1",
    "2001:20::1",
    "2001:30::1",
    "::ffff:93.184.215.14",
]


@pytest.mark.parametrize("text", _UNROUTABLE)
def test_nobody_can_reach(text: str):
    assert reach(text) is Reach.UNROUTABLE


@pytest.mark.parametrize("text", _GLOBAL)
def test_a_sender_anywhere_can_reach(text: str):
    assert is_global(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1", Reach.LOOPBACK),
        ("127.255.255.254", Reach.LOOPBACK),
        ("::1", Reach.LOOPBACK),
        ("::ffff:127.0.0.1", Reach.LOOPBACK),
        ("0.0.0.0", Reach.UNSPECIFIED),
        ("::", Reach.UNSPECIFIED),
        ("::ffff:0.0.0.0", Reach.UNSPECIFIED),
        ("127.0.53.53", Reach.CONTROLLED_INTERRUPTION),
        ("::ffff:127.0.53.53", Reach.CONTROLLED_INTERRUPTION),
        ("127.0.53.54", Reach.LOOPBACK),
    ],
)
def test_the_senders_own_machine_and_the_name_collision(text: str, expected: Reach):
    assert reach(text) is expected
    assert not is_global(text)


@pytest.mark.parametrize(
    ("inside_global", "inside_private"),
    [
        ("64:ff9b::5db8:d70e", "64:ff9b::a00:1"),  # NAT64 of 93.184.215.14, of 10.0.0.1
        ("2002:5db8:d70e::1", "2002:a00:1::1"),  # 6to4
        ("2001:0:5db8:d70e::a247:28f1", "2001:0:5db8:d70e::f5ff:fffe"),  # Teredo: the client's bits are inverted
        ("2001:0:5db8:d70e::a247:28f1", "2001:0:a00:1::a247:28f1"),  # ... and its server
        ("64:ff9b::5db8:d70e", "64:ff9b::7f00:1"),
    ],
)
def test_a_tunnel_is_as_global_as_the_address_inside(inside_global: str, inside_private: str):
    assert is_global(inside_global)
    assert reach(inside_private) is Reach.UNROUTABLE


@pytest.mark.parametrize(
    "text", ["", "x", "1.2.3", "1.2.3.4.5", "256.1.1.1", "fe80::1%eth0", "2a00::1%1", "::1%1", "\x00", "1.2.3.4 "]
)
def test_what_is_no_address_leads_nowhere(text: str):
    assert reach(text) is Reach.UNROUTABLE


def test_a_dotted_quad_is_an_address_written_as_a_host():
    assert dotted_quad("93.184.215.14") == "93.184.215.14"
    assert dotted_quad("93.184.215") is None
    assert dotted_quad("mx.army.ml") is None
    assert dotted_quad("::1") is None
