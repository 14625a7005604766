"""A top-level label newer than the bundled list: the root is asked once, and `protect` and `match` know it then."""

import json

import pytest

from tests.e2e.background import Background
from tests.fakes.dns_server import DnsServer
from watcher.data import enumeration_version, load_suffixes, load_tables

ROOT = "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\nzzshop NS ns.zzshop\nns.zzshop A 192.0.2.1\n"


@pytest.fixture(autouse=True)
def _data_of_its_own():
    """What a test learns stays in the test."""
    cached = (load_suffixes, load_tables, enumeration_version)
    for load in cached:
        load.cache_clear()
    yield
    for load in cached:
        load.cache_clear()


@pytest.fixture
def root(monkeypatch):
    server = DnsServer({".": ROOT, "zzshop": "@ 1 SOA ns hostmaster 1 3600 600 86400 1\n@ 1 NS ns\n"})
    with Background(server):
        monkeypatch.setenv("WATCHER_DNS__RESOLVERS", json.dumps([server.address]))
        monkeypatch.setenv("WATCHER_DNS__TIMEOUT", "1s")
        yield server


@pytest.mark.parametrize("group", ["protect", "own"])
def test_a_name_under_it_can_be_protected(bare, root, group):
    assert bare(group, "add", "army.zzshop").code == 0
    assert bare(group, "list").out == "army.zzshop\n"
    assert "zzshopp" in bare.refused(group, "add", "army.zzshopp")
    file = bare.database.parent / "names.txt"
    file.write_text("navy.zzshop\n")
    assert bare(group, "import", str(file)).code == 0


def test_match_finds_names_under_it_and_asks_once_a_week(watcher, root, tmp_path):
    watcher("protect", "add", "army.mil")
    names = tmp_path / "names.txt"
    names.write_text("army.zzshop\narmy.zzshopp\nunlike-anything.zzshop\narmy.invalid\n")
    assert watcher("match", str(names), "--grade", "note").out.split() == ["army.zzshop"]
    asked = [name for name in root.names_asked("NS") if name.startswith("zz")]
    assert sorted(set(asked)) == ["zzshop", "zzshopp"]
    assert "invalid" not in root.names_asked(), "the root never delegates it"
    for load in (load_suffixes, load_tables, enumeration_version):
        load.cache_clear()  # as another process
    assert watcher("match", str(names), "--grade", "note").out.split() == ["army.zzshop"]
    assert [name for name in root.names_asked("NS") if name.startswith("zz")] == asked


def test_a_resolver_that_says_yes_to_everything_is_not_believed(watcher, root, tmp_path):
    root.load(".", ROOT + "* NS ns.everything\n")
    watcher.refused("protect", "add", "army.zzshopp")


def test_without_an_answer_a_name_is_refused_as_before(bare, monkeypatch):
    monkeypatch.setenv("WATCHER_DNS__RESOLVERS", '["127.0.0.1:9"]')
    monkeypatch.setenv("WATCHER_DNS__TIMEOUT", "100ms")
    assert "there is no top-level domain 'zzshop'" in bare.refused("protect", "add", "army.zzshop")
    assert list(bare.database.parent.iterdir()) == []
