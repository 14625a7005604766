"""The RDAP reader on well-formed, strange and broken domain objects."""

from datetime import UTC, datetime

import pytest

from tests.fakes.rdap_server import domain_object
from tests.fakes.registered import Registered
from watcher.core.errors import LookupFailed
from watcher.core.registration.facts import RegistrationStatus
from watcher.lookups.registry.rdap_reader import error_code, read_domain

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAME = "army.ml"


def read(**changes):
    return read_domain({**domain_object(NAME, Registered()), **changes}, NAME, NOW)


def entity(role, *properties, **more):
    card = ["vcard", [["version", {}, "text", "4.0"], *properties]]
    return {"objectClassName": "entity", "roles": [role], "vcardArray": card, **more}


def test_final_dots_case_and_duplicates_of_nameservers():
    rows = [{"ldhName": "NS2.Hosting.NET."}, {"ldhName": "ns1.hosting.net"}, {"ldhName": "ns2.hosting.net"}]
    assert read(nameservers=rows).nameservers == ("ns1.hosting.net", "ns2.hosting.net")


def test_nameserver_by_its_unicode_name_only():
    assert read(nameservers=[{"unicodeName": "ns.ärmy.net"}]).nameservers == ("ns.xn--rmy-pla.net",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2001-12-10T23:00:00Z", datetime(2001, 12, 10, 23, tzinfo=UTC)),
        ("2001-12-10T23:00:00", datetime(2001, 12, 10, 23, tzinfo=UTC)),
        ("2001-12-11T00:00:00+01:00", datetime(2001, 12, 10, 23, tzinfo=UTC)),
        ("2001-12-10", datetime(2001, 12, 10, tzinfo=UTC)),
        ("2001-12-10T23:00:00.881923Z", datetime(2001, 12, 10, 23, 0, 0, tzinfo=UTC)),
        ("9999-12-31T23:59:59-12:00", None),
        ("soon", None),
        (20011210, None),
        ("", None),
    ],
)
def test_event_times_are_aware_utc(text, expected):
    assert read(events=[{"eventAction": "registration", "eventDate": text}]).created_at == expected


def test_statuses_in_one_spelling():
    rows = ["clientHold", "server transfer prohibited", "OK", "Redemption Period", "our own word", 5, None]
    assert read(status=rows).statuses == ("active", "client hold", "redemption period", "server transfer prohibited")


def test_single_values_where_lists_belong():
    facts = read(status="client hold", nameservers={"ldhName": "ns1.hosting.net"}, events=None, entities=None)
    assert (facts.statuses, facts.nameservers, facts.registrar) == (("client hold",), ("ns1.hosting.net",), None)


@pytest.mark.parametrize(
    "card",
    [
        None, [], {}, "vcard", ["vcard"], ["vcard", None], ["vcard", {}], ["vcard", [[]]], ["vcard", [["fn"]]],
        ["vcard", [["fn", {}, "text"]]], ["vcard", [[1, {}, "text", "x"]]], ["vcard", [["fn", None, None, None]]],
        ["vcard", [["adr", [], "text", "one line"]]], ["vcard", [["adr", {"cc": 5}, "text", [[]]]]], [["fn"], 5],
        ["vcard", [["org", {}, "text", [[[]]]]]],
    ],
)  # fmt: skip
def test_broken_cards_give_nothing(card):
    rows = [{"roles": [role], "vcardArray": card} for role in ("registrar", "registrant", "abuse")]
    facts = read(entities=rows)
    assert facts.status is RegistrationStatus.REGISTERED
    assert (facts.registrar, facts.registrant_organisation, facts.registrant_country) == (None, None, None)


def test_a_registrants_own_name_is_not_kept():
    person = entity("registrant", ["fn", {}, "text", "Jane Roe"], ["kind", {}, "text", "individual"])
    assert read(entities=[person]).registrant_organisation is None
    unsaid = entity("registrant", ["fn", {}, "text", "Jane Roe"])
    assert read(entities=[unsaid]).registrant_organisation is None


def test_an_organisations_name_is_kept():
    company = entity("registrant", ["fn", {}, "text", "Army Surplus Ltd"], ["kind", {}, "text", "org"])
    assert read(entities=[company]).registrant_organisation == "Army Surplus Ltd"


@pytest.mark.parametrize(
    ("organisation", "kept"),
    [
        ("Jane Roe", None),
        ("ROE, Jane", None),
        ("Roe Consulting Ltd.", "Roe Consulting Ltd."),
        ("Ministry of Defence", "Ministry of Defence"),
    ],
)
def test_a_person_in_the_organisations_place_is_not_kept(organisation, kept):
    name = "Jane Roe" if kept is None else organisation
    card = entity("registrant", ["fn", {}, "text", name], ["org", {}, "text", organisation])
    assert read(entities=[card]).registrant_organisation == kept


@pytest.mark.parametrize("withheld", ["REDACTED FOR PRIVACY", "Not Disclosed", "n/a", "-", "", "Data Protected"])
def test_withheld_values_are_none(withheld):
    assert read(entities=[entity("registrant", ["org", {}, "text", withheld])]).registrant_organisation is None


def test_redaction_of_rfc_9537():
    registrant = entity("registrant", ["org", {}, "text", "Placeholder"], ["adr", {"cc": "NL"}, "text", [""] * 7])
    redacted = [{"name": {"type": "Registrant Organization"}, "method": "replacementValue"}, {"name": 5}, "x", {}]
    facts = read(entities=[registrant], redacted=redacted)
    assert (facts.registrant_organisation, facts.registrant_country) == (None, "NL")


def test_abuse_contact_beside_the_registrar():
    rows = [
        entity("registrar", ["fn", {}, "text", "R"]),
        entity("abuse", ["email", {}, "text", "Abuse@R.NET"], ["tel", {}, "uri", "tel:+1.5550100"]),
    ]
    facts = read(entities=rows)
    assert (facts.abuse_email, facts.abuse_phone) == ("Abuse@r.net", "+1.5550100")


def test_control_and_direction_characters_are_taken_out():
    rows = [entity("registrar", ["fn", {}, "text", "Evil\x1b[31m\u202eRegistrar\n\n<script>" + "x" * 1000])]
    registrar = read(entities=rows).registrar
    assert registrar is not None
    assert registrar.startswith("Evil[31mRegistrar <script>")
    assert len(registrar) <= 200


def test_links_never_replace_the_registrys_facts():
    elsewhere = {"rel": "related", "href": "https://rdap.evil.net/domain/army.ml", "type": "application/rdap+json"}
    assert read(links=[elsewhere]) == read(links=[])


def test_reserved_by_the_registry():
    facts = read_domain({"objectClassName": "domain", "ldhName": NAME, "status": ["reserved"]}, NAME, NOW)
    assert facts.status is RegistrationStatus.RESERVED


@pytest.mark.parametrize(
    "document",
    [None, [], 5, "x", {}, {"objectClassName": "entity", "ldhName": NAME}, {"objectClassName": "domain", "ldhName": "navy.ml"},
     {"rdapConformance": [], "domainSearchResults": []}],
)  # fmt: skip
def test_what_is_not_about_the_domain_is_refused(document):
    with pytest.raises(LookupFailed):
        read_domain(document, NAME, NOW)


@pytest.mark.parametrize(
    ("document", "code"),
    [({"errorCode": 404}, 404), ({"errorCode": "429"}, 429), ({"errorCode": True}, None), ({}, None), ([], None)],
)
def test_error_code(document, code):
    assert error_code(document) == code
