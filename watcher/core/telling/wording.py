"""The words of an alert, for a tired reader and one screen; channels only lay them out and escape them.

Everything in a `Wording` is plain text on one line each, cleaned, bounded, with all names defanged but our own.
"""

from dataclasses import dataclass, replace
from urllib.parse import quote

from watcher.core.events import ENDED_BY, Event
from watcher.core.mail.risk import Severity
from watcher.core.mail.vocabulary import Vocabulary
from watcher.core.names.clean import clean, defanged_text, shown_name
from watcher.core.telling.alerts import TEST_GROUP, Alert, AlertKind, FirstSweep, concerns_ours
from watcher.core.telling.kind_words import KIND_WORDS
from watcher.core.telling.story import Story, exchanges_words, moment, plural, reason_words, story_of

FULL_STORIES = 2
"""A page with more events than this lists them, one line each."""
_LONGEST_NAME = 253
_TOLD_FOR = 3
LISTED = 30
"""Lines of a list before "and N more"."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Events of one sort, a line each; `more` are left out."""

    title: str
    lines: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Wording:
    """A whole message. `subject` is for title lines and phone screens, severity included; `lead` may be empty.

    `severity` is that of what goes on: the end of a trouble is as grave as the trouble was, and is shown as none.
    """

    subject: str
    severity: Severity
    lead: str
    stories: tuple[Story, ...]
    listings: tuple[Listing, ...]
    footer: str
    link: str | None


def word(alert: Alert, vocabulary: Vocabulary) -> Wording:
    """Return the words of `alert`, with bases and flags in those of `vocabulary`."""
    match alert.kind:
        case AlertKind.TEST:
            return _test(alert, vocabulary)
        case AlertKind.DIGEST | AlertKind.SUMMARY:
            return _digest(alert)
        case AlertKind.PAGE:
            return _page(alert, vocabulary)


def _page(alert: Alert, vocabulary: Vocabulary) -> Wording:
    severity = going_on(alert)
    level = OVER if severity is None else severity.value.upper()
    if alert.total <= FULL_STORIES:
        stories = tuple(story_of(event, vocabulary) for event in alert.events)
        subject = f"{level}: " + "; ".join(story.headline for story in stories)
        return _wording(alert, subject, stories=stories, lead=_told_before(alert))
    lead = " ".join(filter(None, (_told_before(alert), _storm_lead(alert))))
    return _wording(alert, f"{level}: {_storm_headline(alert)}", listings=_listings(alert), lead=lead)


def _told_before(alert: Alert) -> str:
    """Return the other names of the same story."""
    return defanged_text(alert.text, 1000, keep=_ours(alert))


OVER = "RESOLVED"
"""Heads a message that tells only of the end of something."""


def going_on(alert: Alert) -> Severity | None:
    """Return the worst severity among what has not ended; None where everything in the alert has."""
    left = [event.severity for event in alert.events if event.kind not in ENDED_BY or concerns_ours(event)]
    if left or not alert.events:
        return max([alert.severity] if alert.total > len(alert.events) or not left else left, key=list(Severity).index)
    return None


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
    """Name the thing that the group has in common, from its key: `exchange:google.com:mail_became_able`."""
    sort, _, rest = alert.group.partition(":")
    value = rest.rpartition(":")[0] or rest
    words = {
        "domain": "the domain {}",
        "wildcard": "the suffix {} answers for every name",
        "exchange": "the mail exchanges of {}",
        "address": "the host at {}",
        "nameserver": "the nameservers of {}",
        "suffix": "the suffix {}",
        "channel": "the channel {}",
    }.get(sort)
    return words.format(shown_name(value)) if words else ""


