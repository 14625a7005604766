"""MX records taken apart, whatever they hold."""

import pytest

from watcher.core.mail.exchanges import HostKind, host_kind, parse_mx


def test_hosts_come_by_preference_then_name_each_once_at_its_best():
    records = parse_mx(("20 b.ml", "10 C.ml.", "10 a.ml", "5 b.ml", "30 a.ml"))
    assert records.hosts == ((5, "b.ml"), (10, "a.ml"), (10, "c.ml"))
    assert records.nulls == ()
    assert records.unreadable == 0


def test_the_root_is_no_host():
    assert parse_mx(("10 .", "0 .")).nulls == (0, 10)
    assert parse_mx(("10 .", "0 .")).hosts == ()


def test_the_largest_preference_is_read():
    assert parse_mx(("65535 mx.ml",)).hosts == ((65535, "mx.ml"),)


@pytest.mark.parametrize(
    "record", ["", " ", "mx.ml", "x mx.ml", "-1 mx.ml", "10", "10 ", "\u0661 mx.ml", "1000000 mx.ml", "\x00"]
)
def test_what_cannot_be_read_is_counted_never_guessed(record: str):
    records = parse_mx((record,))
    assert (records.hosts, records.nulls, records.unreadable) == ((), (), 1)


@pytest.mark.parametrize(
    ("host", "kind"),
    [
        ("mx.army.ml", HostKind.ORDINARY),
        ("mail_in.army.ml", HostKind.ORDINARY),
        ("mail", HostKind.ORDINARY),
        ("example.com", HostKind.ORDINARY),
        ("93.184.215.14", HostKind.NUMERIC),
        ("93.184.215", HostKind.ORDINARY),
        ("localhost", HostKind.LOCALHOST),
        ("mail.localhost", HostKind.LOCALHOST),
        ("notlocalhost", HostKind.ORDINARY),
        ("mx.invalid", HostKind.SPECIAL_USE),
        ("invalid.com", HostKind.ORDINARY),
        ("your-dns-needs-immediate-attention.ml", HostKind.INTERRUPTION),
        ("-mx.ml", HostKind.ILLEGAL),
        ("mx-.ml", HostKind.ILLEGAL),
        ("m\\032x.ml", HostKind.ILLEGAL),
        ("mx..ml", HostKind.ILLEGAL),
        ("", HostKind.ILLEGAL),
        ("a" * 63 + ".ml", HostKind.ORDINARY),
        ("a" * 64 + ".ml", HostKind.ILLEGAL),
        (".".join(["a" * 60] * 5), HostKind.ILLEGAL),
    ],
)
def test_a_name_says_what_kind_of_host_it_is(host: str, kind: HostKind):
    assert host_kind(host) is kind
