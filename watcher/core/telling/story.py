"""One event told in full: the facts of it, what shows them, and what to do now, as plain lines."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from watcher.core.events import Event, EventKind
from watcher.core.mail.vocabulary import Vocabulary
from watcher.core.names.clean import clean, defanged_text, shown_name, slip
from watcher.core.names.names import to_unicode
from watcher.core.states.steadiness import Mark
from watcher.core.telling.alerts import concerns_ours
from watcher.core.telling.kind_words import KIND_WORDS, OURS_ACTIONS, ability_words

_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)\Z")
EVIDENCE_ROWS = 6
_EXCHANGES = 4
_OWNERS = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """One labelled line: what `label` is, as `text`."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """One event told in full. `actions` are what to do now, in order."""

    headline: str
    facts: tuple[Fact, ...]
    evidence: tuple[str, ...]
    actions: tuple[str, ...]


def story_of(event: Event, vocabulary: Vocabulary) -> Story:
    """Return the story of an event, with bases and flags in the words of `vocabulary`."""
    words = KIND_WORDS[event.kind]
    name = shown_name(event.name) if event.name else ""
    headline = _headline(event).format(
        name=name,
        reason=reason_words(event),
        expires=defanged_text(event.after.get("expires_at") or "soon", 40).partition("T")[0],
    )
    facts = [
        *(Fact("Resembles", _resembles(event, index)) for index in range(min(2, len(event.resembles)))),
        *_protected_fact(event),
        *_ownership_facts(event),
        *_mail_facts(event, vocabulary),
        *_change_facts(event),
        *_story_facts(event),
        Fact("Since", _since(event)),
        Fact(
            "Blind for", duration(blind) if isinstance(blind := event.after.get("blind_seconds"), int | float) else ""
        ),
        *_certainty(event),
        Fact(f"Why {event.severity.value}", _reasons(event)),
    ]
    actions = tuple(action.format(name=name) for action in (OURS_ACTIONS if _changed_ours(event) else words.actions))
    return Story(headline, tuple(fact for fact in facts if fact.text), _evidence(event), actions)


def _headline(event: Event) -> str:
    words = KIND_WORDS[event.kind]
    if words.back and event.after.get(Mark.RETURNED):
        return words.back
    return words.again if words.again and event.before.get("ability") == "able" else words.one


def _story_facts(event: Event) -> list[Fact]:
    """Return facts on the event's story (M72, M73), and the time since which no look had settled (M75)."""
    facts = []
    if event.after.get(Mark.FLAPPING):
        damped = event.after.get(Mark.DAMPED)
        told = "that was told, so this is in the digest" if damped else "further changes go to the digest"
        facts.append(Fact("Back and forth", f"it keeps changing; {told} until it has stood still for a while"))
    if event.after.get(Mark.JOINED):
        facts.append(Fact("Part of", "what another host of its domain did before, which was told"))
    if since := event.after.get("unsettled_since"):
        outcome = _code(event.after.get("unsettled_outcome"))
        facts.append(Fact("Until now", f"no look at it had settled since {_moment_in(since)} ({outcome})"))
    return facts


def _changed_ours(event: Event) -> bool:
    advised = {EventKind.OWN_MAIL_AT_RISK, EventKind.EXPIRING, EventKind.LAPSED}
    return concerns_ours(event) and event.kind not in advised


def _resembles(event: Event, index: int) -> str:
    one = event.resembles[index]
    meant, written = slip(clean(to_unicode(one.protected)), clean(to_unicode(event.name)).replace("://", "[:]//"))
    how = defanged_text(one.explanation, 200, keep=event.protected) or defanged_text(
        ", ".join(one.techniques).replace("_", " "), 200
    )
    rank = f"; number {one.rank} of its likeliest slips" if one.rank is not None else ""
    return f"{meant} → {written.replace('.', '[.]')} ({how}{rank})"


def _protected_fact(event: Event) -> list[Fact]:
    if event.resembles or not event.protected:
        return []
    names = ", ".join(clean(name) for name in event.protected[:5])
    return [Fact("About", names)]


def _ownership_facts(event: Event) -> list[Fact]:
    """Return the owner and the tags of the protected names; the name too, where the event is about several."""
    several = len(event.protected) > 1

    def said(protected: str, text: str) -> str:
        return f"{clean(text, 200)} ({clean(protected)})" if several else clean(text, 200)

    rows = event.ownership[:_OWNERS]
    return [
        Fact("Owner", "; ".join(said(row.protected, row.owner) for row in rows if row.owner)),
        Fact("Tags", "; ".join(said(row.protected, ", ".join(row.tags)) for row in rows if row.tags)),
    ]


