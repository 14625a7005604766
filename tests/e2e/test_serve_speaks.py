"""What `watcher serve` says to the person who started it, and that it stops when told to."""

import signal

import pytest

from tests.e2e.background import Background
from tests.e2e.service import Service, eventually, free_port
from tests.fakes.dns_server import DnsServer

SUFFIX = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"
ABLE = SUFFIX + "@ 1 MX 10 mx\nmx 1 A 93.184.215.14\n"
ZONES = dict.fromkeys(("mil", "ml", "com", "net", "org"), SUFFIX) | {"army.com": ABLE, "army.ml": ABLE}


def settings(resolver, **more):
    return {
        "WATCHER_DNS__RESOLVERS": f'["{resolver}"]',
        "WATCHER_DNS__TIMEOUT": "300ms",
        "WATCHER_REGISTRATION__ENABLED": "false",
        **more,
    }


def test_within_half_a_minute_it_names_the_first_able_lookalikes_and_the_time_left(tmp_path):
    dns = DnsServer(ZONES)
    with Background(dns):
        service = Service(tmp_path, settings(dns.address, WATCHER_DNS__MAX_RATE="300"))
        service.run("protect", "add", "army.mil")
        with service:
            eventually(lambda: "more at" in service.tail(), "it says how long the rest takes", log=service.tail)
            said = service.tail()
            assert len(dns.log) < 30 * 300, "half a minute's questions at its pace"
    assert "lookalikes that can receive mail now:" in said
    assert "Mail for army.ml is delivered to mx.army.ml (93.184.215.14)" in said
    assert "critical" in said
    assert "takes about" in said


def test_with_nothing_protected_it_says_what_to_do_and_is_ready(tmp_path):
    dns = DnsServer(ZONES)
    with Background(dns), Service(tmp_path, settings(dns.address)) as service:
        eventually(lambda: "watcher protect add" in service.tail(), "it says what to do", log=service.tail)


def test_without_a_network_it_says_so_and_is_not_ready(tmp_path):
    service = Service(tmp_path, settings(f"127.0.0.1:{free_port()}"))
    service.run("protect", "add", "army.mil")
    service.launch()
    eventually(lambda: "does not answer" in service.tail(), "it says so", log=service.tail)
    assert "is there a network?" in service.tail()
    with pytest.raises(AssertionError):
        eventually(service._ready, "it is not ready", seconds=1)
    service.kill(signal.SIGTERM)


def test_it_ends_soon_and_cleanly_when_told_to_in_the_middle_of_a_sweep(tmp_path):
    dns = DnsServer(ZONES)
    with Background(dns):
        service = Service(tmp_path, settings(dns.address, WATCHER_DNS__MAX_RATE="20"))
        service.run("protect", "add", "army.mil")
        service.start()
        assert service.kill(signal.SIGTERM) == 0  # the sweep would go on for a quarter of an hour
    assert "Traceback" not in service.tail()
