"""The JSON of answers, exchanges and verdicts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.findings import Finding
from watcher.core.mail.mail_to import MailTo
from watcher.core.mail.probing import Probed
from watcher.core.mail.verdict import Ability, Basis, Exchange, Flag, Verdict
from watcher.core.shapes.times import JSON, time_json


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
    """Return the inverse of `answer_json`."""
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
    """Return the `mail` member of a check. A finding's `evidence` are places in the list of answers, counted from 0."""
    places = {answer: place for place, answer in enumerate(verdict.evidence)}
    return {
        **mail_brief_json(verdict),
        "findings": [
            {"tag": finding.tag, "evidence": [places[answer] for answer in finding.evidence if answer in places]}
            for finding in verdict.findings
        ],
        "evidence": [answer_json(answer) for answer in verdict.evidence],
        "settled_at": time_json(settled_at),
    }


MOST_SHOWN = 4


def mail_side_json(verdict: Verdict) -> JSON:
    """Return the `to` of a mail event: the brief form, and for each finding the first of the records that show it."""
    return {
        **mail_brief_json(verdict),
        "findings": [
            {
                "tag": finding.tag,
                "shown_by": [
                    {
                        "question": answer.question.name,
                        "type": answer.question.type.value,
                        "outcome": answer.outcome.value,
                        "records": list(answer.records[:MOST_SHOWN]),
                    }
                    for answer in finding.evidence[:MOST_SHOWN]
                ],
            }
            for finding in verdict.findings
        ],
    }


def verdict_from_json(mail: Mapping[str, Any]) -> Verdict:
    """Return the verdict in a `mail` member, or in the brief form without its evidence."""
    evidence = tuple(answer_from_json(row) for row in mail.get("evidence", ()))
    return Verdict(
        Ability(mail["ability"]),
        Basis(mail["basis"]),
        tuple(Flag(flag) for flag in mail["flags"]),
        tuple(Exchange(row["preference"], row["host"], tuple(row["addresses"])) for row in mail["exchanges"]),
        evidence,
        tuple(
            Finding(row["tag"], tuple(evidence[place] for place in row["evidence"]))
            for row in mail.get("findings", ())
            if evidence
        ),
    )


def probed_json(probed: Probed) -> JSON:
    """Return the `probe` member of a check: what the mail server said, where it was asked."""
    return {
        "host": probed.host,
        "address": probed.address,
        "outcome": probed.outcome.value,
        "reply": probed.reply,
        "starttls": probed.starttls,
    }


def mail_to_json(mail: MailTo) -> JSON:
    """Return the `mail_to` member of a check: counts of kept mail logs, and of what the policy service stopped."""
    logged, stopped = mail.written, mail.stopped
    return {
        "logged": None
        if logged is None
        else {
            "messages": logged.messages,
            "senders": logged.senders,
            "delivered": logged.delivered,
            "bounced": logged.bounced,
            "deferred": logged.deferred,
            "refused": logged.refused,
            "first_day": None if logged.first_day is None else logged.first_day.isoformat(),
            "last_day": None if logged.last_day is None else logged.last_day.isoformat(),
        },
        "stopped": None
        if stopped is None
        else {
            "count": stopped.count,
            "first_hour": time_json(stopped.first_hour),
            "last_hour": time_json(stopped.last_hour),
        },
    }
