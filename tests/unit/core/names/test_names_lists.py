"""Lists of names in every form that people and feeds write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.core.errors import InvalidName
from watcher.core.names.lists import ListEntry, NamesList
from watcher.core.names.names import parse, parse_existing, to_unicode

FORMS = {
    "plain": "{}",
    "final dot": "{}.",
    "wildcard": "*.{}",
    "quoted": '"{}"',
    "upper case": "{upper}",
    "url": "https://{}/path?x=1",
    "mailbox": "someone@{}",
    "hosts": "0.0.0.0 {}",
    "hosts with a comment": "127.0.0.1\t{}  # seen today",
    "hosts of version 6": ":: {}",
    "adblock": "||{}^",
    "adblock with options": "||{}^$third-party,important",
    "dnsmasq": "address=/{}/0.0.0.0",
    "dnsmasq server": "server=/{}/",
    "rpz": "{} CNAME .",
    "rpz wildcard": "*.{}\t3600\tIN\tCNAME\t.",
    "unbound": 'local-zone: "{}" always_nxdomain',
    "zone file": "{}.\t172800\tin\tns\tns1.hosting.net.",
    "csv with a rank": "17,{}",
    "csv quoted": '"17","{}","x"',
    "csv by semicolons": "17;{};x",
    "tsv": "17\t{}\tx",
    "json": '{{"domain": "{}"}}',
    "json list": '["{}"]',
    "certificate": '{{"Subject": {{"CommonName": "{}"}}, "DNS": ["{}"]}}',
    "blanks": "   {}   ",
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["army.ml", "us-army.co.uk", "foo_bar.ml", "xn--i-7iq.ws"])
def test_a_name_in_every_form(form, name):
    read = NamesList()
    line = FORMS[form].format(name, name, upper=name.upper())
    assert set(read.names(["\ufeff# a comment\n", "\n", line + "\n"])) == {name}
    assert (read.tally.lines, read.tally.named, read.tally.dropped) == (3, 1, 0)


def test_several_names_in_a_line():
    lines = [
        "0.0.0.0 a.ml b.ml localhost\n",
        "server=/c.ml/d.ml/\n",
        '{"DNS": ["e.ml", "*.f.ml"], "IP": ["1.2.3.4"]}\n',
    ]
    assert list(NamesList().names(lines)) == ["a.ml", "b.ml", "c.ml", "d.ml", "e.ml", "f.ml"]


def test_the_column_is_told_by_its_heading_or_by_the_caller():
    lines = ["date,Domain Name,registrar.example\n", "2026-01-01,army.ml,evil.net\n"]
    assert list(NamesList().names(lines)) == ["army.ml"]
    assert list(NamesList("registrar.example").names(lines)) == ["evil.net"]
    assert list(NamesList("3").names(lines[1:])) == ["evil.net"]


def test_what_is_left_out_is_counted_and_the_first_are_kept():
    read = NamesList()
    lines = ["army.ml\n", "hello world\n", "@@||friend.ml^\n", "1.2.3.4\n", "x" * 400 + "\n", "! comment\n"]
    assert list(read.names(lines)) == ["army.ml"]
    assert (read.tally.lines, read.tally.named, read.tally.dropped) == (6, 1, 4)
    assert read.tally.shown == ["hello world", "@@||friend.ml^", "1.2.3.4"]


def test_entries_keep_what_is_written_and_whose_it_is():
    lines = ["name,owner,tags\n", 'army.mil,"US, Army",gov;mil\n', ".gov.uk,,\n", "\n", "not a name\n"]
    assert list(NamesList().entries(lines)) == [
        ListEntry(2, "army.mil", "US, Army", ("gov", "mil")),
        ListEntry(3, ".gov.uk"),
        ListEntry(5, "not a name"),
    ]
    assert [entry.text for entry in NamesList().entries(["mil # all\n", "no name at all!\n"])] == [
        "mil",
        "no name at all!",
    ]


@given(st.lists(st.text(max_size=60), max_size=20))
def test_no_line_breaks_the_reader(texts):
    read = NamesList()
    for name in read.names(text + "\n" for text in texts):
        assert parse_existing(name) == name
    assert read.tally.lines == len(texts)
    list(NamesList().entries(texts))


OUTSIDE_IDNA = {
    "foo_bar.ml": "foo_bar.ml",
    "a-.example": "a-.example",
    "-a.example": "-a.example",
    "I\N{HEAVY BLACK HEART}.ws": "xn--i-7iq.ws",
    "\N{PILE OF POO}.la": "xn--ls8h.la",
    "\N{ESTIMATED SYMBOL}xample.com": "xn--xample-h21c.com",
    "xn--zz.ml": "xn--zz.ml",
    "_dmarc.army.ml": "_dmarc.army.ml",
}


@pytest.mark.parametrize("text", OUTSIDE_IDNA)
def test_what_exists_needs_only_to_be_a_dns_name(text):
    name = parse_existing(text)
    assert name == OUTSIDE_IDNA[text]
    assert parse_existing(name) == name
    with pytest.raises(InvalidName):
        parse(text)


def test_names_outside_idna_are_shown_where_they_can_be_seen():
    assert to_unicode("xn--ls8h.la") == "\N{PILE OF POO}.la"
    assert to_unicode("xn--xample-h21c.com") == "\N{ESTIMATED SYMBOL}xample.com"
    assert to_unicode("xn--zz.ml") == "xn--zz.ml"
    hidden = "xn--" + "a\u202eb".encode("punycode").decode() + ".ml"
    assert to_unicode(hidden) == hidden, "what turns the text around is not shown"


@pytest.mark.parametrize(
    "text", ["", "a b.ml", "a..b", "x" * 64 + ".ml", "1.2.3.4", "a.ml/../b" * 40, "foo!.ml", ".", "bad\ufffd.com"]
)
def test_what_is_no_dns_name_is_refused(text):
    with pytest.raises(InvalidName):
        parse_existing(text)


@given(st.text(max_size=80))
def test_a_name_that_is_valid_is_the_same_by_both_rules(text):
    try:
        valid = parse(text)
    except InvalidName:
        return
    assert parse_existing(text) == valid
