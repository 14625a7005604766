"""The time of the next look at a name, by its state: soonest where a change is likeliest, or worth most."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.core.mail.verdict import Ability, Flag, Verdict
from watcher.core.registration.facts import RegistrationFacts, RegistrationStatus, is_held
from watcher.core.states.mail_state import MailState, exists

_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cadence:
    """The waits before the next look.

    `new`: registered, or first seen, less than `newness` ago and not yet able. `armed`: one change away from able.
    `unable`, `able`, `gone`: exists without mail; with mail; existed and is absent. `owned`: one of ours.
    `retry`: after an unsettled look, doubled by each further one, up to `retry_most`. No wait is longer than
    `longest` but those of `owned` and of a name whose looks do not settle.
    """

    new: timedelta = 5 * _MINUTE
    newness: timedelta = 3 * _DAY
    armed: timedelta = 15 * _MINUTE
    unable: timedelta = _HOUR
    able: timedelta = _HOUR
    gone: timedelta = _HOUR
    owned: timedelta = _HOUR
    retry: timedelta = _MINUTE
    retry_most: timedelta = 6 * _HOUR
    longest: timedelta = _HOUR
    ttl_most: timedelta = _HOUR


def next_look(
    state: MailState,
    now: datetime,
    jitter: float,
    *,
    cadence: Cadence,
    registration: RegistrationFacts | None = None,
    first_seen_at: datetime | None = None,
    owned: bool = False,
) -> datetime:
    """Return the time of the next look, after `now` unless a confirming look is due. `jitter` is from 0 to 1.

    A confirming look, and one that may count as a loss, come at their time; after unsettled looks, at the retry's.
    Other waits are spread by a tenth each way and never shorter than the TTL of what was seen (capped): a resolver
    would repeat itself.
    """
    if state.failures:
        most = cadence.longest if state.pending or state.losses else cadence.retry_most
        wait = min(cadence.retry * 2 ** min(state.failures - 1, 16), most)
        return now + _spread(wait, jitter)
    due = [under_way.due_at for under_way in (state.pending, state.losses) if under_way is not None]
    if due:
        tried = state.attempted_at is not None and min(due) <= state.attempted_at
        return now + cadence.retry if tried else max(min(due), now)
    wait = _wait(state, now, cadence, registration, first_seen_at)
    if owned:
        wait = cadence.owned if state.at_risk == 0 else cadence.retry
    else:
        wait = max(min(wait, cadence.longest), min(timedelta(seconds=state.ttl or 0), cadence.ttl_most))
    return now + _spread(wait, jitter)


def _wait(
    state: MailState,
    now: datetime,
    cadence: Cadence,
    registration: RegistrationFacts | None,
    first_seen_at: datetime | None,
) -> timedelta:
    standing = state.standing
    if standing is None:
        return cadence.retry
    if standing.ability is Ability.ABLE:
        return cadence.able
    if Flag.ARMED in standing.flags:
        wait = cadence.armed
    elif exists(standing):
        wait = cadence.unable
    else:
        wait = cadence.gone
    return min(wait, cadence.new) if is_new(standing, now, cadence, registration, first_seen_at) else wait


def is_new(
    standing: Verdict,
    now: datetime,
    cadence: Cadence,
    registration: RegistrationFacts | None,
    first_seen_at: datetime | None,
) -> bool:
    """Return whether a name that exists was registered, or first seen, a short while ago."""
    born = [at for at in (registration.created_at if registration else None, first_seen_at) if at is not None]
    return bool(born) and exists(standing) and now - max(born) < cadence.newness


def _spread(wait: timedelta, jitter: float) -> timedelta:
    return wait * (0.9 + 0.2 * jitter)


@dataclass(frozen=True, slots=True)
class Refresh:
    """The ages that registration facts may reach.

    `seldom`: of a registered name that gives no cause; `soon`: of one that is able, ours, new, held or near expiry, and
    of a name that is not registered; `retry`: after a question without an answer; `doubted`: after an answer that the
    DNS contradicts. None of the last two is longer than `soon`.
    """

    seldom: timedelta = 7 * _DAY
    soon: timedelta = _DAY
    retry: timedelta = 6 * _HOUR
    doubted: timedelta = _HOUR
    newness: timedelta = 30 * _DAY
    near_expiry: timedelta = 45 * _DAY


def next_registration(
    facts: RegistrationFacts | None,
    matters: bool,
    now: datetime,
    jitter: float,
    *,
    refresh: Refresh | None = None,
    doubted: bool = False,
) -> datetime:
    """Return the time to ask for the registration again; at once where it was never asked for.

    `matters`: the name is able, or one of ours. `doubted`: the facts are older ones, kept over a newer answer.
    """
    if facts is None:
        return now
    ages = refresh or Refresh()
    if doubted:
        return now + _spread(min(ages.doubted, ages.soon), jitter)
    match facts.status:
        case RegistrationStatus.UNKNOWN:
            wait = min(ages.retry, ages.soon)
        case RegistrationStatus.UNREGISTERED | RegistrationStatus.RESERVED:
            wait = ages.soon
        case RegistrationStatus.REGISTERED:
            near = facts.expires_at is not None and facts.expires_at - now < ages.near_expiry
            new = facts.created_at is not None and now - facts.created_at < ages.newness
            wait = ages.soon if matters or near or new or is_held(facts) else ages.seldom
    return now + _spread(wait, jitter)
