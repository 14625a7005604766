"""The watch goes on for those who took every token back: strangers are refused, nothing ends."""

import urllib.error
from pathlib import Path

import pytest

from tests.e2e.background import Background
from tests.e2e.service import Service
from tests.fakes.dns_server import DnsServer


def test_a_service_for_other_machines_starts_though_every_token_is_revoked(tmp_path: Path) -> None:
    dns = DnsServer()
    with Background(dns):
        service = Service(tmp_path, {"WATCHER_DNS__RESOLVERS": f'["{dns.address}"]'})
        service.environment["WATCHER_API__LISTEN"] = f"0.0.0.0:{service.port}"
        service.run("token", "create", "first", "--scope", "read,lookup,write")
        service.run("token", "revoke", "first")
        with service:
            with pytest.raises(urllib.error.HTTPError) as refused:
                service.get("/api/v1/protected")
            assert refused.value.code == 401
            assert "watcher token create" in refused.value.read().decode()
            assert "every API token is revoked" in service.tail()
