"""One look recorded: what stands, the events it raises and their outbox rows, all in one transaction.

    watch = Watch(store=store, clock=clock)
    recorded = await watch.record(look, resemblances=..., origin=Origin(absent_since=shard.absent_since(version)))
    recorded = await watch.record_registration(name, facts)

The next look at a row is taken at `row.next_look_at`, with `avoid=row.state.avoid` and nothing remembered from before.
Recording is idempotent: the same look, or the same facts, a second time change nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from random import random

from watcher.core.events import Event, EventKind, Resemblance
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.names.names import Fqdn, to_unicode
from watcher.core.ports import Clock
from watcher.core.registration.changes import changes, doubted, merged
from watcher.core.registration.facts import (
    RegistrationFacts,
    RegistrationSource,
    RegistrationStatus,
    compared_with_dns,
    own_facts,
)
from watcher.core.shapes import mail_brief_json
from watcher.core.states.cadence import Cadence, Refresh, next_look, next_registration
from watcher.core.states.mail_state import Draft, MailState, Origin, Policy, Standing, exists, sighted, standing_of
from watcher.core.states.name import reconsider, step
from watcher.services.looks import suffix_sightings
from watcher.services.looks.drafting import Subject, mail_event, plain_event, registration_event
from watcher.services.looks.examine import Look
from watcher.services.looks.parent_wildcard import by_wildcard, is_first_to_say
from watcher.services.looks.transactions import SharedTransactions
from watcher.store import Store, Tx, event_log, lookalikes, own_names, protected_names, raw_replies, resemblances
from watcher.store.lookalikes import LOOKALIKE, OWN, PROTECTED, Lookalike, Relation
from watcher.store.raw_replies import RawReply

_ABOUT_LOOKALIKES = frozenset({EventKind.LOOKALIKE_FOUND, EventKind.MAIL_FOUND_ABLE, EventKind.MAIL_BECAME_ABLE})
_RISK_SIGHTINGS = 2
_DEFENSIVE = Flag.DEFENSIVE.value


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a look or a set of facts left behind. `row` None: there is nothing to keep, the name is absent."""

    row: Lookalike | None
    events: tuple[Event, ...] = ()


