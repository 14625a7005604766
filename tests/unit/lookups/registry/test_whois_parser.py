"""The fields of WHOIS replies in the shapes registries use, their encodings, and the process that parses them."""

import asyncio
import sys
import time
from datetime import UTC, datetime

import pytest

from tests.fakes.registered import Registered
from tests.fakes.whois_server import record
from watcher.core.errors import LookupFailed
from watcher.lookups.registry.whois_fields import date, read_fields
from watcher.lookups.registry.whois_lines import bounded
from watcher.lookups.registry.whois_parser import parse
from watcher.lookups.registry.whois_process import WhoisProcess
from watcher.lookups.registry.whois_text import decode

DAY = datetime(2020, 2, 1, tzinfo=UTC)


def test_gtld_shape():
    fields = parse("army.ml", record("army.ml", Registered(statuses=("clientHold", "ok"))))
    assert (fields.registrar, fields.registrar_iana_id) == ("Nominal Registrar Ltd", "9999")
    assert (fields.created_at, fields.expires_at) == (Registered().created, Registered().expires)
    assert fields.updated_at == Registered().updated
    assert fields.statuses == ("active", "client hold")
    assert fields.nameservers == ("ns1.hosting.net", "ns2.hosting.net")
    assert (fields.registrant_organisation, fields.registrant_country) == ("Someone Else Inc", "NL")
    assert (fields.abuse_email, fields.abuse_phone) == ("abuse@registrar.net", "+31.205550100")


PERSONS = (
    """Domain Name: army.com
Registrar: R Ltd
Registrant Name: Jane Roe
Registrant Organization: Roe Jane
Registrant Country: NL
Admin Name: Jane Roe
Admin Organization: Helpers Ltd
Admin Country: US
""",
    """Domain Name: army.com
Registrar: R Ltd
Registrant Name: Jane Roe
Admin Organization: Helpers Ltd
Tech Organization: Helpers Ltd
Tech Country: US
Organization: Jane Roe
""",
    """domain: army.com
registrar: R Ltd
person: Jane Roe
owner: Jane Roe
org: Jane Roe
country: NL
""",
)


@pytest.mark.parametrize("reply", PERSONS)
@pytest.mark.parametrize("domain", ["army.com", "army.net", "army.io", "army.ru", "army.br", "army.it", "army.xyz"])
def test_no_person_and_no_other_contact_is_taken_for_the_registrant(domain, reply):
    """python-whois' own rules take the first `org` there is, a person's or another contact's."""
    fields = parse(domain, reply.replace("army.com", domain))
    assert "Roe" not in str(fields)
    assert fields.registrant_organisation is None
    assert fields.registrant_country in {None, "NL"}


def test_an_organisation_named_twice_is_one():
    reply = "Domain Name: army.com\nRegistrant Name: Army Surplus Ltd\nRegistrant Organization: Army Surplus Ltd\n"
    assert parse("army.com", reply).registrant_organisation == "Army Surplus Ltd"


