"""What an alert says, for a tired reader and one screen; channels only lay it out and escape it for their medium.

Everything in a `Wording` is plain text on one line each, cleaned, bounded, with all names defanged but our own.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from watcher.core.alerts import Alert, AlertKind, concerns_ours
from watcher.core.clean import clean, defanged_text, shown_name, slip
from watcher.core.events import Event, EventKind
from watcher.core.kind_words import KIND_WORDS, OURS_ACTIONS, ability_words, basis_words, flag_words
from watcher.core.names import to_unicode
from watcher.core.risk import Severity

FULL_STORIES = 2
"""A page with more events than this lists them, one line each."""
LISTED = 30
"""Lines of a list before "and N more"."""
EVIDENCE_ROWS = 6
_EXCHANGES = 4


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


@dataclass(frozen=True, slots=True)
class Listing:
    """Events of one sort, a line each; `more` are left out."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Wording:
    """A whole message. `subject` is for title lines and phone screens, severity included; `lead` may be empty."""

    subject: str
    severity: Severity
    lead: str
    stories: tuple[Story, ...]
    listings: tuple[Listing, ...]
    footer: str
    link: str | None


def word(alert: Alert) -> Wording:
    """The words of `alert`."""
    match alert.kind:
        case AlertKind.TEST:
            return _test(alert)
        case AlertKind.DIGEST | AlertKind.SUMMARY:
            return _digest(alert)
        case AlertKind.PAGE:
            return _page(alert)


def _page(alert: Alert) -> Wording:
    level = alert.severity.value.upper()
    if alert.total <= FULL_STORIES:
        stories = tuple(_story(event) for event in alert.events)
        subject = f"{level}: " + "; ".join(story.headline for story in stories)
        return _wording(alert, subject, stories=stories)
    return _wording(alert, f"{level}: {_storm_headline(alert)}", listings=_listings(alert), lead=_storm_lead(alert))


def _storm_headline(alert: Alert) -> str:
    kinds = {event.kind for event in alert.events}
    if len(kinds) == 1:
        return f"{alert.total} {KIND_WORDS[alert.events[0].kind].many}"
    return f"{alert.total} events about {_common(alert) or 'the watch'}"


def _storm_lead(alert: Alert) -> str:
    common = _common(alert)
    shared = f"What they have in common: {common}. " if common else ""
    first = alert.events[0]
    actions = KIND_WORDS[first.kind].actions
    return shared + (f"Look at the worst first. {actions[0].format(name='them')}" if actions else "Worst first.")


def _common(alert: Alert) -> str:
    """What the group has in common, from its key: `exchange:google.com:mail_became_able`."""
    sort, _, rest = alert.group.partition(":")
    value = rest.partition(":")[0]
    words = {
        "domain": "the domain {}",
        "wildcard": "the suffix {} answers for every name",
        "exchange": "the mail exchanges of {}",
        "nameserver": "the nameservers of {}",
        "suffix": "the suffix {}",
        "channel": "the channel {}",
    }.get(sort)
    return words.format(shown_name(value)) if words else ""


def _digest(alert: Alert) -> Wording:
    sort, _, name = alert.group.partition(":")
    if sort == "baseline":
        found = f"{alert.total} lookalike{_s(alert.total)}" if alert.total else "no lookalike"
        subject = f"First sweep of {clean(name)} finished: {found} found"
        lead = "From now on you hear at once when one of its lookalikes becomes able to receive mail."
    else:
        subject = f"Digest: {alert.total} event{_s(alert.total)}, worst {alert.severity.value}"
        lead = "Nothing here needed you at once."
    text = defanged_text(alert.text, 1000, keep=_ours(alert))
    return _wording(alert, subject, lead=f"{text} {lead}".strip(), listings=_listings(alert))


def _test(alert: Alert) -> Wording:
    text = clean(alert.text, 1000) or "If you can read this, alerts reach you here."
    return _wording(alert, "TEST: watcher can reach you, there is nothing to do", lead=text)


def _wording(
    alert: Alert, subject: str, *, lead: str = "", stories: tuple[Story, ...] = (), listings: tuple[Listing, ...] = ()
) -> Wording:
    footer = f"watcher alert {clean(alert.id, 80)}, {moment(alert.created_at)}"
    return Wording(clean(subject, 250), alert.severity, lead, stories, listings, footer, alert.public_url)


def _listings(alert: Alert) -> tuple[Listing, ...]:
    """The events by kind, in the order of the worst of each; one line each, `LISTED` lines in all."""
    kinds = list(dict.fromkeys(event.kind for event in alert.events))
    room, listings = LISTED, []
    for kind in kinds:
        members = [event for event in alert.events if event.kind is kind]
        shown, room = members[:room], room - min(room, len(members))
        title = f"{KIND_WORDS[kind].many.capitalize()}: {len(members)}"
        listings.append(Listing(title, tuple(_line(event) for event in shown), len(members) - len(shown)))
    unseen = alert.total - len(alert.events)
    if unseen > 0:
        listings.append(Listing(f"and {unseen} more, see `watcher events`", ()))
    return tuple(listings)


def _line(event: Event) -> str:
    what = shown_name(event.name) if event.name else clean(_reason(event), 120)
    parts = [f"{event.severity.value}: {what}"]
    if event.resembles:
        parts.append(f"resembles {clean(event.resembles[0].protected)}")
    elif event.protected:
        parts.append(f"for {clean(event.protected[0])}")
    exchanges = _exchanges(event.after, limit=1, addresses=False)
    if exchanges:
        parts.append(f"mail to {exchanges}")
    parts.append(moment(event.at))
    return ", ".join(parts)


