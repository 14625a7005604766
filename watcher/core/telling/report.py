"""A takedown or block request about one name, with its evidence and timeline: as text to send, and as data.

It is made from what is known alone, the same from the same. What came from outside is bounded and cleaned of control
and direction marks, and every line of it is indented: no registry or operator can write a line of its own into it.
"""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from watcher.core.events import Event, EventKind
from watcher.core.known import Known
from watcher.core.mail.verdict import Ability, Basis
from watcher.core.mail.vocabulary import Vocabulary
from watcher.core.names.clean import clean
from watcher.core.registration.facts import RegistrationFacts, parent_shown
from watcher.core.report import KeptReply, Milestone, Purpose, Report
from watcher.core.telling.kind_words import ability_words

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


def report_of(known: Known, vocabulary: Vocabulary, replies: tuple[KeptReply, ...] = ()) -> Report:
    """Return the report on a name; the same from the same."""
    timeline = _timeline(known)
    texts = {purpose: _text(known, purpose, vocabulary, timeline, replies) for purpose in Purpose}
    summary = None if known.verdict is None else vocabulary.sentence(known.name, known.verdict)
    return Report(known, summary, timeline, texts, replies)


def _timeline(known: Known) -> tuple[Milestone, ...]:
    """Return everything that happened, oldest first: by the registry's dates, and as seen."""
    facts, rows = known.registration, []
    if facts is not None:
        dated = (
            (facts.created_at, "registered"),
            (facts.updated_at, "registration changed"),
            (facts.expires_at, "expires"),
        )
        source, parent = facts.source.value, parent_shown(facts, known.registrable_domain)
        whose = "its registry says" if parent is None else f"the registry of its parent {_said(parent)} says of that"
        rows += [Milestone(at, f"{what}, as {whose}", source) for at, what in dated if at is not None]
    for event in known.history[:MOST_TIMELINE]:
        what = _WHAT_HAPPENED.get(event.kind, event.kind.value.replace("_", " "))
        rows.append(Milestone(event.at, what + _detail(event), event.source, event.id))
    if not known.history and known.first_seen_at is not None:
        rows.append(Milestone(known.first_seen_at, "seen to exist for the first time", "dns"))
    return tuple(sorted(rows, key=lambda row: (row.at, row.event)))


