"""MX records that people really publish are read without loss, and the usual providers are recognised."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from watcher import checks
from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.inquiry import InquiryContext, inquire
from watcher.core.mail.reading import Surroundings
from watcher.core.mail.verdict import Basis, Flag, JudgeContext, Verdict, judge
from watcher.core.names.names import parse
from watcher.data import load_suffixes
from watcher.data.mail_operators import load_operators

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def _verdict(name: str, records: tuple[str, ...], surroundings: Surroundings) -> Verdict:
    """The verdict where every exchange has one global address and nothing else exists."""
    inquiry = inquire(parse(name), InquiryContext(surroundings, _AT))
    try:
        questions = next(inquiry)
        while True:
            questions = inquiry.send([_answer(name, question, records) for question in questions])
    except StopIteration as finished:
        return judge(finished.value, checks.ALL, JudgeContext(surroundings))


def _answer(name: str, question: Question, records: tuple[str, ...]) -> Answer:
    if question.type is RRType.MX and question.name == name:
        return Answer(question, Outcome.ANSWER, "corpus", _AT, records, ttl=60)
    if question.type is RRType.A and not question.name.startswith("random."):
        return Answer(question, Outcome.ANSWER, "corpus", _AT, ("93.184.215.14",), ttl=60)
    if question.type is RRType.AAAA:
        return Answer(question, Outcome.NODATA, "corpus", _AT, soa="dev", ttl=60)
    return Answer(question, Outcome.NXDOMAIN, "corpus", _AT, soa=question.name.rpartition(".")[2], ttl=60)


@pytest.mark.corpus
def test_published_sets_are_read_without_loss(corpus: Path):
    surroundings = Surroundings(load_suffixes(), load_operators(), "random")
    shared = 0
    lines = (corpus / "dns" / "is-a-dev-mx.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        published = json.loads(line)["records"].get("MX", [])
        pairs = [(one["priority"], one["target"]) if isinstance(one, dict) else (10, one) for one in published]
        records = tuple(f"{preference} {host.removesuffix('.').lower()}" for preference, host in pairs)
        if not records:
            continue
        verdict = _verdict("published.dev", records, surroundings)
        assert verdict.basis is Basis.EXPLICIT_MX
        assert {f"{one.preference} {one.host}" for one in verdict.exchanges} <= set(records)
        assert {one.host for one in verdict.exchanges} == {record.split()[1] for record in records}
        shared += Flag.SHARED_PROVIDER in verdict.flags
    assert shared > len(lines) * 0.75