SHAPES = {
    "uk": "Domain name:\n    army.co.uk\n\nRegistrar:\n    R Ltd [Tag = R]\n\nRelevant dates:\n"
    "    Registered on: 01-Feb-2020\n    Expiry date:  01-Feb-2020\n\nName servers:\n    ns1.army.net  192.0.2.1\n    ns2.army.net\n\nWHOIS lookup made",
    "ru": "domain: ARMY.RU\nnserver: ns1.army.net.\nnserver: ns2.army.net. 192.0.2.1\nregistrar: R Ltd\ncreated: 2020-02-01T00:00:00Z\npaid-till: 2020-02-01T00:00:00Z",
    "jp": "[Domain Name]   ARMY.JP\n\n[Name Server]   ns1.army.net\n[Name Server]   ns2.army.net\n\n[Created on]   2020/02/01\n[Expires on]   2020/02/01\n[Registrar]   R Ltd",
    "dots": "domain.............: army.fi\nregistrar..........: R Ltd\ncreated............: 1.2.2020\nexpires............: 1.2.2020\nnserver............: ns1.army.net [OK]\nnserver............: ns2.army.net [OK]",
    "list": "Domain Name: army.tld\nCurrent Registrar: R Ltd\nCreated On: 2020-02-01\nExpires On: 2020-02-01\nDomain servers in listed order:\n   ns1.army.net\n   ns2.army.net\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_other_shapes(shape):
    fields = read_fields(f"army.{shape}" if len(shape) == 2 else "army.tld", SHAPES[shape])
    assert fields.registrar is not None
    assert fields.registrar.startswith("R Ltd")
    assert (fields.created_at, fields.expires_at) == (DAY, DAY)
    assert fields.nameservers == ("ns1.army.net", "ns2.army.net")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2020-02-01", DAY),
        ("01/02/2020", DAY),
        ("1.2.2020", DAY),
        ("20200201", DAY),
        ("2020. 02. 01.", DAY),
        ("Sat Feb 1 00:00:00 UTC 2020", DAY),
        ("2020-02-01 09:00:00 JST", DAY),
        ("2020/02/01 09:00:00 (JST)", DAY),
        ("01-Feb-2020 00:00:00 XYZ", DAY),
        ("2020-02-01T01:00:00+0100", DAY),
        ("0000-00-00", None),
        ("never", None),
        ("", None),
        ("9" * 400, None),
        ("2020-02-31", None),
        ("Registrar 5", None),
        ("02:30.894", None),
        ("29/08", None),
        ("Before 2001", None),
        ("before 01-Aug-1996", None),
        ("February 2020", None),
        ("2020", None),
        ("2020-W05", None),
        ("1st February 2020 at 00:00:00.894", DAY),
        ("Saturday 1st Feb 2020", DAY),
        ("2020-02-01 08:00:00 UTC+8", DAY),
        ("2020-02-01 01:00:00 (GMT+1)", DAY),
        ("2020-01-31 21:00:00 GMT-03:00", DAY),
    ],
)
def test_dates(text, expected):
    assert date(text) == expected


def test_dates_month_first_where_the_key_says_so():
    assert date("02/01/2020", "creation date (mm/dd/yyyy)") == DAY


@pytest.mark.parametrize(
    ("raw", "domain", "expected"),
    [
        ("Käse".encode(), "a.de", "Käse"),
        ("Käse".encode("latin-1"), "a.de", "Käse"),
        ("登録者".encode("cp932"), "a.jp", "登録者"),
        ("登録者".encode("iso2022_jp"), "a.jp", "登録者"),
        ("등록인".encode("euc_kr"), "a.kr", "등록인"),
        ("charset: koi8-r\nИмя".encode("koi8_r"), "a.su", "charset: koi8-r\nИмя"),
        (b"\xef\xbb\xbfDomain", "a.ml", "Domain"),
        ("Käse".encode()[:2], "a.de", "K\N{REPLACEMENT CHARACTER}"),
        (bytes(range(128, 256)), "a.jp", bytes(range(128, 256)).decode("latin-1")),
    ],
)
def test_encodings(raw, domain, expected):
    assert decode(raw, domain) == expected


@pytest.mark.parametrize(
    ("text", "created"),
    [
        ("Registered on 26th February 2015 at 22:02:30.894", datetime(2015, 2, 26, 22, 2, 30, tzinfo=UTC)),
        ("Activation: 2020-02-01", DAY),
        ("anniversary: 29/08", None),
        ("Date de création : 01/02/2020", DAY),
        ("Created\n  2020-02-01\n", DAY),
        ("7b. Registration Date : 2020-02-01", DAY),
        ("Registered. . . . . . : 2020-02-01", DAY),
    ],
)
def test_keys_in_the_forms_that_registries_use(text, created):
    assert read_fields("army.tld", text).created_at == created


