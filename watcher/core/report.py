"""A takedown or block request about one name, with its evidence and timeline: as text to send, and as data.

It is made from a check shape alone, the same from the same. What came from outside is bounded and cleaned of control
and direction marks, and every line of it is indented: no registry or operator can write a line of its own into it.
"""

import textwrap
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from watcher.core.clean import clean
from watcher.core.events import EventKind
from watcher.core.kind_words import ability_words, basis_words
from watcher.core.sentences import reason
from watcher.core.shapes import JSON, verdict_from_json

MOST_TIMELINE = 60
MOST_EVIDENCE = 40
_MOST_RECORDS = 6
_WIDTH = 78
_LABEL = 14

_YOU = "[your name, organisation, and how to reach you]"

_ASKED = """We ask you to
  1. look into who registered it and what for, under your acceptable use policy;
  2. take it out of service (clientHold), or have its mail exchanges removed;
  3. keep the records of its registration and payment;
  4. tell us what you decided."""

_WHAT_HAPPENED: Mapping[str, str] = {
    EventKind.LOOKALIKE_FOUND: "seen to exist for the first time",
    EventKind.MAIL_FOUND_ABLE: "seen for the first time, able to receive mail",
    EventKind.MAIL_BECAME_ABLE: "became able to receive mail",
    EventKind.MAIL_BECAME_UNABLE: "no longer able to receive mail",
    EventKind.EXCHANGES_CHANGED: "mail goes elsewhere",
    EventKind.REGISTERED: "registered",
    EventKind.LAPSED: "no longer registered",
    EventKind.EXPIRING: "near its expiry",
    EventKind.REGISTRATION_CHANGED: "holder, registrar or status changed",
    EventKind.NAMESERVERS_CHANGED: "nameservers changed",
    EventKind.OWN_MAIL_AT_RISK: "its mail is at risk",
}


class Purpose(StrEnum):
    """What is asked for, and so of whom."""

    TAKEDOWN = "takedown"
    """Of the registrar or the registry: take the name out of service."""
    BLOCK = "block"
    """Of those who run mail systems: take no mail to it, and none from it."""


def report_json(shape: Mapping[str, Any], replies: Sequence[Mapping[str, Any]] = ()) -> JSON:
    """The report on a name that was looked at, from its check shape: what the texts say, and the texts.

    `replies`: which replies of registries are kept as they came (source, fetched_at, sha256, bytes).
    """
    mail = shape["mail"]
    registration = shape["registration"] or {}
    return {
        "name": shape["name"],
        "unicode": shape["unicode"],
        "registrable_domain": shape["registrable_domain"],
        "protected": [one["protected"] for one in shape["resembles"]],
        "resembles": list(shape["resembles"]),
        "as_of": shape["attempted_at"],
        "summary": None if mail is None else reason(shape["name"], verdict_from_json(mail)),
        "severity": shape["severity"],
        "severity_reasons": list(shape["severity_reasons"]),
        "mail": mail,
        "registration": shape["registration"],
        "abuse_contact": {
            "registrar": registration.get("registrar"),
            "registrar_iana_id": registration.get("registrar_iana_id"),
            "email": registration.get("abuse_email"),
            "phone": registration.get("abuse_phone"),
        },
        "timeline": _timeline(shape, registration),
        "registry_replies": list(replies),
        "texts": {purpose.value: report_text(shape, purpose, replies) for purpose in Purpose},
    }


