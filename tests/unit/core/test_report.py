"""Takedown and block requests: what they say, and that nothing from outside can speak in them."""

import json
import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from watcher.core.report import MOST_EVIDENCE, MOST_TIMELINE, Purpose, report_json, report_text

AT = "2026-11-01T12:00:00Z"


def check_shape(**changes):
    shape = {
        "name": "army.ml",
        "unicode": "army.ml",
        "registrable_domain": "army.ml",
        "public_suffix": "ml",
        "severity": "critical",
        "severity_reasons": ["it has exchanges that take mail"],
        "mail": {
            "ability": "able",
            "basis": "explicit_mx",
            "flags": [],
            "exchanges": [{"preference": 10, "host": "mx.army.ml", "addresses": ["93.184.215.14"]}],
            "evidence": [
                {"question": "army.ml", "type": "MX", "outcome": "ANSWER", "records": ["10 mx.army.ml"],
                 "resolver": "9.9.9.10:53", "at": AT}
            ],
            "settled_at": AT,
        },
        "attempted_at": AT,
        "last_outcome": "settled",
        "registration": {
            "status": "registered", "source": "rdap", "registrar": "Quick Names", "registrar_iana_id": "9999",
            "created_at": "2026-10-30T09:00:00Z", "updated_at": None, "expires_at": "2027-10-30T09:00:00Z",
            "statuses": ["active"], "nameservers": ["ns1.hosting.net"],
            "registrant": {"organisation": "Someone Else Inc", "country": "NL"},
            "abuse_email": "abuse@registrar.net", "abuse_phone": "+31.205550100", "fetched_at": AT, "reason": None,
        },
        "resembles": [
            {"protected": "army.mil", "techniques": ["suffix_edit"], "likelihood": 0.03,
             "explanation": "the i of mil left out", "rank": 1}
        ],
        "first_seen_at": "2026-10-30T10:00:00Z",
        "triage": "new",
        "history": [
            {"id": "2", "kind": "mail_became_able", "severity": "critical", "severity_reasons": [], "name": "army.ml",
             "registrable_domain": "army.ml", "protected": ["army.mil"], "at": "2026-10-31T10:00:00Z", "source": "dns",
             "detected_after_seconds": 60, "from": {}, "to": {"exchanges": [{"host": "mx.army.ml"}]}, "evidence": []},
            {"id": "1", "kind": "lookalike_found", "severity": "info", "severity_reasons": [], "name": "army.ml",
             "registrable_domain": "army.ml", "protected": ["army.mil"], "at": "2026-10-30T10:00:00Z", "source": "dns",
             "detected_after_seconds": 60, "from": {}, "to": {}, "evidence": []},
        ],
    }  # fmt: skip
    return {**shape, **changes}


def test_a_takedown_request_says_whom_what_why_and_since_when():
    text = report_text(check_shape(), Purpose.TAKEDOWN)
    assert text.startswith("To: abuse@registrar.net (Quick Names, IANA 9999)\nSubject: Domain abuse: army.ml")
    for said in (
        "mail meant for army.mil",
        "clientHold",
        "Mail for army.ml is delivered to mx.army.ml (93.184.215.14): MX 10",
        "army.ml MX: ANSWER: 10 mx.army.ml",
        "2026-11-01 12:00:00 UTC, by 9.9.9.10:53",
        "Someone Else Inc",
    ):
        assert said in " ".join(text.split()), said
    lines = [line.strip() for line in text.splitlines()]
    start = lines.index("Timeline (UTC)")
    assert lines[start + 1 : start + 5] == [
        "2026-10-30 09:00  registered, as its registry says",
        "2026-10-30 10:00  seen to exist for the first time",
        "2026-10-31 10:00  became able to receive mail: mx.army.ml",
        "2027-10-30 09:00  expires, as its registry says",
    ]


def test_a_block_request_has_what_to_load():
    text = report_text(check_shape(), Purpose.BLOCK)
    assert "  recipients and senders   army.ml\n  and everything under     .army.ml\n" in text
    assert "mx.army.ml (only if nobody else uses it)" in text


def test_the_data_hold_what_the_texts_say():
    made = report_json(check_shape(), [{"source": "rdap", "fetched_at": AT, "sha256": "ab" * 32, "bytes": 900}])
    json.dumps(made)
    assert made["summary"].startswith("Mail for army.ml is delivered to mx.army.ml")
    assert made["abuse_contact"]["email"] == "abuse@registrar.net"
    assert [row["what"] for row in made["timeline"]][1] == "seen to exist for the first time"
    assert set(made["texts"]) == {"takedown", "block"}
    assert "SHA-256 " + "ab" * 32 in made["texts"]["takedown"]
    assert made == report_json(check_shape(), made["registry_replies"]), "the same from the same"


def test_what_is_not_known_is_not_invented():
    text = report_text(check_shape(registration=None, history=[], resembles=[]), Purpose.TAKEDOWN)
    assert text.startswith("To: the registrar's abuse desk\n")
    assert "Its registry was not asked yet." in text
    assert "None" not in text
    assert "null" not in text


def test_a_name_that_is_only_registered_is_not_said_to_receive_mail():
    unable = {"ability": "unable", "basis": "no_such_name", "flags": ["armed"], "exchanges": [], "evidence": []}
    text = report_text(check_shape(mail={**unable, "settled_at": AT}), Purpose.TAKEDOWN)
    assert "receives mail today" not in text
    assert "can be made to receive mail" in " ".join(text.split())


HOSTILE = st.text(max_size=400) | st.sampled_from(
    ["\x1b[2J", "a\nSubject: pay here", "x\r\n\r\n<script>alert(1)</script>", "\u202egnp.exe", "\u2028To: me", "=1+1"]
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_from_outside_writes_a_line_of_its_own(registrar, host, explanation):
    shape = check_shape()
    plain = report_text(shape, Purpose.TAKEDOWN)
    shape["registration"] = {**shape["registration"], "registrar": registrar, "reason": explanation}
    shape["registration"]["registrant"] = {"organisation": registrar, "country": host}
    shape["mail"]["exchanges"] = [{"preference": 10, "host": host, "addresses": [registrar]}]
    shape["mail"]["evidence"][0]["records"] = [host, registrar]
    shape["resembles"][0]["explanation"] = explanation
    shape["unicode"] = host
    for purpose in Purpose:
        text = report_text(shape, purpose)
        assert not {unicodedata.category(character) for character in text.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"}
        heads = [line for line in text.splitlines() if line and not line.startswith(" ")]
        if purpose is Purpose.TAKEDOWN:
            assert len(heads) == len([line for line in plain.splitlines() if line and not line.startswith(" ")])
            assert sum(line.startswith("Subject:") for line in heads) == 1


def test_a_flood_is_bounded():
    row = check_shape()["mail"]["evidence"][0]
    event = check_shape()["history"][0]
    flood = check_shape(
        mail={**check_shape()["mail"], "evidence": [{**row, "records": ["x" * 5000] * 500}] * 500},
        history=[{**event, "id": str(number)} for number in range(1000)],
    )
    text = report_text(flood, Purpose.TAKEDOWN)
    assert text.count("became able") == MOST_TIMELINE
    assert text.count("army.ml MX: ANSWER") == MOST_EVIDENCE
    assert len(text) < 100_000
