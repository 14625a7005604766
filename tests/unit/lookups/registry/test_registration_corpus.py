"""The registration readers on real replies that nobody here wrote. The tables are printed, the replies never."""

import pytest

from tools import rdap_corpus, whois_corpus
from watcher.core.registration.facts import RegistrationStatus

pytestmark = pytest.mark.corpus


def test_whois_replies(corpus, capsys):
    score = whois_corpus.measure(corpus / "whois")
    with capsys.disabled():
        print()
        whois_corpus.show(score, files=False)
    assert score.labelled > 600
    assert score.share_right >= 0.97
    assert score.refusals_called_unregistered == []
    assert score.share_equal >= 0.9
    for name in whois_corpus.FIELDS:
        assert score.equal[name] >= 0.9 * score.expected[name], name


def test_no_refusal_is_taken_for_unregistered_whatever_its_suffix(corpus):
    for row in whois_corpus._manifest(corpus / "whois"):
        if row["label"] in whois_corpus.REFUSALS or "throttled" in row["file"] or "blocked" in row["file"]:
            for suffix in ("com", "jp", "kr", "ml"):
                text = whois_corpus.decode((corpus / "whois" / row["file"]).read_bytes(), "x." + suffix)
                assert whois_corpus.classify(text) is not whois_corpus.ReplyKind.NOT_FOUND, row["file"]


def test_rdap_documents(corpus):
    readings = {reading.file: reading for reading in rdap_corpus.measure(corpus / "rdap")}
    assert len(readings) > 25
    for name in (
        "icann-rdap_lemonde.fr.json",
        "icann-rdap_home.moscow.json",
        "whoisit_domain1.json",
        "openrdap_example.cz.json",
    ):
        facts = readings[name].facts
        assert facts is not None
        assert facts.status is RegistrationStatus.REGISTERED
        assert facts.created_at is not None
        assert facts.nameservers
    assert readings["icann-rdap_error_ripe_net.json"].refused == "error 501"
