"""Assess one look at a name: the row as it is afterwards, and the events to be recorded with it.

Each decision about a look stands here, around `step`, in this order:

1. A name on the own list is judged as defensive (M35), until its mail goes to an operator that did not run it before.
2. A suffix's wildcard is the suffix's doing: a name that was never seen to exist keeps no row (M54).
3. `step` says what stands now, and what changed.
4. An own name whose mail moved away from the owner's hosts changed its exchanges; it is no lookalike that gains (M35).
5. What a wildcard of the parent does is told once, in the parent's name (M51).
   A gain that follows one of a sibling by the same wildcard, operator or address joins its story (M73).
6. A name that was gone and is back is `registered` by the DNS, where no registry says anything.
7. An own name whose exchanges are dead or one change from it, by two looks, is `own_mail_at_risk`.
8. Registration facts that came with the look raise events of their own.
9. A candidate that was never seen to exist and settled as absent keeps no row.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from watcher.core.events import EventKind, Resemblance
from watcher.core.mail.look import Look
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.names.names import to_unicode
from watcher.core.registration.changes import changes, doubted, merged
from watcher.core.registration.facts import (
    RegistrationFacts,
    RegistrationSource,
    RegistrationStatus,
    compared_with_dns,
    own_facts,
)
from watcher.core.states.cadence import Cadence, Refresh, next_look, next_registration
from watcher.core.states.lookalike import LOOKALIKE, OWN, PROTECTED, Lookalike, Relation, Triage
from watcher.core.states.mail_state import Draft, MailState, Origin, Policy, Standing, exists, sighted, standing_of
from watcher.core.states.name import reconsider, step
from watcher.core.states.parent_wildcard import by_wildcard, is_first_to_say
from watcher.core.states.steadiness import Mark, operators_of
from watcher.core.states.subject import NameDraft, RegistrationDraft, RiskDraft, Subject

DEFENSIVE = Flag.DEFENSIVE.value
"""`Subject.ours` of a name whose mail goes to the owner's hosts (M35)."""

_ABOUT_LOOKALIKES = frozenset({EventKind.LOOKALIKE_FOUND, EventKind.MAIL_FOUND_ABLE, EventKind.MAIL_BECAME_ABLE})
_RISK_SIGHTINGS = 2


@dataclass(frozen=True, slots=True)
class AssessRules:
    """The rules of an assessment: confirmation of changes, times of looks, and age of registration facts."""

    confirm: Policy = field(default_factory=Policy)
    cadence: Cadence = field(default_factory=Cadence)
    refresh: Refresh = field(default_factory=Refresh)


@dataclass(frozen=True, slots=True)
class Siblings:
    """The other rows of the registrable domain, and what the domain itself resembles."""

    rows: tuple[Lookalike, ...] = ()
    resembles: tuple[Resemblance, ...] = ()


NO_SIBLINGS = Siblings()


@dataclass(frozen=True, slots=True)
class Assessment:
    """The row after a look, None where nothing is to be kept; the drafts of the events to be recorded.

    `by_suffix`: the look met a wildcard of the public suffix, which is watched by itself (M54). `asks_siblings`: they
    decide what is told (M51, M73); a caller that gave none assesses again with them.
    """

    row: Lookalike | None
    drafts: tuple[NameDraft, ...] = ()
    by_suffix: bool = False
    asks_siblings: bool = False


def new_row(look: Look, relation: Relation) -> Lookalike:
    """Return the row of a name before its first look."""
    seen = look.observation
    return Lookalike(seen.name, seen.registrable_domain, seen.public_suffix, to_unicode(seen.name), relation)


def whose(row: Lookalike, verdict: Verdict | None, *, on_own_list: bool) -> str | None:
    """Return the owner's relation to the name: as it is watched, own by the list, or defensive (M35); None: foreign."""
    if row.relation != LOOKALIKE:
        return row.relation
    if on_own_list:
        return OWN
    sides = (row.state.standing, verdict)
    return DEFENSIVE if any(side is not None and Flag.DEFENSIVE in side.flags for side in sides) else None


