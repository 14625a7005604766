"""The state machine of a name: the changes and events of a look (section E of the verdict's rules).

The whole behaviour is `TABLE`: what stands, what was seen, what is done. What stands changes only by settled looks:
unknown never does (M65). A gain or a change of exchanges stands when a second look confirms it (M38, M66, M70), a loss
after several looks apart (M64, M71). What comes back, or goes back and forth, is marked so (M72, `steadiness`). Times
are those of the looks; nothing here reads a clock.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from watcher.core.events import EventKind
from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Ability, Basis, Flag, Verdict
from watcher.core.states.exchange_sets import agree, differs, with_known
from watcher.core.states.mail_state import (
    SETTLED,
    UNSETTLED,
    Draft,
    Losses,
    MailState,
    Origin,
    Pending,
    Policy,
    Sighting,
    Standing,
    Unsettled,
    exists,
    obstacle,
    standing_of,
    stands,
)
from watcher.core.states.steadiness import Mark, set_back, swing

_ORDER = (Standing.NOTHING, Standing.UNSETTLED, Standing.UNABLE, Standing.DEFENSIVE, Standing.WEAK, Standing.PLAIN)
"""From the least to the most that somebody else's mail can do."""

_ABLE = frozenset({Standing.DEFENSIVE, Standing.WEAK, Standing.PLAIN})
_ABSENT = Verdict(Ability.UNABLE, Basis.NO_SUCH_NAME)

Step = tuple[MailState, tuple[Draft, ...]]


def step(
    state: MailState,
    sighting: Sighting,
    now: datetime,
    policy: Policy,
    origin: Origin | None = None,
    *,
    baseline_done: bool = False,
) -> Step:
    """Return the state after a look, and the events to be recorded; the same look twice changes nothing.

    `origin` counts at the very first look only. `baseline_done`: the first sweep over its protected name has ended, so
    that a name it did not settle may be news (M75). A look older than one already taken is dropped, unless the clock
    was set back: then what is under way moves with it, so that nothing waits for the clock to catch up.
    """
    if state.attempted_at is not None:
        set_back = now < state.attempted_at
        if sighting.at == state.attempted_at or (sighting.at < state.attempted_at and not set_back):
            return state, ()
        if set_back:
            state = _set_back(state, now)
    elif origin is not None:
        state = opened(state, origin)
    if baseline_done and standing_of(sighting.verdict) in _ABLE and _was_given_up(state, sighting.at):
        state = replace(state, standing=UNSETTLED)
    done, drafts = TABLE[stands(state), standing_of(sighting.verdict)](state, sighting, policy)
    after = standing_of(done.standing)
    was_ours = after is Standing.DEFENSIVE if after in _ABLE else state.was_ours
    absences = state.absences
    if sighting.verdict.ability is not Ability.UNKNOWN:
        absences = 0 if exists(sighting.verdict) else absences + 1
    return replace(done, attempted_at=sighting.at, was_ours=was_ours, absences=absences), drafts


def reconsider(state: MailState, registered_at: datetime, now: datetime) -> MailState:
    """Return the state with the name's registration date taken into account (M68).

    Where it was registered after the last sweep before its first look, its ability is news, not baseline; its next
    look, due at once, confirms it. Otherwise the state stays as it is.
    """
    since = state.baseline_since
    if since is None or registered_at <= since:
        return state
    news = replace(state, standing=_ABSENT, settled_at=since, baseline_since=None)
    if state.standing is None:
        return news
    first = Sighting(state.standing, state.settled_at or now, frozenset(), state.ttl)
    return replace(news, settled_at=state.settled_at, pending=Pending((first,), now, since))


def opened(state: MailState, origin: Origin) -> MailState:
    """Return the state of a name before its first look, with what is known of its candidate (M67b, M68, M74)."""
    absent_since = origin.known_absent_since
    if absent_since is None:
        return replace(state, baseline_since=origin.last_sweep_at)
    return replace(state, standing=_ABSENT, settled_at=absent_since)