def _mail_facts(event: Event, vocabulary: Vocabulary) -> list[Fact]:
    if "ability" not in event.after and "ability" not in event.before:
        return []
    facts = [Fact("Mail goes to", exchanges_words(event.after)), Fact("Now", _ability(event.after, vocabulary))]
    old = exchanges_words(event.before, addresses=False)
    facts += [Fact("Shown by", _shown_by(event))]
    return [
        *facts,
        Fact("Before", f"{_ability(event.before, vocabulary)}{f', to {old}' if old else ''}" if event.before else ""),
    ]


def _ability(side: Mapping[str, Any], vocabulary: Vocabulary) -> str:
    if not side:
        return ""
    ability, basis = ability_words(_code(side.get("ability"))), vocabulary.words_of(_code(side.get("basis")))
    flags = [vocabulary.words_of(_code(flag)) for flag in _list(side.get("flags"))[:6]]
    return ": ".join(part for part in (ability, "; ".join(part for part in (basis, *flags) if part)) if part)


_FINDINGS = 4
_SAID_ALREADY = frozenset({"explicit_mx", "implicit_mx", "alias", "address_seen"})
"""Findings whose records are what "Mail goes to" says."""


def _shown_by(event: Event) -> str:
    """Return the first record of each finding that changes how the verdict is read."""
    parts = []
    for finding in _list(event.after.get("findings")):
        rows = _list(finding.get("shown_by"))
        if finding.get("tag") in _SAID_ALREADY or not rows:
            continue
        said = next(iter(_list(rows[0].get("records"))), rows[0].get("outcome", ""))
        record = defanged_text(said, 100, keep=event.protected)
        asked = f"{_code(rows[0].get('type'))} {defanged_text(rows[0].get('question', ''), 100, keep=event.protected)}"
        parts.append(f"{_code(finding.get('tag')).replace('_', ' ')}: {asked} {record}")
    return "; ".join(parts[:_FINDINGS])


def _code(value: object) -> str:
    """Return a word of a closed vocabulary, which a database of a newer version may have more of."""
    return defanged_text(value or "", 40)


def exchanges_words(side: Mapping[str, Any], limit: int = _EXCHANGES, *, addresses: bool = True) -> str:
    """Return the exchanges that get the mail, the preferred first; empty when mail goes nowhere."""
    if side.get("ability") not in {None, "able"}:
        return ""
    rows = _list(side.get("exchanges"))
    parts = []
    for row in rows[:limit]:
        at = ", ".join(defanged_text(address, 45) for address in _list(row.get("addresses"))[:2]) if addresses else ""
        parts.append(shown_name(clean(row.get("host", ""), 253)) + (f" ({at})" if at else ""))
    if len(rows) > limit:
        parts.append(f"{len(rows) - limit} more")
    return ", ".join(parts)


_TOLD_ELSEWHERE = frozenset(
    """
    ability basis flags exchanges findings relation channel reason why since errors blind_seconds baseline
    returned flapping damped joined unsettled_since unsettled_outcome
    fetched_at updated_at source registrar_iana_id abuse_phone domain
    """.split()  # noqa: SIM905 (a list of this many words reads better as text)
)
"""Keys of an event's sides that have a line of their own, or tell a reader nothing."""

_SHOWN_UNCHANGED = frozenset({"registrar", "registrant", "created_at", "expires_at", "abuse_email"})
"""Keys of a registration that help to act on it, changed or not."""

_CHANGES = 8


def _change_facts(event: Event) -> list[Fact]:
    """Return the other differences between before and after, key by key, and the contacts to turn to."""
    facts = []
    for key in dict.fromkeys([*event.after, *event.before]):
        old, new = _value(event.before.get(key), event), _value(event.after.get(key), event)
        if key in _TOLD_ELSEWHERE or (old == new and key not in _SHOWN_UNCHANGED):
            continue
        text = f"{old} → {new or 'none'}" if old and old != new else new
        facts.append(Fact(defanged_text(key, 40).replace("_", " ").capitalize(), text))
    return [fact for fact in facts if fact.text][:_CHANGES]


def _value(value: Any, event: Event) -> str:
    """Return a value of an event's side as text; empty when there is nothing in it."""
    if isinstance(value, list | tuple):
        shown = ", ".join(_value(item, event) for item in value[:6])
        return shown + (f" and {len(value) - 6} more" if len(value) > 6 else "")  # noqa: PLR2004 (what fits a line)
    if isinstance(value, Mapping):
        items = ((defanged_text(key, 30), _value(item, event)) for key, item in list(value.items())[:6])
        return ", ".join(f"{key} {item}" for key, item in items if item)
    if value is None:
        return ""
    if isinstance(value, str) and _TIME.match(value):
        return _moment_in(value)
    return defanged_text(value, 150, keep=event.protected)