def assess(  # noqa: PLR0917 (all that a look is decided by)
    row: Lookalike,
    look: Look,
    subject: Subject,
    siblings: Siblings,
    now: datetime,
    rules: AssessRules,
    *,
    origin: Origin | None = None,
    registration: RegistrationFacts | None = None,
    baseline_done: bool = False,
    jitter: float = 0.5,
) -> Assessment:
    """Return the outcome of a look; the same look a second time returns the row itself, and no drafts.

    `origin` counts at the first look only; `registration` are facts that were asked for with the look.
    `baseline_done`: the first sweep over a protected name it resembles has ended (M75). `jitter`, from 0 to 1, spreads
    the next look.
    """
    verdict = _as_ours(look.verdict, row.state.home, rules.confirm) if subject.ours == OWN else look.verdict
    if verdict.basis is Basis.REGISTRY_WILDCARD and not row.state.seen and row.relation == LOOKALIKE:
        return Assessment(None, by_suffix=True)
    at = look.observation.attempted_at
    if registration is not None and origin is not None:
        origin = replace(origin, registered_at=registration.created_at)
    sighting = sighted(row.name, verdict, at)
    state, changed = step(row.state, sighting, now, rules.confirm, origin, baseline_done=baseline_done)
    if state == row.state:
        return Assessment(row)
    state = _at_home(state, row.state.home, verdict, subject, rules.confirm)
    moved = [_moved(draft) if subject.ours in {OWN, PROTECTED} else draft for draft in changed]
    asks_siblings = row.registrable_domain is not None and any(map(_is_of_the_family, moved))
    drafts = [
        NameDraft(_attributed(subject, draft, siblings), at, _in_story(draft, siblings.rows, at, rules.confirm))
        for draft in moved
        if _is_told(row, draft, siblings.rows)
    ]
    drafts += _registered_by_dns(row, verdict, subject, at, rules.confirm)
    state, at_risk = _at_risk(row, state, verdict, subject, at)
    drafts += at_risk
    after = replace(row, state=state)
    if registration is not None:
        drafts += registration_drafts(after, registration, subject)
        after = with_facts(after, registration, now, rules, jitter)
    if _worthless(after):
        return Assessment(None, tuple(drafts), asks_siblings=asks_siblings)
    if came_or_went(row.state, state) or any(draft.kind is EventKind.EXCHANGES_CHANGED for draft in moved):
        after = replace(after, registration_next_at=now)  # somebody may have bought it: its registry is asked at once
    return Assessment(
        _looked(after, verdict, subject, now, rules, jitter=jitter), tuple(drafts), asks_siblings=asks_siblings
    )


def assess_registration(
    rows: Sequence[Lookalike],
    new: RegistrationFacts,
    subject: Subject,
    now: datetime,
    rules: AssessRules,
    *,
    jitter: float,
) -> tuple[list[Lookalike], tuple[NameDraft, ...]]:
    """Return the rows of one registrable domain with new facts about it, and the events of the domain's own row.

    Where it has none, they are the events of the first row.
    """
    if own_facts(new, rows[0].registrable_domain) is not None:
        new = compared_with_dns(new, delegated=any(delegated(row.state) for row in rows))
    speaker = next((row for row in rows if row.name == subject.name), rows[0])
    drafts = registration_drafts(speaker, new, subject)
    return [with_facts(row, new, now, rules, jitter) for row in rows], tuple(drafts)


def registration_drafts(row: Lookalike, new: RegistrationFacts, subject: Subject) -> list[NameDraft]:
    """Return the events that the facts raise for a row; none where they are doubted, or a parent's.

    A parent renews and moves for reasons of its own.
    """
    if own_facts(new, row.registrable_domain) is None or doubted(row.registration, new) is not None:
        return []
    owner, before = _held(subject, row.state), row.registration
    return [
        NameDraft(owner, new.fetched_at, RegistrationDraft(kind, row.verdict, before, new))
        for kind in changes(before, new)
    ]


def with_facts(row: Lookalike, new: RegistrationFacts, now: datetime, rules: AssessRules, jitter: float) -> Lookalike:
    """Return the row with the facts; one that proves to be news (M68) is looked at again at once."""
    state, next_look_at = row.state, row.next_look_at
    if new.created_at is not None and own_facts(new, row.registrable_domain) is not None:
        state = reconsider(state, new.created_at, now)
        next_look_at = next_look_at if state == row.state else now
    kept = doubted(row.registration, new)
    matters = row.relation != LOOKALIKE or is_able(row)
    asked_again = next_registration(new, matters, now, jitter, refresh=rules.refresh, doubted=kept is not None)
    facts = kept or merged(row.registration, new)
    return replace(row, state=state, next_look_at=next_look_at, registration=facts, registration_next_at=asked_again)


def is_able(row: Lookalike) -> bool:
    """Return whether the verdict that is shown says able."""
    return row.verdict is not None and row.verdict.ability is Ability.ABLE


def delegated(state: MailState) -> bool:
    """Return whether what stands shows a delegation in the DNS; a name armed by its registry alone (M06) shows none."""
    standing = state.standing
    absent = {Basis.NO_SUCH_NAME, Basis.NO_SUCH_SUFFIX}
    return standing is not None and standing.basis not in absent and exists(standing)


