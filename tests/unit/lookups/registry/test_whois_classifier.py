"""What kind of reply a WHOIS server gave: written for this project after how registries phrase things."""

import time

import pytest

from watcher.lookups.registry.whois_classifier import ReplyKind, classify

TERMS = """
% Whether a specific domain name is still available or not may be found here. You agree not to make excessive
% queries; clients that exceed the limit are blocked. All rights reserved. Records not found are not our fault.
"""

REPLIES = {
    ReplyKind.NOT_FOUND: [
        'No match for "ARMY.ML".',
        "NOT FOUND",
        "No entries found for the selected source(s).",
        "%ERROR:101: no entries found",
        "Domain: army.de\nStatus: free",
        "domain:  army.lt\nStatus:  available",
        "army.nl is free",
        "query_status: 220 Available",
        "Domain Status: No Object Found",
        "The domain has not been registered.",
        "No Data Found" + TERMS,
        '>>> Domain "army.tattoo" is available for registration',
        "query : army.kr\n\n상기 도메인이름은 등록되어 있지 않습니다.\n",
    ],
    ReplyKind.THROTTLED: [
        "WHOIS LIMIT EXCEEDED - SEE WWW.EXAMPLE.ORG/WHOIS FOR DETAILS",
        "% Error: 55000000002 Connection refused; access control limit reached.",
        "%% Too many requests...\n%%\n\n%% No entries found in the Database.",
        "Your IP has been blocked. No match.",
        "query_status: 440 Request Denied",
        "You have exceeded your quota of queries.",
        "whois.nic.tld: only 1 request per second allowed, try again later",
        "-1: Still in grace period, wait 7777777 seconds",
        "Maximum number of queries reached, please slow down",
        "Requests of this client are denied: excessive querying",
        "Queries from this address are not permitted.",
    ],
    ReplyKind.UNAVAILABLE: [
        "",
        " \r\n\r\n",
        "\x00\x01\x02",
        "Service temporarily unavailable.",
        "* Sorry, the Whois database is currently down.\n* Please wait a while and try again.",
        "Server too busy, try again later",
        "Internal server error",
    ],
    ReplyKind.RESERVED: [
        "Reserved by Registry",
        "Domain: army.it\nStatus: RESERVED",
        "Domain: a.it\nStatus: UNASSIGNABLE",
        "The domain you requested is prohibited.",
        "Name is restricted from registration",
        "Domain not available",
    ],
    ReplyKind.INVALID: ["Invalid input", "Domain: a.b.foo.de\nStatus: invalid"],
    ReplyKind.REGISTERED: [
        "Domain Name: ARMY.ML\nRegistrar: R\nCreation Date: 2020-01-01\n" + TERMS,
        "domain: army.ru\nnserver: ns1.army.ru.\nstate: REGISTERED, DELEGATED\ncreated: 2020-01-01",
        "[Domain Name]  ARMY.JP\n[Registrant]  Army\n[Name Server]  ns1.army.jp",
        "Domain name:\n    army.uk\n\nRegistrar:\n    R Ltd [Tag = R]\n\nName servers:\n    ns1.army.uk\n",
        "Domain Name: ARMY.GOV\nStatus: ACTIVE",
        "Domain: army.de\nNserver: ns1.army.de\nStatus: connect",
        (
            "Domain Name: X.ML\nRegistrar: No Match Domains Inc\nRegistrant Organization: Not Found LLC\n"
            "Name Server: ns1.limit-exceeded.net\nCreation Date: 2020-01-01\n"
        ),
    ],
    ReplyKind.UNRECOGNISED: ["hello", "a" * 70_000, TERMS],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in REPLIES.items() for text in texts])
def test_kind(kind, text):
    assert classify(text) is kind


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_line_ends(line_end):
    assert classify(f"Domain: army.de{line_end}Status: free{line_end}") is ReplyKind.NOT_FOUND


@pytest.mark.parametrize(
    "text",
    ["a." * 200_000, "status: " * 100_000, " " * 400_000, ":" * 400_000, "no match " * 100_000, "[" * 400_000,
     ("limit " * 80 + "\n") * 2000, ("exceeded" + " " * 500 + "\n") * 800, "\n" * 400_000],
)  # fmt: skip
def test_time_is_bounded_whatever_the_text(text):
    started = time.process_time()
    classify(text)
    assert time.process_time() - started < 1.0