def _was_given_up(state: MailState, at: datetime) -> bool:
    """Return whether nothing has settled yet, and the baseline waits for it no longer (M75)."""
    return state.standing is None and state.unsettled is not None and state.unsettled.is_given_up(at)


def _age(state: MailState, sighting: Sighting, policy: Policy) -> Step:  # noqa: ARG001 (all are called alike)
    """M65: an unsettled look changes nothing; what is under way waits for the next one."""
    outcome, unsettled = obstacle(sighting.verdict), state.unsettled
    if standing_of(state.standing) is Standing.NOTHING and state.pending is None:
        since, tries = (sighting.at, 0) if unsettled is None else (unsettled.since, unsettled.tries)
        unsettled = Unsettled(since, tries + 1, outcome)
    return replace(state, last_outcome=outcome, failures=state.failures + 1, unsettled=unsettled), ()


def _begin(state: MailState, sighting: Sighting, policy: Policy) -> Step:  # noqa: ARG001
    """M67: the first settled look at its candidate is baseline, not news."""
    verdict = sighting.verdict
    able = verdict.ability is Ability.ABLE
    done = _settled(state, sighting, baseline_since=state.baseline_since if able else None)
    if able:
        return done, (Draft(EventKind.MAIL_FOUND_ABLE, None, _shown(verdict), verdict.evidence, None),)
    return done, _found(state, done, verdict.evidence, None)


def _settle(state: MailState, sighting: Sighting, policy: Policy) -> Step:  # noqa: ARG001
    """Unable as before, whatever the basis; a gain under way is contradicted and ends."""
    done = _settled(state, sighting)
    return done, _found(state, done, sighting.verdict.evidence, state.settled_at)


def _gain(state: MailState, sighting: Sighting, policy: Policy) -> Step:
    """M38, M67b: able where it was unable or absent. M70: plain where it was weak. M35: the owner's no more.

    M75: able where nothing had settled. All by a confirming look.
    """
    stood, seen_now, pending = stands(state), standing_of(sighting.verdict), state.pending
    seen_before = standing_of(pending.readings[-1].verdict) if pending else Standing.NOTHING
    if pending is None or not _more(seen_before, stood):
        return _wait(state, sighting, _pending(state, sighting, policy)), ()
    if _more(seen_now, seen_before):
        stronger = _pending(state, sighting, policy)  # worth a minute more: one alert, with what it can do in the end
        return _wait(state, sighting, _after(pending, stronger)), ()
    if not _confirms(pending, sighting, policy):
        return _wait(state, sighting, _patient(pending, sighting, policy)), ()
    first_seen = pending.readings[0].at
    if stood not in _ABLE:
        return _gained(state, sighting, policy, pending)
    if stood is Standing.WEAK and state.plain_until is not None and first_seen - state.plain_until < policy.back_within:
        return _shifted(state, sighting, policy, pending, up=True)
    done, drafts = _change(
        state, sighting, EventKind.MAIL_BECAME_ABLE, pending.readings, pending.since, gained_at=sighting.at
    )
    shifts, _ = swing(
        state.shifts, state.standing, sighting.verdict, policy, up=True, first_seen=first_seen, at=sighting.at
    )
    return replace(done, shifts=shifts), drafts


def _compare(state: MailState, sighting: Sighting, policy: Policy) -> Step:
    """M66: as able as before; another set of exchanges is told when a second look shows the same one.

    M13: what its servers disagree about is told when as many looks show the same as a loss takes.
    """
    seen, stood, pending = sighting.verdict, state.standing, state.pending
    disagree = Flag.INCONSISTENT in seen.flags
    if not differs(stood, seen):
        if not disagree:
            return _settled(state, sighting, standing=with_known(stood, seen)), ()
        return replace(_settled(state, sighting, standing=stood), pending=_kept(pending, sighting, policy)), ()
    if pending is None or not agree(stood, pending.readings[-1].verdict, seen):
        return _wait(state, sighting, _pending(state, sighting, policy)), ()
    if not _confirms(pending, sighting, policy):
        return _wait(state, sighting, _patient(pending, sighting, policy)), ()
    if disagree and len(pending.readings) + 1 < policy.losses:
        return _wait(state, sighting, _after(pending, _pending(state, sighting, policy))), ()
    return _change(state, sighting, EventKind.EXCHANGES_CHANGED, pending.readings, pending.since)


