"""The JSON shapes of answers, verdicts, facts and events: one place for the API, the command line, hooks and the store.

Every `*_json` is plain dicts, lists, strings and numbers; every `*_from_json` is its exact inverse.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from watcher.core.dns import Answer, Outcome, Question, RRType
from watcher.core.events import Event, EventKind, Grade, Resemblance
from watcher.core.probing import Probed
from watcher.core.registration import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.core.risk import Severity
from watcher.core.verdict import Ability, Basis, Exchange, Flag, Verdict

JSON = dict[str, Any]


def time_json(at: datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z."""
    return None if at is None else at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def time_from_json(text: str | None) -> datetime | None:
    """The inverse of `time_json`."""
    return None if text is None else datetime.fromisoformat(text)


def answer_json(answer: Answer) -> JSON:
    """One row of evidence; keys with nothing in them beyond the contract's six are left out."""
    row: JSON = {
        "question": answer.question.name,
        "type": answer.question.type.value,
        "outcome": answer.outcome.value,
        "records": list(answer.records),
        "resolver": answer.resolver,
        "at": time_json(answer.at),
    }
    if answer.question.checking_disabled:
        row["checking_disabled"] = True
    if answer.chain:
        row["chain"] = list(answer.chain)
    if answer.soa is not None:
        row["soa"] = answer.soa
    if answer.ttl is not None:
        row["ttl"] = answer.ttl
    if answer.extended_errors:
        row["extended_errors"] = list(answer.extended_errors)
    return row


def answer_from_json(row: Mapping[str, Any]) -> Answer:
    """The inverse of `answer_json`."""
    return Answer(
        Question(row["question"], RRType(row["type"]), row.get("checking_disabled", False)),
        Outcome(row["outcome"]),
        row["resolver"],
        datetime.fromisoformat(row["at"]),
        tuple(row["records"]),
        tuple(row.get("chain", ())),
        row.get("soa"),
        row.get("ttl"),
        tuple(row.get("extended_errors", ())),
    )


def exchange_json(exchange: Exchange) -> JSON:
    """One exchange."""
    return {"preference": exchange.preference, "host": exchange.host, "addresses": list(exchange.addresses)}


def mail_brief_json(verdict: Verdict) -> JSON:
    """`{ability, basis, flags, exchanges}`: the `from` and `to` of mail events."""
    return {
        "ability": verdict.ability.value,
        "basis": verdict.basis.value,
        "flags": [flag.value for flag in verdict.flags],
        "exchanges": [exchange_json(exchange) for exchange in verdict.exchanges],
    }


def mail_json(verdict: Verdict, settled_at: datetime | None) -> JSON:
    """The `mail` member of a check."""
    return {
        **mail_brief_json(verdict),
        "evidence": [answer_json(answer) for answer in verdict.evidence],
        "settled_at": time_json(settled_at),
    }


def probed_json(probed: Probed) -> JSON:
    """The `probe` member of a check: what the mail server said, where it was asked."""
    return {
        "host": probed.host,
        "address": probed.address,
        "outcome": probed.outcome.value,
        "reply": probed.reply,
        "starttls": probed.starttls,
    }


def verdict_from_json(mail: Mapping[str, Any]) -> Verdict:
    """The verdict in a `mail` member, or in the brief form without its evidence."""
    return Verdict(
        Ability(mail["ability"]),
        Basis(mail["basis"]),
        tuple(Flag(flag) for flag in mail["flags"]),
        tuple(Exchange(row["preference"], row["host"], tuple(row["addresses"])) for row in mail["exchanges"]),
        tuple(answer_from_json(row) for row in mail.get("evidence", ())),
    )


def registration_json(facts: RegistrationFacts) -> JSON:
    """The `registration` member of a check."""
    return {
        "status": facts.status.value,
        "source": facts.source.value,
        "registrar": facts.registrar,
        "registrar_iana_id": facts.registrar_iana_id,
        "created_at": time_json(facts.created_at),
        "updated_at": time_json(facts.updated_at),
        "expires_at": time_json(facts.expires_at),
        "statuses": list(facts.statuses),
        "nameservers": list(facts.nameservers),
        "registrant": {"organisation": facts.registrant_organisation, "country": facts.registrant_country},
        "abuse_email": facts.abuse_email,
        "abuse_phone": facts.abuse_phone,
        "fetched_at": time_json(facts.fetched_at),
        "reason": facts.reason,
    }


def registration_from_json(row: Mapping[str, Any]) -> RegistrationFacts:
    """The inverse of `registration_json`."""
    return RegistrationFacts(
        status=RegistrationStatus(row["status"]),
        source=RegistrationSource(row["source"]),
        fetched_at=datetime.fromisoformat(row["fetched_at"]),
        registrar=row["registrar"],
        registrar_iana_id=row["registrar_iana_id"],
        created_at=time_from_json(row["created_at"]),
        updated_at=time_from_json(row["updated_at"]),
        expires_at=time_from_json(row["expires_at"]),
        statuses=tuple(row["statuses"]),
        nameservers=tuple(row["nameservers"]),
        registrant_organisation=row["registrant"]["organisation"],
        registrant_country=row["registrant"]["country"],
        abuse_email=row["abuse_email"],
        abuse_phone=row["abuse_phone"],
        reason=row["reason"],
    )


def resemblance_json(resemblance: Resemblance) -> JSON:
    """One row of `resembles`."""
    return {
        "protected": resemblance.protected,
        "techniques": list(resemblance.techniques),
        "likelihood": resemblance.likelihood,
        "explanation": resemblance.explanation,
        "rank": resemblance.rank,
        "grade": resemblance.grade.value,
        "grade_reason": resemblance.grade_reason,
    }


def resemblance_from_json(row: Mapping[str, Any]) -> Resemblance:
    """The inverse of `resemblance_json`; rows from before there were grades have the default one."""
    return Resemblance(
        row["protected"],
        tuple(row["techniques"]),
        row["likelihood"],
        row["explanation"],
        row.get("rank"),
        Grade(row.get("grade", Grade.WARN)),
        row.get("grade_reason", ""),
    )


def event_json(event: Event) -> JSON:
    """The event shape."""
    return {
        "id": event.id,
        "kind": event.kind.value,
        "severity": event.severity.value,
        "severity_reasons": list(event.severity_reasons),
        "name": event.name,
        "registrable_domain": event.registrable_domain,
        "protected": list(event.protected),
        "at": time_json(event.at),
        "detected_after_seconds": event.detected_after_seconds,
        "source": event.source,
        "from": dict(event.before),
        "to": dict(event.after),
        "evidence": [dict(row) for row in event.evidence],
        "resembles": [resemblance_json(resemblance) for resemblance in event.resembles],
    }


def event_from_json(row: Mapping[str, Any]) -> Event:
    """The inverse of `event_json`."""
    return Event(
        id=row["id"],
        kind=EventKind(row["kind"]),
        severity=Severity(row["severity"]),
        severity_reasons=tuple(row["severity_reasons"]),
        name=row["name"],
        registrable_domain=row["registrable_domain"],
        protected=tuple(row["protected"]),
        at=datetime.fromisoformat(row["at"]),
        source=row["source"],
        detected_after_seconds=row["detected_after_seconds"],
        before=row["from"],
        after=row["to"],
        evidence=tuple(row["evidence"]),
        resembles=tuple(resemblance_from_json(resemblance) for resemblance in row["resembles"]),
    )
