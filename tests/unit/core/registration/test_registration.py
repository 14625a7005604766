"""What differs between registration facts, and where a registry and the DNS disagree."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from watcher.core.registration.facts import (
    RegistrationFacts,
    RegistrationSource,
    RegistrationStatus,
    compared_with_dns,
    differences,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
FACTS = RegistrationFacts(
    RegistrationStatus.REGISTERED,
    RegistrationSource.RDAP,
    NOW,
    registrar="Registrar A",
    registrar_iana_id="1",
    created_at=NOW - timedelta(days=900),
    expires_at=NOW + timedelta(days=90),
    statuses=("active",),
    nameservers=("ns1.a.net", "ns2.a.net"),
    registrant_organisation="Army",
    registrant_country="US",
)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ()),
        ({"fetched_at": NOW + timedelta(days=1), "updated_at": NOW, "abuse_email": "a@b.net"}, ()),
        ({"registrar": "REGISTRAR A Ltd"}, ()),
        ({"registrar": "Registrar B", "registrar_iana_id": "2"}, ("registrar",)),
        ({"registrar": "Registrar B", "registrar_iana_id": None}, ("registrar",)),
        ({"registrant_organisation": "ARMY"}, ()),
        ({"registrant_organisation": None}, ()),
        (
            {"registrant_organisation": "Navy", "registrant_country": "RU"},
            ("registrant_organisation", "registrant_country"),
        ),
        ({"statuses": ("pending delete", "server hold")}, ("statuses",)),
        ({"nameservers": ("ns1.b.net",)}, ("nameservers",)),
        ({"nameservers": ()}, ()),
        ({"expires_at": NOW + timedelta(days=455)}, ("expires_at",)),
        ({"status": RegistrationStatus.UNREGISTERED}, ("status",)),
        ({"status": RegistrationStatus.UNKNOWN}, ()),
    ],
)
def test_differences(change, expected):
    assert differences(FACTS, replace(FACTS, **change)) == expected


def test_registry_and_dns_disagree():
    free = replace(FACTS, status=RegistrationStatus.UNREGISTERED)
    assert compared_with_dns(free, delegated=False) == free
    assert compared_with_dns(FACTS, delegated=True) == FACTS
    said = compared_with_dns(free, delegated=True)
    assert said.status is RegistrationStatus.UNREGISTERED
    assert said.reason == "the RDAP server says that it is not registered, yet it is delegated in the DNS"
    assert compared_with_dns(replace(free, reason="x"), delegated=True).reason == f"x; {said.reason}"