def _lose(state: MailState, sighting: Sighting, policy: Policy) -> Step:
    """M64: unable where it was able. M71: weak where it was plain. Both after several settled looks apart.

    What became the owner's without any change in the DNS was put on the own list, or is protected now.
    """
    losses, seen_now = state.losses, standing_of(sighting.verdict)
    if seen_now is Standing.DEFENSIVE and not differs(state.standing, sighting.verdict):
        return _settled(state, sighting), ()
    if losses is None or standing_of(losses.readings[-1].verdict) is not seen_now:
        losses = Losses((), sighting.heard, state.settled_at)
    if sighting.heard < losses.due_at:
        return replace(_wait(state, sighting, None), losses=losses), ()
    gap = max(policy.loss_gap, _ttl(sighting, policy))
    too_few = _voices(losses.readings, sighting) < policy.voices and _adds_a_voice(losses.readings, sighting)
    losses = Losses((*losses.readings, sighting), sighting.at + gap, losses.since)
    if len(losses.readings) < policy.losses or too_few:
        return replace(_wait(state, sighting, None), losses=losses), ()
    if stands(state) is Standing.PLAIN:
        state = replace(state, plain_until=losses.readings[0].at)
    losses = replace(losses, readings=losses.readings[:-1])
    if seen_now is not Standing.UNABLE:
        return _shifted(state, sighting, policy, losses, up=False)
    first_seen, verdict = losses.readings[0].at if losses.readings else sighting.at, sighting.verdict
    swings, marks = swing(
        state.swings, state.standing, verdict, policy, up=False, first_seen=first_seen, at=sighting.at
    )
    kind = EventKind.MAIL_BECAME_UNABLE
    return _change(state, sighting, kind, losses.readings, losses.since, marks=marks, swings=swings)


def _gained(state: MailState, sighting: Sighting, policy: Policy, pending: Pending) -> Step:
    """M38, M67b, M75; M72 where it comes back."""
    first_seen, verdict = pending.readings[0].at, sighting.verdict
    swings, marks = swing(state.swings, state.standing, verdict, policy, up=True, first_seen=first_seen, at=sighting.at)
    kind, unsettled = EventKind.MAIL_BECAME_ABLE, state.unsettled if stands(state) is Standing.UNSETTLED else None
    return _change(
        state,
        sighting,
        kind,
        pending.readings,
        pending.since,
        marks=marks,
        unsettled=unsettled,
        swings=swings,
        gained_at=sighting.at,
    )


def _shifted(state: MailState, sighting: Sighting, policy: Policy, under_way: Pending | Losses, *, up: bool) -> Step:
    """M70, M71: from weak to plain or back, which is a change of exchanges; one that goes back and forth is damped."""
    first_seen = under_way.readings[0].at if under_way.readings else sighting.at
    shifts, marks = swing(
        state.shifts, state.standing, sighting.verdict, policy, up=up, first_seen=first_seen, at=sighting.at
    )
    kind = EventKind.EXCHANGES_CHANGED
    return _change(state, sighting, kind, under_way.readings, under_way.since, marks=marks, shifts=shifts)


