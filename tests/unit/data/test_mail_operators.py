"""The bundled lists load, say where they are from, and hold nothing that would hide or excuse a real mail host."""

from pathlib import Path

import pytest

from watcher.core.names.names import parse
from watcher.data import mail_operators
from watcher.data.mail_operators import load_operators

_FILES = sorted((Path(mail_operators.__file__).parent / "operators").glob("*.txt"))


def test_known_operators_are_recognised():
    operators = load_operators()
    assert operators.collects("mail.mailerhost.net")
    assert operators.collects("park-mx.above.com")
    assert not operators.collects("mail.above.com")
    assert operators.provider("aspmx.l.google.com") == "Google"
    assert operators.is_tenant_host("army-ml.mail.protection.outlook.com")
    assert "199.59.243.225" in operators.parking
    assert "146.112.61.106" in operators.sinkholes


def test_domains_are_names():
    operators = load_operators()
    for domain in (*operators.collectors, *operators.shared_providers, *operators.tenant_domains):
        assert parse(domain) == domain


@pytest.mark.parametrize("path", _FILES, ids=lambda path: path.stem)
def test_a_list_says_its_date_source_and_licence_and_is_sorted_by_hand_or_tool(path: Path):
    lines = path.read_text(encoding="utf-8").splitlines()
    header = "\n".join(line for line in lines if line.startswith("#"))
    assert "# Date: " in header
    assert "# Source: " in header
    assert "# Licence: " in header
    entries = [line for line in lines if not line.startswith("#")]
    assert len(entries) == len(set(entries))


@pytest.mark.parametrize(
    "address", ["104.21.27.14", "172.67.139.94", "13.107.246.57", "93.184.215.14", "2a00:1450:4001::25"]
)
def test_addresses_that_many_names_share_are_in_no_list(address: str):
    operators = load_operators()
    assert address not in operators.parking
    assert address not in operators.sinkholes