@pytest.mark.parametrize(
    ("said", "statuses"),
    [
        ("inactive / clientHold", ("client hold", "inactive")),
        ("clientHold - domain is not published in the zone file.", ("client hold",)),
        ("REGISTERED, NOT DELEGATED, VERIFIED", ("inactive",)),
        ("in quarantine", ("redemption period",)),
        ("Suspended by the registrar", ("server hold",)),
        ("Suspended.", ("server hold",)),
        ("Excluded - Pending Delete - Restorable", ("pending delete", "redemption period")),
        ("serverDeleteProhibited (Secured by Some Lock) https://example.net/lock", ("server delete prohibited",)),
        ("clientHold clientTransferProhibited", ("client hold", "client transfer prohibited")),
        ("SERVERHOLD", ("server hold",)),
        ("pendingDelete|inactive", ("inactive", "pending delete")),
        ("Registered until expiry date.", ()),
    ],
)
def test_no_hold_is_lost_in_a_registry_s_words(said, statuses):
    assert read_fields("army.tld", f"Domain: army.tld\nStatus: {said}\n").statuses == statuses


def test_a_suspension_told_in_a_sentence():
    reply = "Domain name:\n  army.tld\n\n  *** This registration has been SUSPENDED. ***\n"
    assert read_fields("army.tld", reply).statuses == ("server hold",)


def test_the_newest_of_several_changes_counts_and_no_contact_s():
    reply = (
        "domain: army.tld\nchanged: 20190101\nchanged: 20200201\nchanged: 20180101\n\nnic-hdl: X\nchanged: 20250101\n"
    )
    assert read_fields("army.tld", reply).updated_at == DAY


@pytest.mark.parametrize(
    "reply",
    [
        "Name servers\n  ns1.army.net\n  ns2.army.net\n",
        "Serveurs de noms :\n  ns1.army.net\n  ns2.army.net\n",
        "Nameserver: army.tld\tNS\tns1.army.net.\nNameserver: army.tld\tNS\tns2.army.net.\n",
        "Servers:\n\tns1.army.net\n\tns2.army.net\n",
        "nserver  ns1.army.net\nnserver  ns2.army.net\n",
        "army ns1.army.net\narmy ns2.army.net\n",
    ],
)
def test_nameservers_in_the_forms_that_registries_use(reply):
    assert read_fields("army.tld", reply).nameservers == ("ns1.army.net", "ns2.army.net")


@pytest.mark.parametrize("host", ["not.defined.", "none.none", "no.nameserver", "not.set", "n.a"])
def test_placeholders_are_no_nameservers(host):
    assert read_fields("army.tld", f"Nameserver: {host}\n").nameservers == ()


def test_a_registrar_s_handle_gives_way_to_its_name():
    below = "Registrar: ACME-0002\nCreated: 2020-02-01\n\nRegistrar: ACME-0002\nName: Acme Registry Services\n"
    assert read_fields("army.tld", below).registrar == "Acme Registry Services"
    alone = "Registrar: ACME-0002\nCreated: 2020-02-01\n"
    assert read_fields("army.tld", alone).registrar == "ACME-0002"


def test_a_handle_in_front_of_a_host_is_no_nameserver():
    reply = " k [Primary Name Server]   NS1WEST0.SER\t\n  ns1.west.net   9.9.9.9  \n\n l [Secondary Name Server] NS2WEST0.SER\n  ns2.west.net\n"
    assert read_fields("army.my", reply).nameservers == ("ns1.west.net", "ns2.west.net")
    alone = "Name Server: NS1.ARMY.COM\nName Server: A1.NET\n"
    assert read_fields("army.tld", alone).nameservers == ("a1.net", "ns1.army.com")


def test_a_telephone_number_may_have_an_extension():
    for number in ("+1.5551234567x123", "+1.5551234567 ext. 12"):
        assert read_fields("army.tld", f"Registrar Abuse Contact Phone: {number}\n").abuse_phone == number


