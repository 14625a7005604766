"""Operators are recognised by domain and network, with nothing that merely looks alike."""

import pytest

from watcher.core.mail.operators import MailOperators, Networks

_OPERATORS = MailOperators(
    collectors=frozenset({"h-email.net"}),
    shared_providers={"google.com": "Google"},
    tenant_domains=frozenset({"mail.protection.outlook.com"}),
)


def test_networks_hold_addresses_of_both_families():
    networks = Networks(("185.53.176.0/22", "146.112.61.106", "2001:67c::/32"))
    assert "185.53.179.255" in networks
    assert "185.53.180.0" not in networks
    assert "146.112.61.106" in networks
    assert "146.112.61.107" not in networks
    assert "2001:67c::1" in networks
    assert "no address" not in networks
    assert "1.1.1.1" not in Networks()


def test_a_broken_network_is_refused_at_once():
    with pytest.raises(ValueError, match="185"):
        Networks(("185.53.176.1/22",))


def test_hosts_belong_to_their_operators_domain_only():
    assert _OPERATORS.collects("mx1.h-email.net")
    assert _OPERATORS.collects("h-email.net")
    assert not _OPERATORS.collects("noth-email.net")
    assert _OPERATORS.provider("aspmx.l.google.com") == "Google"
    assert _OPERATORS.provider("google.com.army.ml") is None


def test_a_tenants_host_stands_below_the_domain():
    assert _OPERATORS.is_tenant_host("army-ml.mail.protection.outlook.com")
    assert not _OPERATORS.is_tenant_host("mail.protection.outlook.com")
