"""Datagrams that leave in one call are those that would have left one by one; where that is refused they do."""

import socket

import pytest

from watcher.lookups.dns.segments import MOST, Unable, known, send_each, send_together

_MESSAGES = [bytes([number]) * 40 for number in range(MOST)]
_WAYS = [send_each, *([send_together] if known() else [])]


@pytest.fixture(params=["127.0.0.1", "::1"])
def pair(request):
    family = socket.AF_INET6 if ":" in request.param else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as server, socket.socket(family, socket.SOCK_DGRAM) as client:
        server.bind((request.param, 0))
        client.connect(server.getsockname())
        client.settimeout(0)
        server.settimeout(5)
        yield client, server


@pytest.mark.parametrize("way", _WAYS)
@pytest.mark.parametrize("count", [1, 2, MOST])
def test_what_is_sent_arrives_as_it_is_and_in_order(pair, way, count):
    client, server = pair
    assert way(client, _MESSAGES[:count]) == count
    assert [server.recv(100) for _ in range(count)] == _MESSAGES[:count]
    server.settimeout(0)
    with pytest.raises(BlockingIOError):
        server.recv(100)


@pytest.mark.parametrize("way", _WAYS)
def test_an_error_of_an_earlier_datagram_is_told(pair, way):
    client, server = pair
    server.close()
    client.send(b"nobody is there")
    assert way(client, _MESSAGES) == 0


@pytest.mark.skipif(not known(), reason="the system has no such call")
def test_where_it_is_refused_nothing_is_sent(pair):
    client, server = pair
    with pytest.raises(Unable):
        send_together(client, [b"x"] * 1000)  # no kernel cuts one into so many
    server.settimeout(0)
    with pytest.raises(BlockingIOError):
        server.recv(100)