def _story(event: Event) -> Story:
    words = KIND_WORDS[event.kind]
    name = shown_name(event.name) if event.name else ""
    headline = (words.again if words.again and event.before.get("ability") == "able" else words.one).format(
        name=name,
        reason=_reason(event),
        expires=defanged_text(event.after.get("expires_at") or "soon", 40).partition("T")[0],
    )
    facts = [
        *(Fact("Resembles", _resembles(event, index)) for index in range(min(2, len(event.resembles)))),
        *_protected_fact(event),
        *_mail_facts(event),
        *_change_facts(event),
        Fact("Since", _since(event)),
        Fact(
            "Blind for", duration(blind) if isinstance(blind := event.after.get("blind_seconds"), int | float) else ""
        ),
        *_certainty(event),
        Fact(f"Why {event.severity.value}", _reasons(event)),
    ]
    actions = tuple(action.format(name=name) for action in (OURS_ACTIONS if _changed_ours(event) else words.actions))
    return Story(headline, tuple(fact for fact in facts if fact.text), _evidence(event), actions)


def _changed_ours(event: Event) -> bool:
    advised = {EventKind.OWN_MAIL_AT_RISK, EventKind.EXPIRING, EventKind.LAPSED}
    return concerns_ours(event) and event.kind not in advised


def _resembles(event: Event, index: int) -> str:
    one = event.resembles[index]
    meant, written = slip(clean(to_unicode(one.protected)), clean(to_unicode(event.name)).replace("://", "[:]//"))
    how = defanged_text(one.explanation, 200, keep=event.protected) or defanged_text(
        ", ".join(one.techniques).replace("_", " "), 200
    )
    rank = f", candidate {one.rank}" if one.rank is not None else ""
    return f"{meant} → {written.replace('.', '[.]')} ({how}{rank})"


def _protected_fact(event: Event) -> list[Fact]:
    if event.resembles or not event.protected:
        return []
    names = ", ".join(clean(name) for name in event.protected[:5])
    return [Fact("About", names)]


def _mail_facts(event: Event) -> list[Fact]:
    if "ability" not in event.after and "ability" not in event.before:
        return []
    facts = [Fact("Mail goes to", _exchanges(event.after)), Fact("Now", _ability(event.after))]
    old = _exchanges(event.before, addresses=False)
    return [*facts, Fact("Before", f"{_ability(event.before)}{f', to {old}' if old else ''}" if event.before else "")]


def _ability(side: Mapping[str, Any]) -> str:
    if not side:
        return ""
    ability, basis = ability_words(_code(side.get("ability"))), basis_words(_code(side.get("basis")))
    flags = [flag_words(_code(flag)) for flag in _list(side.get("flags"))[:6]]
    return ": ".join(part for part in (ability, "; ".join(part for part in (basis, *flags) if part)) if part)


def _code(value: object) -> str:
    """A word of a closed vocabulary, which a database of a newer version may have more of."""
    return defanged_text(value or "", 40)


def _exchanges(side: Mapping[str, Any], limit: int = _EXCHANGES, *, addresses: bool = True) -> str:
    """Where mail goes, the preferred first; empty when it goes nowhere."""
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


_MAIL_KEYS = frozenset({"ability", "basis", "flags", "exchanges", "relation", "expires_at", "channel"}) | frozenset(
    {"reason", "why", "since", "errors", "blind_seconds"}
)


def _change_facts(event: Event) -> list[Fact]:
    """What else differs between before and after, key by key."""
    facts = []
    for key in dict.fromkeys([*event.before, *event.after]):
        old, new = event.before.get(key), event.after.get(key)
        if key in _MAIL_KEYS or old == new:
            continue
        label = defanged_text(key, 40).replace("_", " ").capitalize()
        text = f"{_value(old, event)} → {_value(new, event)}" if key in event.before else _value(new, event)
        facts.append(Fact(label, text))
    return facts[:6]


def _value(value: Any, event: Event) -> str:
    if value is None or value in ([], "", ()):
        return "none"
    if isinstance(value, list | tuple):
        shown = ", ".join(_value(item, event) for item in value[:6])
        return shown + (f" and {len(value) - 6} more" if len(value) > 6 else "")  # noqa: PLR2004 (what fits a line)
    if isinstance(value, Mapping):
        return ", ".join(f"{defanged_text(key, 30)} {_value(item, event)}" for key, item in list(value.items())[:6])
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
    return [Fact("How sure", f"{_agreement(event)} ({', '.join(resolvers[:3])}); {count} answer{_s(count)}{rest}")]


def _agreement(event: Event) -> str:
    """How many resolvers gave the same answer to one question; whether one was asked again."""
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
    return "; ".join(defanged_text(reason, 150, keep=event.protected) for reason in event.severity_reasons[:6])


def _reason(event: Event) -> str:
    """Why the watch, a channel or a resolver is not well."""
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
    return f"{number} {unit}{_s(number)}"


def _ours(alert: Alert) -> set[str]:
    names = {name for event in alert.events for name in event.protected}
    sort, _, name = alert.group.partition(":")
    return names | ({name} if sort == "baseline" else set())


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else ()


def _s(count: float) -> str:
    return "" if count == 1 else "s"