def _since(event: Event) -> str:
    after = event.detected_after_seconds
    return moment(event.at) + ("" if after is None else f", at most {duration(after)} after it happened")


def _certainty(event: Event) -> list[Fact]:
    if not event.evidence:
        return []
    resolvers = list(dict.fromkeys(defanged_text(row.get("resolver", ""), 60) for row in event.evidence[:200]))
    unsettled = sum(row.get("outcome") not in {"ANSWER", "NODATA", "NXDOMAIN"} for row in event.evidence)
    count = len(event.evidence)
    rest = f", {unsettled} of them unsettled" if unsettled else ""
    return [Fact("How sure", f"{_agreement(event)} ({', '.join(resolvers[:3])}); {count} answer{plural(count)}{rest}")]


def _agreement(event: Event) -> str:
    """Say how many resolvers gave the same answer to one question, or whether one was asked again."""
    said: dict[tuple[str, ...], list[str]] = {}
    for row in event.evidence[:200]:
        answer = (str(row.get("question")), str(row.get("type")), str(row.get("outcome")))
        records = sorted(str(record) for record in _list(row.get("records"))[:50])
        said.setdefault((*answer, *records), []).append(str(row.get("resolver")))
    alike = max(len(set(resolvers)) for resolvers in said.values())
    if alike > 1:
        return f"{alike} resolvers say the same"
    return (
        "asked twice, one resolver" if any(len(resolvers) > 1 for resolvers in said.values()) else "one resolver each"
    )


def _reasons(event: Event) -> str:
    reasons = "; ".join(defanged_text(reason, 150, keep=event.protected) for reason in event.severity_reasons[:6])
    lost = event.kind is EventKind.MAIL_BECAME_UNABLE and reasons  # as grave as what it could do
    return f"until now: {reasons}" if lost else reasons


def reason_words(event: Event) -> str:
    """Return why the watch, a channel or a resolver is not well."""
    reason = event.after.get("reason") or event.after.get("why")
    if not reason and event.kind is EventKind.WATCH_STALE:
        errors = ", ".join(str(error) for error in _list(event.after.get("errors"))[:3])
        reason = f"nothing settled since {_moment_in(event.after.get('since'))}" + (f" ({errors})" if errors else "")
    return defanged_text(reason or "no reason was recorded", 200, keep=event.protected)


def _moment_in(value: Any) -> str:
    try:
        return moment(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return defanged_text(value, 40)


def _evidence(event: Event) -> tuple[str, ...]:
    """Answers that say something first, each in the order asked."""
    rows = sorted(event.evidence, key=lambda row: row.get("outcome") != "ANSWER")
    lines = [_evidence_line(row, event) for row in rows[:EVIDENCE_ROWS]]
    if len(rows) > EVIDENCE_ROWS:
        lines.append(f"and {len(rows) - EVIDENCE_ROWS} more")
    return tuple(lines)


def _evidence_line(row: Mapping[str, Any], event: Event) -> str:
    records = [clean(record, 80) for record in _list(row.get("records"))]
    said = ", ".join(records[:3]) + (f" and {len(records) - 3} more" if len(records) > 3 else "")  # noqa: PLR2004
    said = defanged_text(said, 250, keep=event.protected)
    question = defanged_text(row.get("question", ""), 260, keep=event.protected)
    at = defanged_text(row.get("at", ""), 40).partition("T")[2][:8]
    answer = said or defanged_text(row.get("outcome", ""), 20)
    return f"{_code(row.get('type'))} {question}: {answer} ({defanged_text(row.get('resolver', ''), 60)}, {at})"


def moment(at: datetime) -> str:
    """`2026-11-23 12:46 UTC`."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def duration(seconds: float) -> str:
    """Rounded up: `40 seconds`, `4 minutes`, `2 hours 1 minute`, `3 days 4 hours`."""
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return _count(math.ceil(seconds), "second")
    minutes = math.ceil(seconds / 60)
    if minutes < 60:  # noqa: PLR2004 (an hour)
        return _count(minutes, "minute")
    hours, minutes = divmod(minutes, 60)
    if hours < 24:  # noqa: PLR2004 (a day)
        return _count(hours, "hour") + (f" {_count(minutes, 'minute')}" if minutes else "")
    days, hours = divmod(hours + bool(minutes), 24)
    return _count(days, "day") + (f" {_count(hours, 'hour')}" if hours else "")


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}{plural(number)}"


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def plural(count: float) -> str:
    """Return the s of `events`, where it belongs."""
    return "" if count == 1 else "s"