def report_text(shape: Mapping[str, Any], purpose: Purpose, replies: Sequence[Mapping[str, Any]] = ()) -> str:
    """The request as plain text, to be completed with who sends it."""
    registration = shape["registration"] or {}
    parts = [
        _request(shape, registration) if purpose is Purpose.TAKEDOWN else _block_request(shape),
        _section("The name", _name_lines(shape)),
        _section("Mail", _mail_lines(shape)),
        _section("Registration", _registration_lines(registration)),
        _section(
            "Timeline (UTC)",
            [f"{row['at'][:16].replace('T', ' ')}  {row['what']}" for row in _timeline(shape, registration)],
        ),
        _section("Evidence: what the DNS answered", _evidence_lines(shape)),
        _section("Kept as they came: replies of registries", _reply_lines(replies)),
        f"Observed from outside, by questions to the public DNS and to registries only. {_YOU}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _request(shape: Mapping[str, Any], registration: Mapping[str, Any]) -> str:
    name, protected = shape["name"], _protected(shape)
    to = _said(registration.get("abuse_email")) or "the registrar's abuse desk"
    registrar = _said(registration.get("registrar"))
    number = registration.get("registrar_iana_id")
    who = f" ({registrar}{f', IANA {_said(number)}' if number else ''})" if registrar else ""
    mistaken = f"mail meant for {protected}" if protected else "misdirected mail"
    able = shape["mail"] is not None and shape["mail"]["ability"] == "able"
    state = "receives mail today" if able else "is kept registered, and can be made to receive mail at any time"
    return "\n\n".join(
        (
            f"To: {to}{who}\nSubject: Domain abuse: {name}, a lookalike that attracts {mistaken}",
            _wrapped(
                f"The domain name {name} is confusingly similar to {protected or 'a name that we protect'}. "
                f"It {state}. Mail that people address to it by a slip of the fingers, and that may be confidential, "
                "reaches whoever operates it, without sender or recipient noticing."
            ),
            _ASKED,
        )
    )


def _block_request(shape: Mapping[str, Any]) -> str:
    name, protected = shape["name"], _protected(shape)
    whole = f"{name} and every name under it"
    hosts = [] if shape["mail"] is None else [row["host"] for row in shape["mail"]["exchanges"] if row["host"] != name]
    lines = [f"  recipients and senders   {name}", f"  and everything under     .{name}"]
    lines += [f"  its mail exchange        {_said(host)} (only if nobody else uses it)" for host in hosts[:10]]
    return "\n\n".join(
        (
            f"Subject: Please block mail to and from {name}",
            _wrapped(
                f"Please refuse outgoing mail to {whole}, and quarantine mail from there. The name resembles "
                f"{protected or 'a name that we protect'}; mail addressed to it by mistake leaves us for good. "
                "Refuse at submission, with a text that tells the sender about the slip, rather than dropping silently."
            ),
            "To load:\n" + "\n".join(lines),
            "Then search the mail logs for what was already sent there, and tell those who sent it.",
        )
    )


def _name_lines(shape: Mapping[str, Any]) -> list[str]:
    lines = [_labelled("name", shape["name"])]
    if shape["unicode"] != shape["name"]:
        lines.append(_labelled("shown as", _said(shape["unicode"])))
    if shape["registrable_domain"] not in {None, shape["name"]}:
        lines.append(_labelled("domain", shape["registrable_domain"]))
    lines += [
        _labelled("resembles", f"{_said(one['protected'])}: {_said(one['explanation'])}")
        for one in shape["resembles"][:10]
    ]
    why = "; ".join(_said(one) for one in shape["severity_reasons"])
    return [*lines, _labelled("severity", shape["severity"] + (f": {why}" if why else ""))]


def _mail_lines(shape: Mapping[str, Any]) -> list[str]:
    mail = shape["mail"]
    if mail is None:
        return ["It was not looked at yet."]
    lines = [_wrapped(_said(reason(shape["name"], verdict_from_json(mail)), 400) + ".")]
    lines.append(_labelled("verdict", f"{ability_words(mail['ability'])}, {basis_words(mail['basis'])}"))
    for row in mail["exchanges"][:20]:
        addresses = ", ".join(_said(address, 60) for address in row["addresses"][:8])
        lines.append(_labelled("exchange", f"{row['preference']} {_said(row['host'])} ({addresses or 'no address'})"))
    return [*lines, _labelled("seen at", _time(mail["settled_at"]) or "not settled yet")]


def _registration_lines(facts: Mapping[str, Any]) -> list[str]:
    if not facts:
        return ["Its registry was not asked yet."]
    registrant = facts["registrant"]
    number = facts["registrar_iana_id"]
    shown = {
        "status": ", ".join([facts["status"], *facts["statuses"]]),
        "note": facts["reason"],
        "registrar": facts["registrar"] and f"{facts['registrar']}{f' (IANA {number})' if number else ''}",
        "registrant": registrant["organisation"],
        "country": registrant["country"],
        "created": _time(facts["created_at"]),
        "changed": _time(facts["updated_at"]),
        "expires": _time(facts["expires_at"]),
        "nameservers": ", ".join(facts["nameservers"][:13]),
        "abuse desk": ", ".join(one for one in (facts["abuse_email"], facts["abuse_phone"]) if one),
        "source": f"{facts['source']}, {_time(facts['fetched_at'])}",
    }
    return [_labelled(label, _said(value, 400)) for label, value in shown.items() if value]


def _timeline(shape: Mapping[str, Any], registration: Mapping[str, Any]) -> list[JSON]:
    """What happened, oldest first: by the registry's dates, and as seen."""
    rows: list[JSON] = [
        {"at": registration[member], "what": f"{what}, as its registry says", "source": registration["source"]}
        for member, what in (("created_at", "registered"), ("updated_at", "registration changed"))
        if registration.get(member)
    ]
    for event in shape["history"][:MOST_TIMELINE]:
        what = _WHAT_HAPPENED.get(event["kind"], _said(event["kind"]).replace("_", " "))
        rows.append({"at": event["at"], "what": what + _detail(event), "source": event["source"], "event": event["id"]})
    if not shape["history"] and shape["first_seen_at"]:
        rows.append({"at": shape["first_seen_at"], "what": "seen to exist for the first time", "source": "dns"})
    if registration.get("expires_at"):
        rows.append(
            {
                "at": registration["expires_at"],
                "what": "expires, as its registry says",
                "source": registration["source"],
            }
        )
    return sorted(rows, key=lambda row: (row["at"], row.get("event", "")))


def _detail(event: Mapping[str, Any]) -> str:
    hosts = [row["host"] for row in event["to"].get("exchanges", ())]
    named = [event["to"][key] for key in ("registrar",) if event["to"].get(key)]
    shown = ", ".join(_said(one, 100) for one in (hosts or named)[:4])
    name = "" if event["name"] in {"", event["registrable_domain"]} else f" [{_said(event['name'])}]"
    return name + (f": {shown}" if shown else "")


def _evidence_lines(shape: Mapping[str, Any]) -> list[str]:
    rows = [] if shape["mail"] is None else shape["mail"]["evidence"]
    lines = []
    for row in rows[:MOST_EVIDENCE]:
        records = ", ".join(_said(one, 200) for one in row["records"][:_MOST_RECORDS])
        more = len(row["records"]) - _MOST_RECORDS
        shown = (records + (f" and {more} more" if more > 0 else "")) or "-"
        lines.append(f"{_said(row['question'])} {row['type']}: {row['outcome']}: {shown}")
        lines.append(f"    {_time(row['at'])}, by {_said(row['resolver'], 80)}")
    if len(rows) > MOST_EVIDENCE:
        lines.append(f"and {len(rows) - MOST_EVIDENCE} more answers")
    return lines


def _reply_lines(replies: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"{_time(row['fetched_at'])}  {row['source']}, {row['bytes']} bytes, SHA-256 {row['sha256']}"
        for row in replies[:10]
    ]


def _protected(shape: Mapping[str, Any]) -> str:
    *others, last = [_said(one["protected"]) for one in shape["resembles"][:3]] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _section(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "\n".join([title, *(f"  {part}" for line in lines for part in line.split("\n"))])


def _labelled(label: str, value: str) -> str:
    return f"{label:{_LABEL}} {value}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _time(text: str | None) -> str:
    return "" if text is None else text[:19].replace("T", " ") + " UTC"


def _said(value: object, limit: int = 200) -> str:
    """Text from outside: one harmless line."""
    return "" if value is None else clean(value, limit)
