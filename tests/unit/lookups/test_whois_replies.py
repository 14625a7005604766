"""Replies in the words of many registries, each about a name that is itself full of the words looked for."""

from datetime import timedelta

import pytest

from watcher.lookups.registry.whois_classifier import ReplyKind, classify, is_bare, requested_wait
from watcher.lookups.registry.whois_mask import masked

REPLIES: dict[ReplyKind, list[tuple[str, str]]] = {
    ReplyKind.NOT_FOUND: [
        ('No match for "my-throttled.example".', "my-throttled.example"),
        ("blocked.example: no entries found.", "blocked.example"),
        ("timeout.example - No Match", "timeout.example"),
        ("reserved-name.example is available", "reserved-name.example"),
        ("El dominio no se encuentra registrado", "x.pa"),
        ("abcNOT FOUND", "abc.gt"),
        ("abc.gtNOT FOUND", "abc.gt"),
        ("510 Domain is not managed by this register", "abc.gm"),
        (
            "% Copyright (c) Nic.br\n%  The use of the data below is only permitted as described in\n%  full by the Use and Privacy Policy at https://registro.br/upp ,\n%  being prohibited its distribution, commercialization or\n%  reproduction, in particular, to use it for advertising or\n%  any similar purpose.\n%  2026-01-01T10:00:00-03:00 - IP: 192.0.2.1\n\n% No match for blocked-ip.com.br\n\n% Security and mail abuse issues should also be addressed to\n% cert.br, http://www.cert.br/ , respectivelly to cert@cert.br\n% and mail-abuse@cert.br\n%\n% whois.registro.br only accepts exact match queries for domains,\n% registrants, contacts, tickets, providers, IPs, and ASNs.\n",
            "blocked-ip.com.br",
        ),
        ("The queried object does not exist: Domain name not found", "x.fm"),
        ("Object does not exist", "x.zz"),
        ("No Object Found", "x.zz"),
        ("no matching record", "x.cn"),
        ("No matching record.", "x.cn"),
        ("Domain name is not registered", "x.rs"),
        ("%ERROR:103: Domain is not registered", "x.rs"),
        ("This query returned 0 objects.", "x.aaa"),
        ("Not Registered - The domain you have requested is not a registered .ir", "x.ir"),
        ("%ERROR:101: no entries found\n%\n% No entries found.", "x.cz"),
        ('%% No entries found for query "x.pl".\n', "x.pl"),
        ("% nothing found", "x.lv"),
        ("Domain: x.lv\nStatus: free", "x.lv"),
        ("Domain unknown", "x.pf"),
        ("x.mx\nNo_Se_Encontro_El_Objeto/Object_Not_Found", "x.mx"),
        ("Domain x.hr: no entries found", "x.hr"),
        (
            "Domain not found.\n\n>>> Last update of WHOIS database: 2026-01-01T00:00:00Z <<<\n\nTerms of Use: you agree that queries beyond the limit are blocked.\n",
            "x.top",
        ),
        ("No such domain x.sm", "x.sm"),
        ("% No such domain", "x.lu"),
        ("Domain x.bg does not exist in database!", "x.bg"),
        ("Domain Not Found", "x.dj"),
        ("Dominio no registrado", "x.cr"),
        ("%ERROR:101: no entries found", "x.cr"),
        ("We do not have an entry in our database matching your query.", "x.ch"),
        ("The requested domain was not found in the Registry or Registrar’s WHOIS Server.", "x.dev"),
        ("Domain name: x.sg\nStatus: NOT FOUND", "x.sg"),
        ("No information available about domain name x.pl in the Registry NASK database.", "x.pl"),
        ("The domain x.ua was not found", "x.ua"),
        ("% No entries found for domain x.ua", "x.ua"),
        ("The domain name x.cl does not exist", "x.cl"),
        ("x.cl: no existe", "x.cl"),
        ("Nincs találat / No match\n", "x.hu"),
        ("Invalid query or domain name not known in Dot TK Domain Registry", "x.tk"),
        ("Domain x.ke is available for registration", "x.ke"),
        ("x.uz: not found in database", "x.uz"),
        ('Sorry, but domain: "x.uz", not found in database', "x.uz"),
        ("Domain is available", "x.kg"),
        ("Data not found. This domain is available for registration.", "x.kg"),
        ("No Found", "x.tw"),
        ("No Found.", "x.tw"),
        ("Whois Error: No Match for x.tz", "x.tz"),
        ("Not find MatchingRecord", "x.hk"),
        ("The domain has not been registered.", "x.hk"),
        ("Domain name has not been registered.", "x.mo"),
        ("x.my [Query] - NOT FOUND", "x.my"),
        ("Domain Name [x.my] does not exist in database", "x.my"),
        ("Requested Domain cannot be found", "x.bn"),
        ("-----\nRequested Domain cannot be found", "x.bn"),
        ("Domain name x.lt: Status: available", "x.lt"),
        ("available", "x.be"),
        ("Status: AVAILABLE", "x.eu"),
        ('% DOTGOV WHOIS Server ready\nNo match for domain "X.GOV".', "x.gov"),
        ("NO OBJECT FOUND!", "x.tn"),
        ("No Entries Found", "x.ro"),
        ("Sorry, Domain does not exist", "x.cc"),
        ('No records matching "x.cc" found.', "x.cc"),
        ("Your selected domain name cannot be found in the database", "x.zz"),
        ("domain name not registered", "x.zz"),
        ("Query: x.tz\nDomain x.tz is free", "x.tz"),
        ("%ERROR: No entries found", "x.zz"),
        ("Error: no match", "x.zz"),
        ("Domain x.ee not found", "x.ee"),
        ("Estonia .ee Top Level Domain WHOIS server\n\nDomain not found", "x.ee"),
        (
            "[ JPRS database provides information on network administration. Its use is    ]\n[ restricted to network administration purposes. For further information,     ]\n[ use 'whois -h whois.jprs.jp help'.  ]\n\nNo match!!",
            "x.jp",
        ),
        (">>> This name is available", "x.zz"),
        ("x.si\nNo entries found for the selected source(s).", "x.si"),
        ("Domain name x.nz is not registered", "x.nz"),
        ("query_status: 220 Available", "x.nz"),
        ("DOMAIN NOT FOUND", "x.af"),
        ("Não encontrado", "x.ao"),
        ("Domaine non enregistré", "x.dz"),
        ("no matching objects found", "x.az"),
        ("Nenhum registro encontrado", "x.cv"),
        ("Alan adı bulunamadı", "x.tr"),
        ('No match found for "x.com.tr"', "x.com.tr"),
        ("The domain name is not registered yet", "x.zz"),
        ("Domain name is available for registration", "x.zz"),
        ("x.vu is not registered", "x.vu"),
        ("Domain Name: x.zz\nDomain Status: Available\n", "x.zz"),
        ("Status: Not Registered", "x.sb"),
        ("Domain not registered", "x.zz"),
        ("No whois data found", "x.zz"),
        ("NOT FOUND\n>>> Last update of WHOIS database: 2026-01-01T00:00:00Z <<<", "x.org"),
    ],
    ReplyKind.THROTTLED: [
        (
            'Error for "unregistered.example".\n\nthe WHOIS query quota for 2001:0db8:1111:2222:3333:4444:5555:6666 has been exceeded\nand will be replenished in 50 seconds\n',
            "unregistered.example",
        ),
        ("Please go away for 17 Seconds", "x.zz"),
        ("leave at least 20-second time before you start another enquiry", "x.hk"),
        ("-3: IP address blocked", "x.zz"),
        ("Maximum queries per hour reached (100)", "x.zz"),
        ("The query frequency too fast", "x.zz"),
        ("Requests of this client are not permitted", "x.zz"),
        ("% Your access is too fast,please try again later.", "x.hk"),
        ("Your request is too fast", "x.zz"),
        ("You are making too many requests.", "x.zz"),
        ("Quota exceeded", "x.zz"),
        ("WHOIS LIMIT EXCEEDED - SEE WWW.PIR.ORG/WHOIS FOR DETAILS", "x.org"),
        ("Excessive querying, grace period of 30 seconds.", "x.be"),
        ("-1: Still in grace period, wait 1234 seconds", "x.be"),
        ("Number of allowed queries exceeded.", "x.au"),
        (
            "BLACKLISTED: You have exceeded the query limit for your network or IP address and have been blacklisted.",
            "x.au",
        ),
        ("Access denied", "x.ua"),
        ("%ERROR:201: access denied for 192.0.2.1", "x.ua"),
        ("You are not authorized to access or query our Whois", "x.ro"),
        ("Lookup quota exceeded", "x.zz"),
        ("Query limit exceeded, please try later. not found", "x.zz"),
        ("Your IP address has been blacklisted", "x.zz"),
        ("% Sorry, IP address 192.0.2.3 is banned. Domain not found", "x.zz"),
        ("You have been banned for abuse.", "x.zz"),
        ("Too many simultaneous connections from your host.", "x.uk"),
        (
            'Error for "army.co.uk".\n\nthe WHOIS query quota for 192.0.2.1 has been exceeded\nand will be replenished in 1 second',
            "army.co.uk",
        ),
        ("Rate limit exceeded. Try again after: 5s", "x.zz"),
        ("Error: ratelimit exceeded", "x.de"),
        ("Requests from your IP are temporarily refused", "x.zz"),
        ("Zu viele Anfragen", "x.zz"),
        ("Your connection limit exceeded. Please slow down and try again later.", "x.mx"),
        ("%% Maximum query rate reached", "x.nl"),
        ("Request limit exceeded", "x.ie"),
        ("Daily query limit reached", "x.zz"),
        ("fail: ip blocked", "x.zz"),
        ("Ваш IP заблокирован: превышен лимит запросов", "x.ru"),
        ("You exceeded your maximum number of lookups", "x.zz"),
        ("Query rate exceeded", "x.zz"),
        ("HTTP 429 Too Many Requests", "x.zz"),
        ("WHOIS server: permission denied", "x.zz"),
        ("IP denied", "x.zz"),
        ("Quota exhausted for today", "x.zz"),
        ("Your host has been blocked for 3600 seconds", "x.zz"),
    ],
    ReplyKind.UNAVAILABLE: [
        ("Server can't process your request.", "x.zz"),
        ("Error: internal failure", "x.zz"),
        ("ERROR: unregistered client", "x.zz"),
        ("Database connection failed", "x.zz"),
        ("Service Unavailable", "x.zz"),
        ("The service is temporarily unavailable, please try again later", "x.zz"),
        ("timeout", "x.zz"),
        ("Unable to query the registry", "x.zz"),
        ("Cannot connect to database", "x.zz"),
        ("Error: lookup not found handler", "x.zz"),
        ("system maintenance in progress", "x.zz"),
        ("Unexpected error", "x.zz"),
        ("Connection to backend lost", "x.zz"),
        ("HTTP/1.1 503 Service Unavailable", "x.zz"),
        ("Query failed", "x.zz"),
        ("An error occurred while processing the request. Object not found.", "x.zz"),
    ],
    ReplyKind.RESERVED: [
        ("Domain reserved", "x.zz"),
        ("This name is reserved; usage restrictions applied", "x.zz"),
        ("Domain usage restrictions applied", "x.zz"),
        (
            "The registration of this domain is restricted, as it is protected by the Example DPML Brand Protection policy.",
            "x.zz",
        ),
        ("x.zz has been blocked by a DPML block", "x.zz"),
        ("This domain can not be registered", "x.zz"),
        ("Domain Information:\n[Domain Name]  X.JP\n\n[状態]  Reserved\n", "x.jp"),
        ("Domain: x.it\nStatus: UNASSIGNABLE", "x.it"),
        ("Reserved Domain Name", "x.cn"),
        ("the domain you want to register is reserved", "x.cn"),
        ("Domain x.zz is reserved by the registry", "x.zz"),
        ("Premium Domain Name", "x.zz"),
        ("This domain name is not available for registration", "x.zz"),
        ("Name is reserved", "x.zz"),
        ("%ERROR:102: domain reserved", "x.zz"),
        ("Restricted name", "x.zz"),
        ("Status: blocked", "x.zz"),
        ("The domain is prohibited", "x.zz"),
        ("Dominio reservado", "x.zz"),
        ("Domain name is on the reserved list", "x.zz"),
        ("This name subscribes to the Uni EPS+ product", "x.zz"),
        ("Object cannot be registered", "x.zz"),
        ("Domain not available for registration: it is in conflict with a reserved name", "x.zz"),
    ],
    ReplyKind.INVALID: [
        ("Invalid domain name", "x.zz"),
        ("Malformed query", "x.zz"),
        ("Bad request", "x.zz"),
        ("This TLD is not supported", "x.zz"),
        ("Error: Invalid domain", "x.zz"),
        ("The domain name is invalid", "x.zz"),
        ("Unknown TLD", "x.zz"),
        ("% ERROR: 102: Invalid domain name syntax", "x.zz"),
    ],
    ReplyKind.REGISTERED: [
        (
            "domain: blocked.ru\nnserver: ns1.limit-exceeded.net.\nstate: REGISTERED, NOT DELEGATED, VERIFIED\nregistrar: R\ncreated: 2020-01-01",
            "blocked.ru",
        ),
        ("Domain name: x.zz\nStatus: in quarantine\nRegistrar: R\n", "x.zz"),
        ("Domain: x.zz\nStatus: Suspended.\nCreated: 2020-01-01", "x.zz"),
        (
            "Domain x.zz\nRegistered on 26th February 2015 at 22:02:30.894\nName servers\n  ns1.a.net\n  ns2.a.net\n",
            "x.zz",
        ),
        (
            "nom de domaine : x.zz\nBureau d'enregistrement : R\nDate de création : 01/02/2020\nServeurs de noms :\n ns1.a.net\n",
            "x.zz",
        ),
        ("Tonic whoisd V1.1\nx ns1.a.net\nx ns2.a.net\n", "x.to"),
        ("Domain Name: x.zz\nStatus: clientHold - domain is not published in the zone file.\n", "x.zz"),
        ("Domain: x.zz\nStatus: Excluded - Pending Delete - Restorable\n", "x.zz"),
    ],
    ReplyKind.UNRECOGNISED: [
        ("hello", "x.zz"),
        ("Welcome", "x.zz"),
    ],
}
ALL = [(kind, text, domain) for kind, rows in REPLIES.items() for text, domain in rows]
HOSTILE = (
    "my-throttled", "blocked", "timeout", "not-found", "no-match", "reserved-by-registry", "rate-limit-exceeded",
    "unregistered", "internal-error", "invalid-query", "ip-address-blocked", "free", "available", "server-busy",
)  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "domain"), ALL)
def test_kind(kind, text, domain):
    assert classify(text, domain) is kind


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ReplyKind.NOT_FOUND, 'No match for "{}".'),
        (ReplyKind.NOT_FOUND, "{}: no entries found."),
        (ReplyKind.NOT_FOUND, "{} - No Match"),
        (ReplyKind.NOT_FOUND, "Domain {} not found"),
        (ReplyKind.THROTTLED, 'Error for "{}".\n\nthe WHOIS query quota for 2001:db8::1 has been exceeded'),
        (ReplyKind.THROTTLED, "Query for {} refused: too many requests from 192.0.2.1"),
        (ReplyKind.RESERVED, "{} is reserved by the registry"),
        (ReplyKind.UNAVAILABLE, "Error while looking up {}"),
        (ReplyKind.UNRECOGNISED, "Hello {}"),
        (ReplyKind.REGISTERED, "Domain Name: {}\nRegistrar: R\nCreation Date: 2020-01-01\nName Server: ns1.{}"),
    ],
)
def test_words_of_the_name_are_not_the_registry_s(kind, text, label):
    for domain in (f"{label}.example", f"{label}.co.uk"):
        assert classify(text.replace("{}", domain), domain) is kind
        assert classify(text.replace("{}", domain.upper()), domain) is kind