def _digest(alert: Alert) -> Wording:
    sort, _, name = alert.group.partition(":")
    if sort == "baseline":
        subject = f"First sweep of {clean(name)} finished: {_found_words(alert)}"
        lead = "From now on you hear at once when one of its lookalikes becomes able to receive mail."
    elif alert.kind is AlertKind.SUMMARY:
        subject, lead = "Summary: what watcher watched, and what came of it", ""
    else:
        subject = f"Digest: {alert.total} event{plural(alert.total)}, worst {alert.severity.value}"
        lead = "Nothing here needed you at once." if not _is_grave(alert) else _NOT_AT_ONCE
    text = defanged_text(alert.text, 1000, keep=_ours(alert))
    return _wording(alert, subject, lead=f"{text} {lead}".strip(), listings=_listings(alert))


_NOT_AT_ONCE = "None of this was sent at once. Look at the first entries today."


def _is_grave(alert: Alert) -> bool:
    """Return whether somebody else's name can take mail, gravely."""
    return any(
        event.severity.at_least(Severity.HIGH) and event.after.get("ability") == "able" for event in alert.events
    )


def _found_words(alert: Alert) -> str:
    swept = alert.first_sweep or FirstSweep(alert.total)
    found = f"{swept.found} lookalike{plural(swept.found)}" if swept.found else "no lookalike"
    if not swept.told:
        return f"{found} found"
    for_whom = ", ".join(clean(name) for name in swept.told_for[:_TOLD_FOR])
    more = len(swept.told_for) - _TOLD_FOR
    whom = (f" for {for_whom}" if for_whom else "") + (f" and {more} more" if more > 0 else "")
    return f"{found} found, of which {swept.told} {'was' if swept.told == 1 else 'were'} told already{whom}"


_NOTHING_HAPPENED = "This is a test: nothing happened, and there is nothing to do."


def _test(alert: Alert, vocabulary: Vocabulary) -> Wording:
    if alert.events:
        group = alert.group.removeprefix(f"{TEST_GROUP}:")
        kind = AlertKind.DIGEST if group == "digest" else AlertKind.PAGE
        shown = word(replace(alert, kind=kind, group=group), vocabulary)
        lead = f"{_NOTHING_HAPPENED} {shown.lead}".strip()
        return replace(shown, subject=f"TEST: {shown.subject}"[:250], lead=lead)
    text = clean(alert.text, 1000) or "If you can read this, alerts reach you here."
    return _wording(alert, "TEST: watcher can reach you, there is nothing to do", lead=text)


def _wording(
    alert: Alert, subject: str, *, lead: str = "", stories: tuple[Story, ...] = (), listings: tuple[Listing, ...] = ()
) -> Wording:
    footer = f"watcher alert {clean(alert.id, 80)}, {moment(alert.created_at)}"
    severity = going_on(alert) or Severity.INFO
    return Wording(clean(subject, 250), severity, lead, stories, listings, footer, _link(alert))


def _link(alert: Alert) -> str | None:
    """Return the page of the name, or the first page, below `public_url`; None without one."""
    if not alert.public_url:
        return None
    base = alert.public_url.rstrip("/")
    names = {event.name for event in alert.events}
    if alert.kind is not AlertKind.PAGE or len(names) != 1 or "" in names:
        return f"{base}/"
    return f"{base}/names/{quote(names.pop()[:_LONGEST_NAME], safe='', errors='replace')}"


def _listings(alert: Alert) -> tuple[Listing, ...]:
    """Return the events by kind, in the order of the worst of each; one line each, `LISTED` lines in all."""
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
    what = shown_name(event.name) if event.name else clean(reason_words(event), 120)
    parts = [f"{event.severity.value}: {what}"]
    if event.resembles:
        parts.append(f"resembles {clean(event.resembles[0].protected)}")
    elif event.protected:
        parts.append(f"for {clean(event.protected[0])}")
    if owner := next((row.owner for row in event.ownership if row.owner), None):
        parts.append(f"owner {clean(owner, 80)}")
    exchanges = exchanges_words(event.after, limit=1, addresses=False)
    if exchanges:
        parts.append(f"mail to {exchanges}")
    parts.append(moment(event.at))
    return ", ".join(parts)


def _ours(alert: Alert) -> set[str]:
    names = {name for event in alert.events for name in event.protected}
    sort, _, name = alert.group.partition(":")
    return names | ({name} if sort == "baseline" else set())