def came_or_went(before: MailState, after: MailState) -> bool:
    """Return whether a name that had settled before is in the DNS where it was not, or the other way round."""
    return before.standing is not None and delegated(before) != delegated(after)


def joined(known: Sequence[Resemblance], new: Sequence[Resemblance]) -> tuple[Resemblance, ...]:
    """One resemblance for each protected name, a new one before a known one; most likely first."""
    by_name = {resemblance.protected: resemblance for resemblance in (*known, *new)}
    return tuple(sorted(by_name.values(), key=lambda resemblance: (-resemblance.likelihood, resemblance.protected)))


def _as_ours(verdict: Verdict, home: tuple[str, ...] | None, confirm: Policy) -> Verdict:
    """Return the verdict about an own name: defensive, unless its mail goes to somebody who did not run it before."""
    by_exchanges = any(finding.tag == Flag.DEFENSIVE and finding.evidence for finding in verdict.findings)
    away = home is not None and not by_exchanges and not operators_of(verdict, confirm) <= set(home)
    if away:
        flags = tuple(flag for flag in verdict.flags if flag is not Flag.DEFENSIVE)
        findings = tuple(finding for finding in verdict.findings if finding.tag != Flag.DEFENSIVE)
        return replace(verdict, flags=flags, findings=findings)
    return replace(verdict, flags=tuple(sorted({*verdict.flags, Flag.DEFENSIVE})))


def _at_home(
    state: MailState, home: tuple[str, ...] | None, verdict: Verdict, subject: Subject, confirm: Policy
) -> MailState:
    """Return the state with who runs the exchanges of an own name, as the first look at it with mail shows."""
    if subject.ours != OWN:
        return replace(state, home=None)
    return replace(state, home=home or tuple(sorted(operators_of(verdict, confirm))) or None)


def _moved(draft: Draft) -> Draft:
    """Return the draft of an own name: what takes its mail away from our hosts is a change of exchanges, not a gain."""
    away = draft.kind is EventKind.MAIL_BECAME_ABLE and standing_of(draft.before) is Standing.DEFENSIVE
    return replace(draft, kind=EventKind.EXCHANGES_CHANGED) if away else draft


def _is_told(row: Lookalike, draft: Draft, siblings: Sequence[Lookalike]) -> bool:
    """Return whether a draft becomes an event: not for a suffix's wildcard, nor twice for one wildcard of a parent."""
    if row.relation != LOOKALIKE and draft.kind in _ABOUT_LOOKALIKES:
        return False
    if draft.after.basis is Basis.REGISTRY_WILDCARD:
        return False  # M54: reported once for the suffix
    if row.registrable_domain in {None, row.name} or not by_wildcard(draft):
        return True
    return is_first_to_say(draft, siblings)


def _is_of_the_family(draft: Draft) -> bool:
    return draft.kind is EventKind.MAIL_BECAME_ABLE or by_wildcard(draft)


def _in_story(draft: Draft, siblings: Sequence[Lookalike], at: datetime, confirm: Policy) -> Draft:
    """Return the draft, marked where it joins the story of a sibling's gain (M73)."""
    if draft.kind is not EventKind.MAIL_BECAME_ABLE or standing_of(draft.before) is Standing.DEFENSIVE:
        return draft
    plain = standing_of(draft.after) is Standing.PLAIN
    for row in siblings:
        state = row.state
        if state.gained_at is None or not timedelta() <= at - state.gained_at <= confirm.back_within:
            continue
        as_strong = not plain or _was_plain(state, at - confirm.back_within)
        if as_strong and _alike(draft.after, state, confirm):
            return replace(draft, marks=draft.marks | {Mark.JOINED})
    return draft


def _was_plain(state: MailState, since: datetime) -> bool:
    fell_at = state.plain_until
    return standing_of(state.standing) is Standing.PLAIN or (fell_at is not None and fell_at >= since)


def _alike(gained: Verdict, sibling: MailState, confirm: Policy) -> bool:
    """Return whether a sibling takes, or took, its mail by the same wildcard, operator or address."""
    stood = sibling.standing
    operators = set(sibling.swings.operators) | set(sibling.shifts.operators)
    if stood is not None:
        if Flag.WILDCARD in gained.flags and Flag.WILDCARD in stood.flags:
            return True
        operators |= operators_of(stood, confirm)
        addresses = {address for exchange in stood.exchanges for address in exchange.addresses}
        if any(address in addresses for exchange in gained.exchanges for address in exchange.addresses):
            return True
    return bool(operators & operators_of(gained, confirm))


