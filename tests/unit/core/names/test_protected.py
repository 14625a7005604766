"""What an operator may write for a protected name, and what it means."""

import pytest

from watcher.core.errors import InvalidName
from watcher.core.names.protected import Kind, parse_protected
from watcher.data import load_suffixes


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("army.mil", "army.mil", Kind.DOMAIN),
        ("ARMY.MIL.", "army.mil", Kind.DOMAIN),
        ("  mod.gov.uk ", "mod.gov.uk", Kind.DOMAIN),
        ("us.army.mil", "us.army.mil", Kind.HOST),
        ("postmaster@us.army.mil", "us.army.mil", Kind.HOST),
        ("https://mod.gov.uk/contact?x=1", "mod.gov.uk", Kind.DOMAIN),
        ("münchen.de", "xn--mnchen-3ya.de", Kind.DOMAIN),
        (".mil", "mil", Kind.SUFFIX),
        ("mil", "mil", Kind.SUFFIX),
        (".mil.", "mil", Kind.SUFFIX),
        ("gov.uk", "gov.uk", Kind.SUFFIX),
        (".gov.uk", "gov.uk", Kind.SUFFIX),
        (".рф", "xn--p1ai", Kind.SUFFIX),
        ("foo.ck", "foo.ck", Kind.SUFFIX),
        ("www.ck", "www.ck", Kind.DOMAIN),
        ("city.kawasaki.jp", "city.kawasaki.jp", Kind.DOMAIN),
    ],
)
def test_reads(text: str, name: str, kind: Kind) -> None:
    assert parse_protected(text, load_suffixes()) == (name, kind)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (".army.mil", "dot stands in front of a public suffix only"),
        ("..mil", "empty label"),
        ("army..mil", "empty label"),
        ("", "empty"),
        (".", "empty"),
        ("army.invalid", "no top-level domain 'invalid'"),
        ("army.con", "no top-level domain 'con'"),
        ("localhost", "no top-level domain 'localhost'"),
        ("_dmarc.army.mil", "letters, digits and inner hyphens only"),
        ("-army.mil", "letters, digits and inner hyphens only"),
        ("a" * 64 + ".mil", "longer than 63"),
        (".".join(["a" * 49] * 5 + ["army"]), "longer than 253"),
        ("192.0.2.1", "address"),
        ("army mil", "space or control"),
        ("army\u202emil.com", "space or control"),
        ("army\x1b[31m.mil", "space or control"),
        ("xn--a.com", "not valid in IDNA 2008"),
        ("☃.com", "not valid in IDNA 2008"),
        ("x" * 5000, "far too long"),
    ],
)
def test_refuses_and_says_why(text: str, reason: str) -> None:
    with pytest.raises(InvalidName) as caught:
        parse_protected(text, load_suffixes())
    assert reason in str(caught.value)
    assert caught.value.text == text


def test_a_label_of_63_and_a_name_of_253_are_names() -> None:
    label = "a" * 63
    longest = ".".join(["a" * 61, "b" * 61, "c" * 61, "d" * 61, "mil"])
    assert parse_protected(f"{label}.mil", load_suffixes()) == (f"{label}.mil", Kind.DOMAIN)
    assert len(longest) == 251
    assert parse_protected(longest, load_suffixes())[1] is Kind.HOST
