"""Recipients: every form of address leads to its domains, and hostile ones to none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.blocking.recipient import recipients


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("bob@us.army.ml", [("bob", "us.army.ml")]),
        ("<Bob@US.ARMY.ML.>", [("Bob", "us.army.ml")]),
        ('"bob smith"@us.army.ml', [('"bob smith"', "us.army.ml")]),
        ('"a@x.org"@us.army.ml', [('"a@x.org"', "us.army.ml")]),
        ("a@x.org@us.army.ml", [("a@x.org", "us.army.ml")]),
        ('"a%x.org"@us.army.ml', [('"a%x.org"', "us.army.ml")]),
        ("@relay.example,@b.example:bob@us.army.ml", [("bob", "us.army.ml")]),
        ("bob%us.army.ml@relay.example", [("bob%us.army.ml", "relay.example"), ("bob", "us.army.ml")]),
        ("bob%us.army.ml", [("bob", "us.army.ml")]),
        ("bob%a.example%us.army.ml@r.example", [("bob%a.example%us.army.ml", "r.example"), ("bob%a.example", "us.army.ml"), ("bob", "a.example")]),
        ("us.army.ml!bob", [("bob", "us.army.ml")]),
        ("us.army.ml!bob@relay.example", [("us.army.ml!bob", "relay.example"), ("bob", "us.army.ml")]),
        ("grüße@bücher.de", [("grüße", "xn--bcher-kva.de")]),
        ("bob@[192.0.2.1]", []),
        ("bob@[IPv6:2001:db8::1]", []),
        ("postmaster", []),
        ("", []),
        ("@", []),
        ("bob@", []),
        ("bob@localhost", []),
        ("bob@192.0.2.1", []),
        ("x" * 1000 + "@us.army.ml", [("x" * 1000, "us.army.ml")]),
        ("bob@" + "a" * 5000, []),
    ],
)  # fmt: skip
def test_forms(text, found):
    assert [tuple(one) for one in recipients(text)] == found


@given(st.text(max_size=300) | st.from_regex(r"[a%!@.\[\]\"<>:,-]{0,40}", fullmatch=True))
def test_nothing_raises_and_domains_are_names(text):
    for _, domain in recipients(text):
        assert domain == domain.lower()
        assert domain.isascii()
        assert not set(domain) & set(" @[]<>\"'\n")