def test_the_record_of_the_name_that_was_asked_about():
    reply = "Server Name: ARMY.COM.EVIL.NET\nRegistrar: Evil Inc\n\nDomain Name: ARMY.COM\nRegistrar: R Ltd\n"
    assert read_fields("army.com", reply).registrar == "R Ltd"


@pytest.mark.parametrize("suffix", ["hk", "com", "ua", "it", "pl", "cl"])
def test_no_rule_is_quadratic(suffix):
    reply = "Registrant Contact Information:\nAddress: x\n" * 400 + "Country" * 2000
    started = time.process_time()
    parse(f"army.{suffix}", reply)
    assert time.process_time() - started < 2.0


def test_bounded():
    cut = bounded("a" * 1000 + "\r\nb\x00\x1bc\n" + "d\n" * 100_000)
    assert cut.startswith("a" * 512 + "\nb  c\nd\n")
    assert len(cut) <= 32 * 1024


def test_python_whois_rules_fill_what_ours_leave_open():
    """`.br` says `owner` and `changed` in ways that python-whois has rules for."""
    fields = parse(
        "army.com.br", "domain: army.com.br\nowner: X\ncreated: 20200201 #1\nnserver: ns1.army.net\nstatus: published\n"
    )
    assert fields.created_at == DAY
    assert fields.nameservers == ("ns1.army.net",)


@pytest.mark.parametrize("text", ["", "\x00", "Creation Date: " * 100, "Expiry Date: 99999999999999-99", "a@" * 20_000])
@pytest.mark.parametrize("domain", ["a.com", "a.jp", "a.uk", "a.eu", "a.tld"])
def test_strange_texts_raise_nothing(domain, text):
    assert parse(domain, text).created_at is None


async def test_process_parses_and_is_kept():
    process = WhoisProcess()
    try:
        first = await process.parse("army.ml", record("army.ml", Registered()))
        running = process._process
        second = await process.parse("army.ml", record("army.ml", Registered(registrar="Other")))
    finally:
        await process.close()
    assert (first.registrar, second.registrar) == ("Nominal Registrar Ltd", "Other")
    assert first.created_at == Registered().created
    assert running is not None
    assert running.returncode is not None, "closed with its owner"


async def test_process_gets_no_secrets(monkeypatch):
    monkeypatch.setenv("WATCHER_ALERTS__SLACK__TOKEN", "secret")
    script = "import os, json; input(); print(json.dumps({'registrar': ' '.join(k for k in os.environ if 'WATCHER' in k) or 'none'}))"
    process = WhoisProcess(command=(sys.executable, "-c", script))
    try:
        assert (await process.parse("a.ml", "x")).registrar == "none"
    finally:
        await process.close()


@pytest.mark.parametrize(
    "script",
    [
        "import time; time.sleep(60)",
        "raise SystemExit(1)",
        "print('no json')",
        "print('{}' * 300000)",
        "input(); print('{\"a\": 1}')",
    ],
)
async def test_a_parser_that_fails_is_killed_and_replaced(script):
    process = WhoisProcess(timeout=1.0, command=(sys.executable, "-c", script))
    try:
        async with asyncio.timeout(5):
            for _ in range(2):
                with pytest.raises(LookupFailed):
                    await process.parse("a.ml", "Registrar: R")
                assert process._process is None
    finally:
        await process.close()


async def test_cancelled_reply_is_not_taken_for_the_next():
    process = WhoisProcess()
    try:
        first = asyncio.create_task(process.parse("army.ml", record("army.ml", Registered(registrar="First"))))
        async with asyncio.timeout(5):
            while process._process is None:
                await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = await process.parse("army.ml", record("army.ml", Registered(registrar="Second")))
    finally:
        await process.close()
    assert second.registrar == "Second"
