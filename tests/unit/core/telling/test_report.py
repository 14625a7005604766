"""Takedown and block requests: what they say, and that nothing from outside can speak in them."""

import json
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from watcher.checks import VOCABULARY
from watcher.core.events import Event, EventKind, Resemblance
from watcher.core.known import Known
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Ability, Basis, Exchange, Flag, Verdict
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.report import KeptReply, Purpose
from watcher.core.shapes.report import report_json
from watcher.core.telling.report import MOST_EVIDENCE, MOST_TIMELINE, report_of

AT = datetime(2026, 11, 1, 12, tzinfo=UTC)
ANSWER = Answer(Question("army.ml", RRType.MX), Outcome.ANSWER, "9.9.9.10:53", AT, ("10 mx.army.ml",))
VERDICT = Verdict(Ability.ABLE, Basis.EXPLICIT_MX, (), (Exchange(10, "mx.army.ml", ("93.184.215.14",)),), (ANSWER,))
FACTS = RegistrationFacts(
    RegistrationStatus.REGISTERED,
    RegistrationSource.RDAP,
    AT,
    registrar="Quick Names",
    registrar_iana_id="9999",
    created_at=datetime(2026, 10, 30, 9, tzinfo=UTC),
    expires_at=datetime(2027, 10, 30, 9, tzinfo=UTC),
    statuses=("active",),
    nameservers=("ns1.hosting.net",),
    registrant_organisation="Someone Else Inc",
    registrant_country="NL",
    abuse_email="abuse@registrar.net",
    abuse_phone="+31.205550100",
)
SLIP = Resemblance("army.mil", ("suffix_edit",), 0.03, "the i of mil left out", 1)
GAIN = Event(
    id="2", kind=EventKind.MAIL_BECAME_ABLE, severity=Severity.CRITICAL, severity_reasons=(), name="army.ml",
    registrable_domain="army.ml", protected=("army.mil",), at=datetime(2026, 10, 31, 10, tzinfo=UTC),
    detected_after_seconds=60, after={"exchanges": [{"host": "mx.army.ml"}]},
)  # fmt: skip
FOUND = replace(
    GAIN, id="1", kind=EventKind.LOOKALIKE_FOUND, severity=Severity.INFO, at=datetime(2026, 10, 30, 10, tzinfo=UTC),
    after={},
)  # fmt: skip
KNOWN = Known(
    name="army.ml", unicode="army.ml", registrable_domain="army.ml", public_suffix="ml", severity=Severity.CRITICAL,
    severity_reasons=("it has exchanges that take mail",), verdict=VERDICT, settled_at=AT, attempted_at=AT,
    last_outcome="settled", registration=FACTS, resembles=(SLIP,), triage="new",
    first_seen_at=datetime(2026, 10, 30, 10, tzinfo=UTC), history=(GAIN, FOUND),
)  # fmt: skip
REPLY = KeptReply("rdap", AT, "ab" * 32, 900)


def report_text(purpose, **changes):
    return report_of(replace(KNOWN, **changes), VOCABULARY).texts[purpose]


def test_a_takedown_request_says_whom_what_why_and_since_when():
    text = report_text(Purpose.TAKEDOWN)
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
    text = report_text(Purpose.BLOCK)
    assert "  recipients and senders   army.ml\n  and everything under     .army.ml\n" in text
    assert "mx.army.ml (only if nobody else uses it)" in text


def test_the_data_hold_what_the_texts_say():
    made = report_json(report_of(KNOWN, VOCABULARY, (REPLY,)))
    json.dumps(made)
    assert made["summary"].startswith("Mail for army.ml is delivered to mx.army.ml")
    assert made["abuse_contact"]["email"] == "abuse@registrar.net"
    assert [row["what"] for row in made["timeline"]][1] == "seen to exist for the first time"
    assert set(made["texts"]) == {"takedown", "block"}
    assert "SHA-256 " + "ab" * 32 in made["texts"]["takedown"]
    assert made["registry_replies"] == [
        {"source": "rdap", "fetched_at": "2026-11-01T12:00:00Z", "sha256": "ab" * 32, "bytes": 900}
    ]
    assert made == report_json(report_of(KNOWN, VOCABULARY, (REPLY,))), "the same from the same"


def test_what_is_not_known_is_not_invented():
    text = report_text(Purpose.TAKEDOWN, registration=None, history=(), resembles=())
    assert text.startswith("To: the registrar's abuse desk\n")
    assert "Its registry was not asked yet." in text
    assert "None" not in text
    assert "null" not in text


def test_a_name_that_is_only_registered_is_not_said_to_receive_mail():
    unable = Verdict(Ability.UNABLE, Basis.NO_SUCH_NAME, (Flag.ARMED,))
    text = report_text(Purpose.TAKEDOWN, verdict=unable)
    assert "receives mail today" not in text
    assert "can be made to receive mail" in " ".join(text.split())


HOSTILE = st.text(max_size=400) | st.sampled_from(
    ["\x1b[2J", "a\nSubject: pay here", "x\r\n\r\n<script>alert(1)</script>", "\u202egnp.exe", "\u2028To: me", "=1+1"]
)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_nothing_from_outside_writes_a_line_of_its_own(registrar, host, explanation):
    plain = report_text(Purpose.TAKEDOWN)
    facts = replace(
        FACTS, registrar=registrar, reason=explanation, registrant_organisation=registrar, registrant_country=host
    )
    verdict = replace(
        VERDICT,
        exchanges=(Exchange(10, host, (registrar,)),),
        evidence=(replace(ANSWER, records=(host, registrar)),),
    )
    slip = replace(SLIP, explanation=explanation)
    for purpose in Purpose:
        text = report_text(purpose, registration=facts, verdict=verdict, resembles=(slip,), unicode=host)
        assert not {unicodedata.category(character) for character in text.replace("\n", "")} & {"Cc", "Cf", "Zl", "Zp"}
        heads = [line for line in text.splitlines() if line and not line.startswith(" ")]
        if purpose is Purpose.TAKEDOWN:
            assert len(heads) == len([line for line in plain.splitlines() if line and not line.startswith(" ")])
            assert sum(line.startswith("Subject:") for line in heads) == 1


def test_a_flood_is_bounded():
    flood = replace(VERDICT, evidence=(replace(ANSWER, records=("x" * 5000,) * 500),) * 500)
    history = tuple(replace(GAIN, id=str(number)) for number in range(1000))
    text = report_text(Purpose.TAKEDOWN, verdict=flood, history=history)
    assert text.count("became able") == MOST_TIMELINE
    assert text.count("army.ml MX: ANSWER") == MOST_EVIDENCE
    assert len(text) < 100_000


def test_a_parent_s_registration_is_named_as_the_parent_s():
    known = replace(
        KNOWN, name="army.uk.com", registrable_domain="army.uk.com", registration=replace(FACTS, domain="uk.com")
    )
    text = report_of(known, VOCABULARY).texts[Purpose.TAKEDOWN]
    assert "Registration of uk.com, the parent of the name" in text
    assert "abuse@registrar.net, for uk.com, under which the name stands" in text
    assert "as the registry of its parent uk.com says of that" in text
    its_own = replace(known, registration=replace(FACTS, domain="army.uk.com"))
    assert "parent" not in report_of(its_own, VOCABULARY).texts[Purpose.TAKEDOWN]