class Watch:
    """The only writer of what stands about names. `jitter` gives numbers from 0 to 1 that spread the next looks."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        policy: Policy | None = None,
        cadence: Cadence | None = None,
        refresh: Refresh | None = None,
        jitter: Callable[[], float] = random,
    ) -> None:
        self._store = store
        self._transactions = SharedTransactions(store)
        self._clock = clock
        self._policy = policy or Policy()
        self._cadence = cadence or Cadence()
        self._refresh = refresh or Refresh()
        self._jitter = jitter

    async def record(
        self,
        look: Look,
        *,
        resemblances: Sequence[Resemblance] = (),
        origin: Origin | None = None,
        registration: RegistrationFacts | None = None,
        relation: Relation = LOOKALIKE,
    ) -> Recorded:
        """Record a look at a name; `origin` counts at its first look only, `registration` where it was just asked for.

        A look that resembles only names that are not protected (any more), at a name without a row, is not recorded.
        """
        return await self._transactions.run(
            lambda tx: self._record(
                tx, look, resembling=resemblances, origin=origin, registration=registration, relation=relation
            )
        )

    async def record_registration(self, name: Fqdn, new: RegistrationFacts) -> Recorded:
        """Record facts about the registrable domain of `name` for its row and all under the same domain.

        Each change is one event, of the domain's own row where it has one. Nothing for a name without a row.
        """
        async with self._store.write() as tx:
            row = await lookalikes.find(tx, name)
            if row is None:
                return Recorded(None)
            rows = (
                [row] if row.registrable_domain is None else await lookalikes.list_of_domain(tx, row.registrable_domain)
            )
            if row.name not in {one.name for one in rows}:
                rows.append(row)
            speaker = next((one for one in rows if one.name == one.registrable_domain), row)
            if own_facts(new, row.registrable_domain) is not None:
                new = compared_with_dns(new, delegated=any(delegated(one.state) for one in rows))
            known = await resemblances.find_all(tx, [one.name for one in rows])
            ours = await self._ours(tx, speaker)
            subject = Subject(speaker.name, speaker.registrable_domain, known[speaker.name], ours)
            told = self._registration_events(speaker, new, subject)
            saved = [self._with_facts(one, new) for one in rows]
            await lookalikes.save(tx, saved)
            await self._keep_raw(tx, saved, new)
            await event_log.add(tx, told, now=self._clock.now())
            return Recorded(next(one for one in saved if one.name == name), tuple(told))

    async def _record(
        self,
        tx: Tx,
        look: Look,
        *,
        resembling: Sequence[Resemblance],
        origin: Origin | None,
        registration: RegistrationFacts | None,
        relation: Relation,
    ) -> Recorded:
        now, seen = self._clock.now(), look.observation
        before = await lookalikes.find(tx, seen.name)
        new, joined = await self._resembling(tx, before, resembling, seen.name)
        if before is None and resembling and not joined:
            return Recorded(None)
        row = before or Lookalike(
            seen.name, seen.registrable_domain, seen.public_suffix, to_unicode(seen.name), relation
        )
        subject = Subject(row.name, row.registrable_domain, joined, await self._ours(tx, row, look.verdict))
        verdict = _as_ours(look.verdict) if subject.ours == OWN else look.verdict
        if verdict.basis is Basis.REGISTRY_WILDCARD and not row.state.seen and row.relation == LOOKALIKE:
            await lookalikes.remove(tx, [row.name])
            # M54: the suffix's doing; the watch over suffixes looks for itself, and tells
            news = origin is not None and origin.known_absent_since is not None
            await suffix_sightings.note(tx, seen.public_suffix, [one.protected for one in joined], news=news, now=now)
            return Recorded(None)
        if registration is not None and origin is not None:
            origin = replace(origin, registered_at=registration.created_at)
        sighting = sighted(row.name, verdict, seen.attempted_at)
        state, drafts = step(row.state, sighting, now, self._policy, origin)
        drafts = tuple(_moved(draft) if row.relation != LOOKALIKE else draft for draft in drafts)
        if state == row.state:  # the same look again
            await resemblances.save(tx, row.name, new)
            return Recorded(before)
        told = [
            mail_event(self._store.ids(), draft, await self._attributed(tx, subject, draft), sighting.at)
            for draft in drafts
            if await self._told(tx, row, draft)
        ]
        told += self._registered_by_dns(row, verdict, subject, sighting.at)
        state, at_risk = self._at_risk(row, state, verdict, subject, sighting.at)
        told += at_risk
        row = replace(row, state=state)
        if registration is not None:
            told += self._registration_events(row, registration, subject)
            row = self._with_facts(row, registration)
        kept = (
            None
            if _worthless(row)
            else self._looked(row, verdict, subject, now, came_or_went=_came_or_went(before, state))
        )
        if kept is None:
            await lookalikes.remove(tx, [row.name])
        else:
            await lookalikes.save(tx, [kept])
            await resemblances.save(tx, row.name, new)
        await event_log.add(tx, told, now=now)
        return Recorded(kept, tuple(told))

    async def _resembling(
        self, tx: Tx, before: Lookalike | None, resembling: Sequence[Resemblance], name: str
    ) -> tuple[list[Resemblance], tuple[Resemblance, ...]]:
        """Those that are to be saved, and all of them; none of names that are not protected any more."""
        still = await protected_names.find_known(tx, [one.protected for one in resembling])
        known = () if before is None else (await resemblances.find_all(tx, [name]))[name]
        new = [one for one in resembling if one.protected in still and one not in known]
        return new, _joined(known, new)

    def _looked(
        self, row: Lookalike, verdict: Verdict, subject: Subject, now: datetime, *, came_or_went: bool
    ) -> Lookalike:
        """The row after the look; its verdict is the last settled one, or the newest while none has settled.

        Its severity is that of what stands: a gain or loss that is not confirmed yet makes it neither worse nor better.
        Of a name that `came_or_went` the registry is asked at once.
        """
        state = row.state
        unsettled_yet = row.verdict is None or row.verdict.ability is Ability.UNKNOWN
        shown = verdict if verdict.ability is not Ability.UNKNOWN or unsettled_yet else row.verdict
        rating = subject.rating(state.standing or shown or verdict)
        first_seen_at = row.first_seen_at or (state.attempted_at if state.seen else None)
        asks = state.seen or row.relation != LOOKALIKE
        return replace(
            row,
            verdict=shown,
            severity=rating.severity,
            severity_reasons=rating.reasons,
            first_seen_at=first_seen_at,
            registration_next_at=now if came_or_went else row.registration_next_at or (now if asks else None),
            next_look_at=next_look(
                state,
                now,
                self._jitter(),
                cadence=self._cadence,
                registration=row.registration,
                first_seen_at=first_seen_at,
                owned=subject.ours in {OWN, PROTECTED},
            ),
        )

    async def _ours(self, tx: Tx, row: Lookalike, verdict: Verdict | None = None) -> str | None:
        """Whose it is: what it is watched as, on the own list, or defensive by what stands or was seen now (M35)."""
        if row.relation != LOOKALIKE:
            return row.relation
        names = [row.name] if row.registrable_domain is None else [row.name, row.registrable_domain]
        if await own_names.find_known(tx, names):
            return OWN
        sides = (row.state.standing, verdict)
        return _DEFENSIVE if any(side is not None and Flag.DEFENSIVE in side.flags for side in sides) else None

    async def _told(self, tx: Tx, row: Lookalike, draft: Draft) -> bool:
        """Whether a draft becomes an event: not for a suffix's wildcard, nor twice for one wildcard of a parent."""
        if row.relation != LOOKALIKE and draft.kind in _ABOUT_LOOKALIKES:
            return False
        if draft.after.basis is Basis.REGISTRY_WILDCARD:
            return False  # M54: reported once for the suffix
        domain = row.registrable_domain
        if domain is None or domain == row.name or not by_wildcard(draft):
            return True
        siblings = await lookalikes.list_of_domain(tx, domain)
        return is_first_to_say(draft, [one for one in siblings if one.name != row.name])

    async def _attributed(self, tx: Tx, subject: Subject, draft: Draft) -> Subject:
        """M51: what a parent's wildcard does is the parent's; its end is not while anything under it is able."""
        domain = subject.registrable_domain
        if domain is None or subject.name == domain or not by_wildcard(draft):
            return subject
        if draft.kind is EventKind.MAIL_BECAME_UNABLE:
            others = [one for one in await lookalikes.list_of_domain(tx, domain) if one.name != subject.name]
            if any(one.state.standing is not None and one.state.standing.ability is Ability.ABLE for one in others):
                return subject
        parent = (await resemblances.find_all(tx, [domain]))[domain]
        return replace(subject, name=domain, resembles=_joined(subject.resembles, parent))

    def _registered_by_dns(self, row: Lookalike, verdict: Verdict, subject: Subject, at: datetime) -> list[Event]:
        """`registered` for a name that was there, was gone by as many looks as a loss takes, and is back.

        Where no registry says so; one look may be a resolver's lie.
        """
        gone = row.state.seen and row.state.absences >= self._policy.losses
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
        kind, event_id, whose = EventKind.REGISTERED, self._store.ids(), _held(subject, row.state)
        return [registration_event(event_id, kind, whose, verdict, at=at, before=before, after=after)]

    def _at_risk(
        self, row: Lookalike, state: MailState, verdict: Verdict, subject: Subject, at: datetime
    ) -> tuple[MailState, list[Event]]:
        """`own_mail_at_risk`, once, when settled looks in a row saw an exchange of ours dead or one change from it."""
        if subject.ours not in {OWN, PROTECTED} or verdict.ability is Ability.UNKNOWN:
            return state, []
        troubled = not {Flag.PARTLY_DEAD, Flag.ARMED}.isdisjoint(verdict.flags) or (
            verdict.ability is Ability.UNABLE and verdict.basis not in {Basis.NULL_MX, Basis.NO_ADDRESS}
        )
        state = replace(state, at_risk=state.at_risk + 1 if troubled else 0)
        if state.at_risk != _RISK_SIGHTINGS:
            return state, []
        brief, standing = mail_brief_json(verdict), row.state.standing
        before = {} if standing is None else mail_brief_json(standing)
        kind, event_id = EventKind.OWN_MAIL_AT_RISK, self._store.ids()
        return state, [plain_event(event_id, kind, subject, verdict, at=at, before=before, after=brief)]

    def _registration_events(self, row: Lookalike, new: RegistrationFacts, subject: Subject) -> list[Event]:
        """What changed; nothing where the facts are a parent's: it renews and moves for reasons of its own."""
        if own_facts(new, row.registrable_domain) is None:
            return []
        whose = _held(subject, row.state)
        return [
            registration_event(
                self._store.ids(), kind, whose, row.verdict, at=new.fetched_at, before=row.registration, after=new
            )
            for kind in (changes(row.registration, new) if doubted(row.registration, new) is None else ())
        ]

    async def _keep_raw(self, tx: Tx, rows: Sequence[Lookalike], new: RegistrationFacts) -> None:
        """Keep the reply as it came where one of the rows is able: it is evidence then, and else a person's data."""
        if new.raw is None or not any(_is_able(row) for row in rows):
            return
        domain = rows[0].registrable_domain or rows[0].name
        await raw_replies.save(tx, RawReply(domain, new.fetched_at, new.source.value, new.raw))

    def _with_facts(self, row: Lookalike, new: RegistrationFacts) -> Lookalike:
        """The row with the facts; one that proves to be news (M68) is looked at again at once."""
        now, state, next_look_at = self._clock.now(), row.state, row.next_look_at
        if new.created_at is not None and own_facts(new, row.registrable_domain) is not None:
            state = reconsider(state, new.created_at, now)
            next_look_at = next_look_at if state == row.state else now
        kept = doubted(row.registration, new)
        asked_again = next_registration(
            new, _matters(row), now, self._jitter(), refresh=self._refresh, doubted=kept is not None
        )
        facts_now = kept or merged(row.registration, new)
        return replace(
            row, state=state, next_look_at=next_look_at, registration=facts_now, registration_next_at=asked_again
        )


