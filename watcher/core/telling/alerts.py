"""Alerts: what is told to people: routing with its reason, and the one form in which an alert is kept.

`decide` says for each event whether it is told at once, in the digest or not at all, through which channels, and why;
the reason is a value that is kept with the event. `watcher.core.gathering` puts what is told at once into messages.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum

from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.core.mail.verdict import Flag
from watcher.core.names.names import is_under
from watcher.core.names.times import time_text
from watcher.core.states.steadiness import Mark


class AlertKind(StrEnum):
    """The form of a message."""

    PAGE = "page"
    """Told at once: one or a few events of one group, or a storm with its list."""
    DIGEST = "digest"
    """Everything below the page threshold since the last digest; baselines."""
    SUMMARY = "summary"
    """The daily or weekly proof that silence is quiet and not blindness."""
    TEST = "test"
    """Sent by `watcher channels test`, marked as such."""


@dataclass(frozen=True, slots=True)
class FirstSweep:
    """The result of the first sweep of a protected name: `found` lookalikes, each counted once.

    `told` of them are in an earlier message and not in this one, some in the first sweeps of `told_for`.
    """

    found: int
    told: int = 0
    told_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Alert:
    """One message to people. `id` stays the same on every try and on every channel.

    `events` are the ones shown, worst first; `total` counts all of the group, shown or not. `group` is the key they
    were gathered by. `text` is an extra line for digests, summaries and tests. `public_url` leads to our page, or None.
    `first_sweep` is there when that is what the alert is about.
    """

    id: str
    kind: AlertKind
    severity: Severity
    events: tuple[Event, ...]
    total: int
    group: str
    created_at: datetime
    text: str = ""
    public_url: str | None = None
    first_sweep: FirstSweep | None = None


TEST_GROUP = "test"
"""The group of a test alert; behind a colon the group that it shows."""

SHOWN_EVENTS = 50
"""An alert carries at most this many events; `total` tells of the rest."""


class DigestEvery(StrEnum):
    """The interval of the digest, which holds the events not told at once."""

    DAILY = "daily"
    WEEKLY = "weekly"
    """On Mondays."""
    NEVER = "never"


class SilenceScope(StrEnum):
    """The scope of a silence."""

    NAME = "name"
    """A name; a registrable domain with all hosts under it."""
    SUFFIX = "suffix"
    TECHNIQUE = "technique"
    PROTECTED = "protected"
    """Lookalikes that resemble no protected name but this one, or those under it."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Events that fall under it before `until` (None: without end) are recorded and told to nobody."""

    id: str
    scope: SilenceScope
    value: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """Sends events that match all of its conditions to `channels`; an empty condition matches everything."""

    channels: tuple[str, ...]
    protected: tuple[str, ...] = ()
    kinds: tuple[EventKind, ...] = ()
    min_severity: Severity = Severity.INFO
    owners: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def matches(self, event: Event) -> bool:
        """Return whether the event goes this way; `.mil` in `protected` matches every protected name under it.

        One of the owners, and one of the tags, must be those of one of its protected names; case does not matter.
        """
        if self.kinds and event.kind not in self.kinds:
            return False
        if not event.severity.at_least(self.min_severity):
            return False
        owners = {(row.owner or "").casefold() for row in event.ownership}
        tags = {tag.casefold() for row in event.ownership for tag in row.tags}
        if not (_meet(self.owners, owners) and _meet(self.tags, tags)):
            return False
        wanted = [name.removeprefix(".") for name in self.protected]
        return not wanted or any(is_under(name, ancestor) for name in event.protected for ancestor in wanted)


def _meet(wanted: tuple[str, ...], found: set[str]) -> bool:
    """Return whether one of `wanted` is in `found`, or nothing is wanted."""
    return not wanted or any(text.casefold() in found for text in wanted)


DEFAULT_KINDS = (
    EventKind.MAIL_BECAME_ABLE,
    EventKind.OWN_MAIL_AT_RISK,
    EventKind.MAIL_BECAME_UNABLE,
    EventKind.EXCHANGES_CHANGED,
    EventKind.EXPIRING,
    EventKind.LAPSED,
    EventKind.SUFFIX_WILDCARD_CHANGED,
    EventKind.WATCH_STALE,
    EventKind.WATCH_RECOVERED,
    EventKind.CHANNEL_FAILING,
)
"""Kinds of event that are alerted at once unless the settings say otherwise."""


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """The settings `alerts.*`: what is told, to whom and when. `channels` are the configured ones, in order."""

    channels: tuple[str, ...]
    kinds: frozenset[EventKind] = frozenset(DEFAULT_KINDS)
    min_severity: Severity = Severity.MEDIUM
    digest: DigestEvery = DigestEvery.DAILY
    digest_at: time = time(8)
    timezone: tzinfo = UTC
    digest_after: int = 5
    group_wait: timedelta = timedelta(seconds=30)
    routes: tuple[Route, ...] = ()