def _text(
    known: Known,
    purpose: Purpose,
    vocabulary: Vocabulary,
    timeline: Sequence[Milestone],
    replies: Sequence[KeptReply],
) -> str:
    parts = [
        _request(known) if purpose is Purpose.TAKEDOWN else _block_request(known),
        _section("The name", _name_lines(known)),
        _section("Mail", _mail_lines(known, vocabulary)),
        _section(_registration_heading(known), _registration_lines(known.registration)),
        _section("Timeline (UTC)", [f"{row.at.astimezone(UTC):%Y-%m-%d %H:%M}  {row.what}" for row in timeline]),
        _section("Evidence: what the DNS answered", _evidence_lines(known)),
        _section("Kept as they came: replies of registries", _reply_lines(replies)),
        f"Observed from outside, by questions to the public DNS and to registries only. {_YOU}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


_ASKED_REGISTRY = """We ask you to
  1. answer NXDOMAIN for names that nobody registered, or publish a null MX (RFC 7505) for them;
  2. refuse mail for them at your host until then, and keep none of it;
  3. tell us what you decided."""


def _request_to_registry(known: Known) -> str:
    """Return the request where nobody registered the name, and its suffix answers for every name."""
    name, protected, suffix = known.name, _protected(known), _said(known.public_suffix)
    return "\n\n".join(
        (
            f"To: the registry of .{suffix}\nSubject: Mail for unregistered names under .{suffix}",
            _wrapped(
                f"Nobody registered {name}. The zone of .{suffix} answers for every name that nobody registered, also "
                f"for mail: mail meant for {protected} that is addressed to {name} by a slip of the fingers, and that "
                "may be confidential, reaches your host, without sender or recipient noticing."
            ),
            _ASKED_REGISTRY,
        )
    )


def _request(known: Known) -> str:
    if known.verdict is not None and known.verdict.basis is Basis.REGISTRY_WILDCARD:
        return _request_to_registry(known)
    name, protected, facts = known.name, _protected(known), known.registration
    to = (facts is not None and _said(facts.abuse_email)) or "the registrar's abuse desk"
    parent = parent_shown(facts, known.registrable_domain)
    to = to if parent is None else f"{to}, for {_said(parent)}, under which the name stands"
    registrar = "" if facts is None else _said(facts.registrar)
    number = None if facts is None else facts.registrar_iana_id
    who = f" ({registrar}{f', IANA {_said(number)}' if number else ''})" if registrar else ""
    mistaken = f"mail meant for {protected}" if protected else "misdirected mail"
    able = known.ability is Ability.ABLE
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


def _block_request(known: Known) -> str:
    name, protected = known.name, _protected(known)
    whole = f"{name} and every name under it"
    exchanges = () if known.verdict is None else known.verdict.exchanges
    hosts = [exchange.host for exchange in exchanges if exchange.host != name]
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


def _name_lines(known: Known) -> list[str]:
    lines = [_labelled("name", known.name)]
    if known.unicode != known.name:
        lines.append(_labelled("shown as", _said(known.unicode)))
    if known.registrable_domain not in {None, known.name}:
        lines.append(_labelled("domain", known.registrable_domain or ""))
    lines += [
        _labelled("resembles", f"{_said(resemblance.protected)}: {_said(resemblance.explanation)}")
        for resemblance in known.resembles[:10]
    ]
    why = "; ".join(map(_said, known.severity_reasons))
    return [*lines, _labelled("severity", known.severity.value + (f": {why}" if why else ""))]


def _mail_lines(known: Known, vocabulary: Vocabulary) -> list[str]:
    verdict = known.verdict
    if verdict is None:
        return ["It was not looked at yet."]
    lines = [_wrapped(_said(vocabulary.sentence(known.name, verdict), 400) + ".")]
    lines.append(_labelled("verdict", f"{ability_words(verdict.ability)}, {vocabulary.words_of(verdict.basis)}"))
    for exchange in verdict.exchanges[:20]:
        addresses = ", ".join(_said(address, 60) for address in exchange.addresses[:8])
        shown = f"{exchange.preference} {_said(exchange.host)} ({addresses or 'no address'})"
        lines.append(_labelled("exchange", shown))
    return [*lines, _labelled("seen at", _time(known.settled_at) or "not settled yet")]


def _registration_heading(known: Known) -> str:
    parent = parent_shown(known.registration, known.registrable_domain)
    return "Registration" if parent is None else f"Registration of {_said(parent)}, the parent of the name"


def _registration_lines(facts: RegistrationFacts | None) -> list[str]:
    if facts is None:
        return ["Its registry was not asked yet."]
    number = facts.registrar_iana_id
    shown = {
        "status": ", ".join([facts.status, *facts.statuses]),
        "note": facts.reason,
        "registrar": facts.registrar and f"{facts.registrar}{f' (IANA {number})' if number else ''}",
        "registrant": facts.registrant_organisation,
        "country": facts.registrant_country,
        "created": _time(facts.created_at),
        "changed": _time(facts.updated_at),
        "expires": _time(facts.expires_at),
        "nameservers": ", ".join(facts.nameservers[:13]),
        "abuse desk": ", ".join(contact for contact in (facts.abuse_email, facts.abuse_phone) if contact),
        "source": f"{facts.source}, {_time(facts.fetched_at)}",
    }
    return [_labelled(label, _said(value, 400)) for label, value in shown.items() if value]


def _detail(event: Event) -> str:
    hosts = [row["host"] for row in event.after.get("exchanges", ())]
    named = [event.after[key] for key in ("registrar",) if event.after.get(key)]
    shown = ", ".join(_said(text, 100) for text in (hosts or named)[:4])
    name = "" if event.name in {"", event.registrable_domain} else f" [{_said(event.name)}]"
    return name + (f": {shown}" if shown else "")


def _evidence_lines(known: Known) -> list[str]:
    answers = () if known.verdict is None else known.verdict.evidence
    lines = []
    for answer in answers[:MOST_EVIDENCE]:
        records = ", ".join(_said(record, 200) for record in answer.records[:_MOST_RECORDS])
        more = len(answer.records) - _MOST_RECORDS
        shown = (records + (f" and {more} more" if more > 0 else "")) or "-"
        lines.append(f"{_said(answer.question.name)} {answer.question.type.value}: {answer.outcome.value}: {shown}")
        lines.append(f"    {_time(answer.at)}, by {_said(answer.resolver, 80)}")
    if len(answers) > MOST_EVIDENCE:
        lines.append(f"and {len(answers) - MOST_EVIDENCE} more answers")
    return lines


def _reply_lines(replies: Sequence[KeptReply]) -> list[str]:
    return [
        f"{_time(reply.fetched_at)}  {reply.source}, {reply.size} bytes, SHA-256 {reply.sha256}"
        for reply in replies[:10]
    ]


def _protected(known: Known) -> str:
    *others, last = [_said(resemblance.protected) for resemblance in known.resembles[:3]] or [""]
    return f"{', '.join(others)} and {last}" if others else last


def _section(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "\n".join([title, *(f"  {part}" for line in lines for part in line.split("\n"))])


def _labelled(label: str, value: str) -> str:
    return f"{label:{_LABEL}} {value}"


def _wrapped(text: str) -> str:
    return textwrap.fill(text, _WIDTH, break_long_words=False, break_on_hyphens=False)


def _time(at: datetime | None) -> str:
    return "" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _said(value: object, limit: int = 200) -> str:
    """Text from outside: one harmless line."""
    return "" if value is None else clean(value, limit)
