"""Findings in JSON: they name the answers that show them, in a check, in the store's form and in an event."""

import json
from datetime import UTC, datetime

from tests.fakes.alert_samples import became_able
from watcher import checks
from watcher.checks import VOCABULARY
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.findings import Observation
from watcher.core.mail.operators import MailOperators
from watcher.core.mail.reading import Surroundings
from watcher.core.mail.verdict import JudgeContext, judge
from watcher.core.names.names import parse
from watcher.core.shapes.mail import mail_json, mail_side_json, verdict_from_json
from watcher.core.telling.story import story_of
from watcher.data import load_suffixes

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_ANSWERS = (
    Answer(Question("army.ml", RRType.MX), Outcome.ANSWER, "9.9.9.10:53", _AT, ("10 gone.army.ml", "20 mx.army.ml")),
    Answer(Question("gone.army.ml", RRType.A), Outcome.NXDOMAIN, "9.9.9.10:53", _AT, soa="army.ml"),
    Answer(Question("gone.army.ml", RRType.AAAA), Outcome.NXDOMAIN, "9.9.9.10:53", _AT, soa="army.ml"),
    Answer(Question("mx.army.ml", RRType.A), Outcome.ANSWER, "9.9.9.10:53", _AT, ("93.184.215.14", "10.0.0.1")),
    Answer(Question("mx.army.ml", RRType.AAAA), Outcome.NODATA, "9.9.9.10:53", _AT, soa="army.ml"),
)
_SEEN = Observation(parse("army.ml"), parse("army.ml"), "ml", _ANSWERS, _AT)
_VERDICT = judge(_SEEN, checks.ALL, JudgeContext(Surroundings(load_suffixes(), MailOperators(), "random")))


def test_a_verdict_with_its_findings_survives_json():
    assert [finding.tag for finding in _VERDICT.findings] == ["explicit_mx", "partly_dead"]
    assert verdict_from_json(json.loads(json.dumps(mail_json(_VERDICT, _AT)))) == _VERDICT


def test_a_finding_names_its_answers_by_their_places():
    findings = {row["tag"]: row["evidence"] for row in mail_json(_VERDICT, _AT)["findings"]}
    assert findings == {"explicit_mx": [0, 3, 4], "partly_dead": [1, 2, 3, 4]}


def test_a_verdict_kept_before_findings_were_is_read():
    old = mail_json(_VERDICT, _AT)
    del old["findings"]
    assert verdict_from_json(old).findings == ()


def test_an_alert_says_which_record_made_a_flag_so():
    side = mail_side_json(_VERDICT)
    facts = {fact.label: fact.text for fact in story_of(became_able(1, "army.ml", after=side), VOCABULARY).facts}
    assert facts["Shown by"] == "partly dead: A gone[.]army[.]ml NXDOMAIN"