class DecisionKind(StrEnum):
    """The fate of an event in the outbox: an alert at once, a line of the digest, or nothing."""

    PAGE = "page"
    DIGEST = "digest"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Decision:
    """The way an event is told: its kind, its channels (none for NONE) and its reason, in words for the operator."""

    kind: DecisionKind
    channels: tuple[str, ...]
    reason: str


BASELINE_KINDS = frozenset({EventKind.LOOKALIKE_FOUND, EventKind.MAIL_FOUND_ABLE})
"""Kinds of event that a first sweep finds: no news there, so each protected name gets one digest of them."""


def is_baseline(event: Event) -> bool:
    """Return whether the event is what a first look found, and no news."""
    return event.kind in BASELINE_KINDS and bool(event.after.get("baseline"))


_TOLD_OF_OURS = frozenset(
    {
        EventKind.OWN_MAIL_AT_RISK,
        EventKind.MAIL_BECAME_UNABLE,
        EventKind.EXCHANGES_CHANGED,
        EventKind.NAMESERVERS_CHANGED,
        EventKind.REGISTRATION_CHANGED,
        EventKind.REGISTERED,
        EventKind.LAPSED,
        EventKind.EXPIRING,
    }
)


def decide(
    event: Event, policy: AlertPolicy, silences: Iterable[Silence] = (), *, told: tuple[str, ...] = ()
) -> Decision:
    """Return the way `event` is told: at once, in the digest or not at all.

    Loss, expiry and change of holder of what is ours are told whatever the policy's kinds say.
    Only a silence of that very name keeps those back. No channel is told of its own failing. `told` are the channels
    that told at once of what this event ends: they tell of the end too, besides those of its own way. Events of the
    watch itself have no name that could be more or less grave: `min_severity` is not for them.
    """
    ours = concerns_ours(event)
    silence = _silence_of(event, silences, only_name=ours)
    if silence is not None:
        until = "" if silence.until is None else f" until {time_text(silence.until)}"
        return Decision(DecisionKind.NONE, (), f"silenced: {silence.scope.value} {silence.value}{until}")
    channels, way = _channels(event, policy)
    if not channels:
        return Decision(DecisionKind.NONE, (), way)
    if ours:
        return Decision(DecisionKind.PAGE, channels, f"{event.kind.value} of a name of ours is always told; {way}")
    if story := part_of_story(event):
        return _in_digest(event, policy, channels, f"{story}: in the digest; {way}")
    heard = tuple(name for name in policy.channels if name in told)
    if heard:
        own = channels if _is_told_at_once(event, policy) else ()
        everyone = tuple(name for name in policy.channels if name in {*heard, *own})
        return Decision(DecisionKind.PAGE, everyone, f"{', '.join(heard)} told of what this ends; {way}")
    return _by_policy(event, policy, channels, way)


def _by_policy(event: Event, policy: AlertPolicy, channels: tuple[str, ...], way: str) -> Decision:
    """Return the decision for an event that is neither silenced, nor ours, nor the end of what was told."""
    if event.kind not in policy.kinds:
        why = f"{event.kind.value} is not in alerts.kinds"
    elif not _is_told_at_once(event, policy):
        why = f"severity {event.severity.value} is below alerts.min_severity {policy.min_severity.value}"
    else:
        reaches = f", severity {event.severity.value} reaches alerts.min_severity" if event.name else ""
        return Decision(DecisionKind.PAGE, channels, f"{event.kind.value} is in alerts.kinds{reaches}; {way}")
    return _in_digest(event, policy, channels, f"{why}: in the digest; {way}")


def _in_digest(event: Event, policy: AlertPolicy, channels: tuple[str, ...], reason: str) -> Decision:
    if policy.digest is DigestEvery.NEVER and event.kind not in BASELINE_KINDS:
        return Decision(DecisionKind.NONE, (), f"{reason.partition(': in the digest')[0]}, and alerts.digest is never")
    return Decision(DecisionKind.DIGEST, channels, reason)


def part_of_story(event: Event) -> str | None:
    """Return why the event needs no message of its own (its story was told before); None where it needs one."""
    if event.after.get(Mark.DAMPED):
        return "the name goes back and forth, and that was told (M72)"
    if event.after.get(Mark.JOINED):
        return "another host of the same domain gained mail the same way, and that was told (M73)"
    return None


def _is_told_at_once(event: Event, policy: AlertPolicy) -> bool:
    return event.kind in policy.kinds and (not event.name or event.severity.at_least(policy.min_severity))