@pytest.mark.parametrize("kind", [ReplyKind.THROTTLED, ReplyKind.UNAVAILABLE])
def test_no_refusal_is_called_unregistered_with_a_not_found_beside_it(kind):
    for text, domain in REPLIES[kind]:
        assert classify(f"{text}\nNo entries found.\n", domain) is not ReplyKind.NOT_FOUND
        assert classify(f"No match for {domain}\n\n{text}\n", domain) is not ReplyKind.NOT_FOUND


def test_an_error_line_is_no_not_found():
    assert classify("Error: handler not found for this class of object", "x.zz") is ReplyKind.UNAVAILABLE
    assert classify("Error: no entries found", "x.zz") is ReplyKind.NOT_FOUND


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please go away for 17 Seconds", 17),
        ("leave at least 20-second time before you start another enquiry", 20),
        ("-1: Still in grace period, wait 7777777 seconds", 86_400),
        ("quota for 192.0.2.1 has been exceeded\nand will be replenished in 50 seconds", 50),
        ("Try again after: 5s", 5),
        ("retry in 2 minutes", 120),
        ("blocked for 1 hour", 3600),
        ("only 1 request per second allowed, try again later", None),
        ("Too many requests", None),
    ],
)
def test_the_wait_that_a_reply_names(text, seconds):
    assert requested_wait(text) == (None if seconds is None else timedelta(seconds=seconds))


def test_a_bare_reply_has_no_field():
    assert is_bare("go!")
    assert is_bare("")
    assert not is_bare("Domain: x.zz")
    assert not is_bare("word " * 100)


def test_masking_leaves_the_phrases():
    text = masked('No match for "ARMY.MIL-X.ZZ". See www.registry.net, 192.0.2.1, 2001:db8::1.', "army.mil-x.zz")
    assert "army" not in text.lower()
    assert "192.0.2" not in text
    assert "2001" not in text
    assert text.startswith("No match for")
    assert "www.registry.net" in text