TABLE: Mapping[tuple[Standing, Standing], Callable[[MailState, Sighting, Policy], Step]] = {
    # (what stands, what was seen): what is done
    (Standing.NOTHING, Standing.NOTHING): _age,
    (Standing.NOTHING, Standing.UNABLE): _begin,
    (Standing.NOTHING, Standing.DEFENSIVE): _begin,
    (Standing.NOTHING, Standing.WEAK): _begin,
    (Standing.NOTHING, Standing.PLAIN): _begin,
    (Standing.UNSETTLED, Standing.NOTHING): _age,
    (Standing.UNSETTLED, Standing.UNABLE): _begin,
    (Standing.UNSETTLED, Standing.DEFENSIVE): _gain,
    (Standing.UNSETTLED, Standing.WEAK): _gain,
    (Standing.UNSETTLED, Standing.PLAIN): _gain,
    (Standing.UNABLE, Standing.NOTHING): _age,
    (Standing.UNABLE, Standing.UNABLE): _settle,
    (Standing.UNABLE, Standing.DEFENSIVE): _gain,
    (Standing.UNABLE, Standing.WEAK): _gain,
    (Standing.UNABLE, Standing.PLAIN): _gain,
    (Standing.DEFENSIVE, Standing.NOTHING): _age,
    (Standing.DEFENSIVE, Standing.UNABLE): _lose,
    (Standing.DEFENSIVE, Standing.DEFENSIVE): _compare,
    (Standing.DEFENSIVE, Standing.WEAK): _gain,
    (Standing.DEFENSIVE, Standing.PLAIN): _gain,
    (Standing.WEAK, Standing.NOTHING): _age,
    (Standing.WEAK, Standing.UNABLE): _lose,
    (Standing.WEAK, Standing.DEFENSIVE): _lose,
    (Standing.WEAK, Standing.WEAK): _compare,
    (Standing.WEAK, Standing.PLAIN): _gain,
    (Standing.PLAIN, Standing.NOTHING): _age,
    (Standing.PLAIN, Standing.UNABLE): _lose,
    (Standing.PLAIN, Standing.DEFENSIVE): _lose,
    (Standing.PLAIN, Standing.WEAK): _lose,
    (Standing.PLAIN, Standing.PLAIN): _compare,
}


def _settled(state: MailState, sighting: Sighting, **changes: Any) -> MailState:
    """Return the state with the look's verdict as the standing one, and nothing under way."""
    verdict = sighting.verdict
    settled: dict[str, Any] = {"standing": verdict.brief, "seen": state.seen or exists(verdict), "unsettled": None}
    return replace(_wait(state, sighting, None), **{**settled, **changes})


def _wait(state: MailState, sighting: Sighting, pending: Pending | None) -> MailState:
    """Keep the standing verdict after a settled look; `pending` is under way, a row of losses is broken."""
    return replace(
        state,
        settled_at=sighting.at,
        last_outcome=SETTLED,
        failures=0,
        ttl=sighting.ttl,
        pending=pending,
        losses=None,
    )


def _change(
    state: MailState,
    sighting: Sighting,
    kind: EventKind,
    earlier: tuple[Sighting, ...],
    since: datetime | None,
    *,
    marks: frozenset[Mark] = frozenset(),
    unsettled: Unsettled | None = None,
    **changes: Any,
) -> Step:
    """Let the look's verdict stand, and draft the event with the evidence of all looks that say so."""
    done = _settled(state, sighting, baseline_since=None, **changes)
    evidence = tuple(answer for reading in (*earlier, sighting) for answer in reading.verdict.evidence)
    change = Draft(kind, state.standing, _shown(sighting.verdict), evidence, since, marks, unsettled)
    return done, (*_found(state, done, evidence, since), change)


def _found(
    before: MailState, done: MailState, evidence: tuple[Answer, ...], since: datetime | None
) -> tuple[Draft, ...]:
    """Return `lookalike_found` when the name is seen to exist for the first time."""
    if before.seen or not done.seen or done.standing is None:
        return ()
    return (Draft(EventKind.LOOKALIKE_FOUND, before.standing, done.standing, evidence, since),)


def _pending(state: MailState, sighting: Sighting, policy: Policy) -> Pending:
    wait = max(policy.delay, _ttl(sighting, policy)) if policy.alone else policy.delay
    since = state.settled_at
    if since is None and stands(state) is Standing.UNSETTLED:
        since = state.attempted_at
    return Pending((sighting,), sighting.at + wait, since)