def concerns_ours(event: Event) -> bool:
    """Return whether the event is a loss or change of an own, defensive or protected name."""
    if event.kind is EventKind.OWN_MAIL_AT_RISK:
        return True
    if event.kind is EventKind.MAIL_BECAME_ABLE:  # M35: it was the owner's, and is not any more
        return event.before.get("ability") == "able" and Flag.DEFENSIVE.value in event.before.get("flags", ())
    if event.kind not in _TOLD_OF_OURS:
        return False
    if any(is_under(event.name, name) for name in event.protected):
        return True
    return any(
        side.get("relation") in {"own", "protected"} or Flag.DEFENSIVE.value in side.get("flags", ())
        for side in (event.before, event.after)
    )


def _silence_of(event: Event, silences: Iterable[Silence], *, only_name: bool) -> Silence | None:
    """Return the first silence in force that covers the event. Watch events have no name and are never silenced."""
    if not event.name:
        return None
    active = [silence for silence in silences if silence.until is None or event.at < silence.until]
    for silence in active:
        if silence.scope is SilenceScope.NAME and silence.value in {event.name, event.registrable_domain}:
            return silence
        if silence.scope is SilenceScope.SUFFIX and not only_name and is_under(event.name, _bare(silence.value)):
            return silence
    return None if only_name else _silence_of_resemblance(event, active)


def _silence_of_resemblance(event: Event, active: list[Silence]) -> Silence | None:
    """A lookalike of several protected names, or by several techniques, is silent only when each of them is."""
    protected = [silence for silence in active if silence.scope is SilenceScope.PROTECTED]
    if event.protected and all(any(is_under(n, _bare(s.value)) for s in protected) for n in event.protected):
        return next(s for s in protected if is_under(event.protected[0], _bare(s.value)))
    techniques = {technique for resemblance in event.resembles for technique in resemblance.techniques}
    silent = {silence.value: silence for silence in active if silence.scope is SilenceScope.TECHNIQUE}
    if techniques and techniques <= silent.keys():
        return silent[min(techniques)]
    return None


def _bare(suffix: str) -> str:
    return suffix.removeprefix(".")


def _channels(event: Event, policy: AlertPolicy) -> tuple[tuple[str, ...], str]:
    """Return the channels and the way they were found; without channels the way says why there are none."""
    if not policy.channels:
        return (), "no channel is configured"
    chosen, way = policy.channels, "no route matches: every channel" if policy.routes else "every channel"
    for number, route in enumerate(policy.routes, start=1):
        if route.matches(event):
            chosen, way = route.channels, f"route {number}"
            break
    if event.kind in {EventKind.CHANNEL_FAILING, EventKind.CHANNEL_RECOVERED}:
        failing = event.after.get("channel")
        others = tuple(name for name in policy.channels if name != failing)
        routed = tuple(name for name in chosen if name in others)
        return routed or others, way if others else f"{failing} is the only channel"
    known = tuple(name for name in chosen if name in policy.channels)
    if not known:  # a route to a channel that is gone must not lose the event
        return policy.channels, f"{way} names no configured channel: every channel"
    return known, way


def group_key(event: Event) -> str:
    """Return the event's key, storms aside: a registrable domain, a suffix, a channel, a resolver or the watch."""
    if event.kind in {EventKind.CHANNEL_FAILING, EventKind.CHANNEL_RECOVERED}:
        return f"channel:{event.after.get('channel', '')}"
    if event.kind is EventKind.RESOLVER_REFUSED:
        return f"resolver:{event.after.get('resolver', event.source)}"
    if not event.name:
        return "watch"
    if event.registrable_domain is None:  # a wildcard of `uk` shows under `org.uk` too
        return f"suffix:{event.name.rpartition('.')[2]}"
    return f"domain:{event.registrable_domain}"


def worst_first(events: Iterable[Event]) -> tuple[Event, ...]:
    """By severity, worst first, then in their order in time."""
    order = list(Severity)
    return tuple(sorted(events, key=lambda event: (-order.index(event.severity), event.id)))


def gathered(
    alert_id: str,
    kind: AlertKind,
    events: Iterable[Event],
    *,
    group: str,
    created_at: datetime,
    total: int | None = None,
    text: str = "",
    public_url: str | None = None,
    first_sweep: FirstSweep | None = None,
) -> Alert:
    """Return the alert about `events`, the worst SHOWN_EVENTS shown; `total`, where there are more than given."""
    ordered = worst_first(events)
    return Alert(
        id=alert_id,
        kind=kind,
        severity=ordered[0].severity if ordered else Severity.INFO,
        events=ordered[:SHOWN_EVENTS],
        total=len(ordered) if total is None else total,
        group=group,
        created_at=created_at,
        text=text,
        public_url=public_url,
        first_sweep=first_sweep,
    )