def _attributed(subject: Subject, draft: Draft, siblings: Siblings) -> Subject:
    """Return the subject of a draft: the parent for its wildcard, not for an end while a host is able (M51)."""
    domain = subject.registrable_domain
    if domain is None or subject.name == domain or not by_wildcard(draft):
        return subject
    if draft.kind is EventKind.MAIL_BECAME_UNABLE and any(_stands_able(row) for row in siblings.rows):
        return subject
    return replace(subject, name=domain, resembles=joined(subject.resembles, siblings.resembles))


def _stands_able(row: Lookalike) -> bool:
    return row.state.standing is not None and row.state.standing.ability is Ability.ABLE


def _registered_by_dns(
    row: Lookalike, verdict: Verdict, subject: Subject, at: datetime, confirm: Policy
) -> list[NameDraft]:
    """`registered` for a name that was there, was gone by as many looks as a loss takes, and is back.

    Where no registry says so; one look may be a resolver's lie.
    """
    gone = row.state.seen and row.state.absences >= confirm.losses
    silent = row.registration is None or row.registration.status is RegistrationStatus.UNKNOWN
    if row.relation != LOOKALIKE or not gone or not silent or verdict.ability is Ability.UNKNOWN:
        return []
    if not exists(verdict) or row.state.pending is not None:
        return []
    before, after = (
        RegistrationFacts(status, RegistrationSource.DNS, fetched_at)
        for status, fetched_at in (
            (RegistrationStatus.UNREGISTERED, row.state.settled_at or at),
            (RegistrationStatus.REGISTERED, at),
        )
    )
    change = RegistrationDraft(EventKind.REGISTERED, verdict, before, after)
    return [NameDraft(_held(subject, row.state), at, change)]


def _at_risk(
    row: Lookalike, state: MailState, verdict: Verdict, subject: Subject, at: datetime
) -> tuple[MailState, list[NameDraft]]:
    """`own_mail_at_risk`, once, when settled looks in a row saw an exchange of ours dead or one change from it."""
    if subject.ours not in {OWN, PROTECTED} or verdict.ability is Ability.UNKNOWN:
        return state, []
    troubled = not {Flag.PARTLY_DEAD, Flag.ARMED}.isdisjoint(verdict.flags) or (
        verdict.ability is Ability.UNABLE and verdict.basis not in {Basis.NULL_MX, Basis.NO_ADDRESS}
    )
    state = replace(state, at_risk=state.at_risk + 1 if troubled else 0)
    if state.at_risk != _RISK_SIGHTINGS:
        return state, []
    return state, [NameDraft(subject, at, RiskDraft(row.state.standing, verdict))]


def _held(subject: Subject, state: MailState) -> Subject:
    """Return the subject of the registration: a defensive name is the owner's until its mail goes elsewhere (M35)."""
    return replace(subject, ours=DEFENSIVE) if subject.ours is None and state.was_ours else subject


def _worthless(row: Lookalike) -> bool:
    """Return whether nothing is to be kept: a candidate that was never seen to exist, and settled as absent.

    What a person decided about it is kept.
    """
    state = row.state
    open_question = state.failures > 0 or state.pending is not None or state.standing is None
    return row.relation == LOOKALIKE and row.triage == Triage.NEW and not state.seen and not open_question


def _looked(
    row: Lookalike,
    verdict: Verdict,
    subject: Subject,
    now: datetime,
    rules: AssessRules,
    *,
    jitter: float,
) -> Lookalike:
    """Return the row after the look; its verdict is the last settled one, or the newest while none has settled.

    Its severity is that of what stands: a gain or loss that is not confirmed yet makes it neither worse nor better.
    """
    state = row.state
    unsettled_yet = row.verdict is None or row.verdict.ability is Ability.UNKNOWN
    shown = verdict if verdict.ability is not Ability.UNKNOWN or unsettled_yet else row.verdict
    rating = subject.rating(state.standing or shown or verdict)
    first_seen_at = row.first_seen_at or (state.attempted_at if state.seen else None)
    # What does not settle may be delegated all the same: its registry knows.
    asks = state.seen or row.relation != LOOKALIKE or state.failures > 1
    return replace(
        row,
        verdict=shown,
        severity=rating.severity,
        severity_reasons=rating.reasons,
        first_seen_at=first_seen_at,
        registration_next_at=row.registration_next_at or (now if asks else None),
        next_look_at=next_look(
            state,
            now,
            jitter,
            cadence=rules.cadence,
            registration=row.registration,
            first_seen_at=first_seen_at,
            owned=subject.ours in {OWN, PROTECTED},
        ),
    )
