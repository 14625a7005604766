"""The RDAP bootstrap: what is read, what is refused, and which server a name leads to."""

import json

import pytest

from watcher import data
from watcher.core.errors import ConfigurationError, LookupFailed
from watcher.core.names.names import parse
from watcher.lookups.registry.rdap_bootstrap import Bootstrap, base_url, read_bootstrap
from watcher.lookups.registry.routes import RdapServer, Routes, WhoisServer
from watcher.lookups.registry.whois import Address


def file(*services, **more):
    return json.dumps({"version": "1.0", "services": list(services), **more}).encode()


def test_bundled_snapshot():
    bootstrap = read_bootstrap(data.rdap_bootstrap())
    assert len(bootstrap.servers) > 1000
    assert bootstrap.servers["ml"] == "https://rdap.nic.ml/"
    assert bootstrap.publication is not None
    assert bootstrap.publication.year >= 2026
    assert all(url.startswith("https://") and url.endswith("/") for url in bootstrap.servers.values())


def test_suffixes_in_one_spelling_and_urls_with_a_final_slash():
    raw = file([["ML", "Рус", "co.uk."], ["https://rdap.nic.ml"]], publication="2026-01-30T00:00:01Z")
    assert dict(read_bootstrap(raw).servers) == dict.fromkeys(["ml", "xn--p1acf", "co.uk"], "https://rdap.nic.ml/")


def test_the_first_https_url_of_an_entry():
    raw = file([["ml"], ["http://rdap.nic.ml/", "https://rdap.nic.ml/"]], [["ng"], ["http://rdap.nic.net.ng/"]])
    assert dict(read_bootstrap(raw).servers) == {"ml": "https://rdap.nic.ml/"}


def test_unusable_entries_are_left_out():
    raw = file(
        [], 5, None, [["x"]], [["a"], "https://a.net/"], ["a", ["https://a.net/"]], [["b"], ["http://example.org/%%"]],
        [[5, None, "", "-bad-", "c"], [5, "https://c.net/"]],
    )  # fmt: skip
    assert dict(read_bootstrap(raw).servers) == {"c": "https://c.net/"}


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b"{}", b'{"services": 5}', file(), b"[" * 100_000, b"\xff\xfe", b"x" * 5_000_000]
)
def test_nothing_usable_is_refused(raw):
    with pytest.raises(LookupFailed):
        read_bootstrap(raw)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://rdap.nic.ml", "https://rdap.nic.ml/"),
        ("https://rdap.nic.ml/v1/", "https://rdap.nic.ml/v1/"),
        ("http://rdap.nic.ml/", None),
        ("https://user@rdap.nic.ml/", None),
        ("https://rdap.nic.ml/?q=", None),
        ("https://rdap.nic.ml/#x", None),
        ("https://rdap.nic.ml:port/", None),
        ("https:///path", None),
        ("file:///etc/passwd", None),
        ("https://rdap.nic.ml/\r\nX: y", None),
        (None, None),
    ],
)
def test_base_url(url, expected):
    assert base_url(url) == expected


BOOTSTRAP = Bootstrap({"ml": "https://rdap.nic.ml/", "uk": "https://rdap.uk/", "co.uk": "https://rdap.co.uk/"})


def test_longest_label_match():
    routes = Routes(BOOTSTRAP, {}, {})
    assert routes.servers(parse("army.co.uk"))[0] == RdapServer("https://rdap.co.uk/")
    assert routes.servers(parse("army.gov.uk"))[0] == RdapServer("https://rdap.uk/")


def test_whois_is_asked_when_rdap_fails_and_where_there_is_none():
    routes = Routes(BOOTSTRAP, {}, {})
    assert routes.servers(parse("army.ml")) == (RdapServer("https://rdap.nic.ml/"), WhoisServer(None, "ml"))
    assert routes.servers(parse("army.mil")) == (WhoisServer(None, "mil"),)


def test_what_the_operator_lists_comes_first_and_alone():
    routes = Routes(BOOTSTRAP, {".UK": "http://127.0.0.1:8400"}, {"ml": "127.0.0.1:4300", "gov.uk": "[::1]:43"})
    assert routes.servers(parse("army.ml")) == (WhoisServer(Address("127.0.0.1", 4300), "ml"),)
    assert routes.servers(parse("army.co.uk")) == (RdapServer("http://127.0.0.1:8400/"),)
    assert routes.servers(parse("army.gov.uk")) == (WhoisServer(Address("::1", 43), "gov.uk"),)
    assert set(routes.trusted()) == {("127.0.0.1", 8400), ("127.0.0.1", 4300), ("::1", 43)}


def test_unlisted_servers_are_known():
    assert Routes(BOOTSTRAP, {}, {}).servers(parse("army.de"))[0] == RdapServer("https://rdap.denic.de/")


@pytest.mark.parametrize(
    ("rdap", "whois"),
    [({"ml": "ftp://x/"}, {}), ({"m l": "https://x.net/"}, {}), ({}, {"ml": "host:port"}), ({}, {"ml": "a:99999"}), ({}, {"": "a"})],
)  # fmt: skip
def test_overrides_that_cannot_be_used_are_named(rdap, whois):
    with pytest.raises(ConfigurationError, match=r"registration\."):
        Routes(BOOTSTRAP, rdap, whois)


@pytest.mark.corpus
def test_malformed_files_of_other_projects(corpus):
    outcomes = {}
    for path in sorted((corpus / "iana" / "malformed").iterdir()):
        try:
            outcomes[path.name] = sorted(read_bootstrap(path.read_bytes()).servers)
        except LookupFailed:
            outcomes[path.name] = None
    assert outcomes == {
        "dns_bad_services.json": ["ar", "br", "cz"],
        "dns_bad_url.json": ["ar", "br", "cz"],
        "dns_empty.json": None,
        "dns_syntax_error.json": None,
    }


@pytest.mark.corpus
def test_real_files(corpus):
    for path in sorted((corpus / "iana").glob("rdap-bootstrap-*.json")):
        assert len(read_bootstrap(path.read_bytes()).servers) > 1000