def _matters(row: Lookalike) -> bool:
    """Whether it is able, or one of ours."""
    return row.relation != LOOKALIKE or _is_able(row)


def _is_able(row: Lookalike) -> bool:
    return row.verdict is not None and row.verdict.ability is Ability.ABLE


def _worthless(row: Lookalike) -> bool:
    """Whether nothing is to be kept: a candidate that was never seen to exist, and settled as absent."""
    state = row.state
    open_question = state.failures > 0 or state.pending is not None or state.standing is None
    return row.relation == LOOKALIKE and not state.seen and not open_question


def _held(subject: Subject, state: MailState) -> Subject:
    """Whose the registration is: a defensive name stays the owner's until it takes mail for somebody else (M35)."""
    return replace(subject, ours=_DEFENSIVE) if subject.ours is None and state.was_ours else subject


def delegated(state: MailState) -> bool:
    """Whether what stands shows a delegation in the DNS; a name armed by its registry alone (M06) shows none."""
    standing = state.standing
    absent = {Basis.NO_SUCH_NAME, Basis.NO_SUCH_SUFFIX}
    return standing is not None and standing.basis not in absent and exists(standing)


def _came_or_went(before: Lookalike | None, state: MailState) -> bool:
    """Whether a name that had settled before is in the DNS where it was not, or the other way round."""
    if before is None or before.state.standing is None:
        return False
    return delegated(before.state) != delegated(state)


def _moved(draft: Draft) -> Draft:
    """What is ours and takes its mail away from our hosts changes its exchanges: it is no lookalike that gains."""
    away = draft.kind is EventKind.MAIL_BECAME_ABLE and standing_of(draft.before) is Standing.DEFENSIVE
    return replace(draft, kind=EventKind.EXCHANGES_CHANGED) if away else draft


def _as_ours(verdict: Verdict) -> Verdict:
    if Flag.DEFENSIVE in verdict.flags:
        return verdict
    return replace(verdict, flags=tuple(sorted((*verdict.flags, Flag.DEFENSIVE))))


def _joined(known: Sequence[Resemblance], new: Sequence[Resemblance]) -> tuple[Resemblance, ...]:
    """One for each protected name, the new ones first, most likely first."""
    by_name = {one.protected: one for one in (*known, *new)}
    return tuple(sorted(by_name.values(), key=lambda one: (-one.likelihood, one.protected)))