def _after(pending: Pending, next_one: Pending) -> Pending:
    return Pending((*pending.readings, *next_one.readings), next_one.due_at, pending.since)


def _confirms(pending: Pending, sighting: Sighting, policy: Policy) -> bool:
    """Return whether the look is far enough from the one it repeats: by delay and resolvers, or else by the TTL."""
    first = pending.readings[-1]
    apart = sighting.heard - first.at
    if apart < policy.delay:
        return False
    enough = _voices(pending.readings, sighting) >= policy.voices
    if not enough and _adds_a_voice(pending.readings, sighting):
        return False
    others = bool(first.resolvers) and not sighting.resolvers <= first.resolvers
    return (others and enough) or apart >= _ttl(first, policy)


def _voices(readings: tuple[Sighting, ...], sighting: Sighting) -> int:
    """Count the resolvers that say at least as much as the look; one without a remembered name counts too."""
    seen = standing_of(sighting.verdict)
    same = [reading for reading in readings if not _more(seen, standing_of(reading.verdict))]
    named = sighting.resolvers.union(*(item.resolvers for item in same))
    return len(named) + sum(not item.resolvers for item in same)


def _adds_a_voice(readings: tuple[Sighting, ...], sighting: Sighting) -> bool:
    """Return whether a resolver speaks that has not spoken yet."""
    return not sighting.resolvers <= frozenset().union(*(reading.resolvers for reading in readings))


def _patient(pending: Pending, sighting: Sighting, policy: Policy) -> Pending:
    """Keep the change pending: too soon, too few resolvers, or the same one again, perhaps from its cache."""
    if sighting.at < pending.due_at:
        return pending
    first = pending.readings[-1]
    if sighting.heard - first.at >= policy.delay and _adds_a_voice(pending.readings, sighting):
        return Pending((*pending.readings, sighting), sighting.at + policy.delay, pending.since)
    patience = max(policy.delay, _ttl(first, policy))
    return replace(pending, due_at=max(first.at + patience, sighting.at + policy.delay))


def _ttl(sighting: Sighting, policy: Policy) -> timedelta:
    return min(timedelta(seconds=sighting.ttl or 0), policy.longest)


def _more(one: Standing, other: Standing) -> bool:
    return _ORDER.index(one) > _ORDER.index(other)


def _kept(pending: Pending | None, sighting: Sighting, policy: Policy) -> Pending | None:
    """Keep the pending change for a while after servers that disagree showed what stands."""
    if pending is None or sighting.at - pending.readings[0].at > policy.longest:
        return None
    return replace(pending, due_at=max(pending.due_at, sighting.at + policy.loss_gap))


def _shown(verdict: Verdict) -> Verdict:
    """Return the verdict of a draft, which holds the evidence itself; its findings say which answers show what."""
    return replace(verdict, evidence=())


def _set_back(state: MailState, now: datetime) -> MailState:
    """Move the state after the clock was set back: changes under way keep their distances, counted from `now`."""
    by = (state.attempted_at or now) - now

    def past(at: datetime | None) -> datetime | None:
        return None if at is None else min(at, now)

    def moved(of: tuple[Sighting, ...]) -> tuple[Sighting, ...]:
        return tuple(replace(reading, at=reading.at - by) for reading in of)

    pending, losses = state.pending, state.losses
    return replace(
        state,
        settled_at=past(state.settled_at),
        attempted_at=past(state.attempted_at),
        pending=pending and Pending(moved(pending.readings), pending.due_at - by, past(pending.since)),
        losses=losses and Losses(moved(losses.readings), losses.due_at - by, past(losses.since)),
        plain_until=past(state.plain_until),
        gained_at=past(state.gained_at),
        swings=set_back(state.swings, by),
        shifts=set_back(state.shifts, by),
        unsettled=state.unsettled and replace(state.unsettled, since=min(state.unsettled.since, now)),
    )
