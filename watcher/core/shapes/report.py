"""The JSON of a report."""

from watcher.core.report import KeptReply, Milestone, Report
from watcher.core.shapes.known import known_json
from watcher.core.shapes.times import JSON, time_json


def report_json(report: Report) -> JSON:
    """Return the texts, and what they say as data."""
    known, facts = report.known, report.known.registration
    shape = known_json(known)
    return {
        **{key: shape[key] for key in ("name", "unicode", "registrable_domain")},
        "protected": list(known.protected),
        "resembles": shape["resembles"],
        "as_of": shape["attempted_at"],
        "summary": report.summary,
        **{key: shape[key] for key in ("severity", "severity_reasons", "mail", "registration")},
        "abuse_contact": {
            "registrar": None if facts is None else facts.registrar,
            "registrar_iana_id": None if facts is None else facts.registrar_iana_id,
            "email": None if facts is None else facts.abuse_email,
            "phone": None if facts is None else facts.abuse_phone,
        },
        "timeline": [_milestone_json(milestone) for milestone in report.timeline],
        "registry_replies": [_reply_json(reply) for reply in report.replies],
        "texts": {purpose.value: text for purpose, text in report.texts.items()},
    }


def _milestone_json(milestone: Milestone) -> JSON:
    row: JSON = {"at": time_json(milestone.at), "what": milestone.what, "source": milestone.source}
    return row | ({"event": milestone.event} if milestone.event else {})


def _reply_json(reply: KeptReply) -> JSON:
    return {
        "source": reply.source,
        "fetched_at": time_json(reply.fetched_at),
        "sha256": reply.sha256,
        "bytes": reply.size,
    }
