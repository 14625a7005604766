"""The wildcard of a parent: its effect on the hosts is one change of the parent's, reported once (M51)."""

from collections.abc import Sequence

from watcher.core.events import EventKind
from watcher.core.mail.verdict import Basis, Flag, Verdict
from watcher.core.states.lookalike import Lookalike
from watcher.core.states.mail_state import Draft, Standing, exchange_set, standing_of


def by_wildcard(draft: Draft) -> bool:
    """Return whether the parent's wildcard did it: a gain by the verdict after, a loss by the one before, else both."""
    before = draft.before is not None and Flag.WILDCARD in draft.before.flags
    after = Flag.WILDCARD in draft.after.flags
    match draft.kind:
        case EventKind.MAIL_BECAME_UNABLE:
            return before
        case EventKind.EXCHANGES_CHANGED:
            return before and after
        case _:
            return after


def is_first_to_say(draft: Draft, others: Sequence[Lookalike]) -> bool:
    """Return whether no other row of the domain has told of it: the first of a beginning or change, the last of an end.

    Only a host that is by the wildcard itself says what the wildcard does; the parent's own records do not.
    """
    if draft.kind is EventKind.LOOKALIKE_FOUND:
        return not any(other.state.seen for other in others)
    stands = [other.state.standing for other in others if _is_wild(other)]
    match draft.kind:
        case EventKind.MAIL_BECAME_UNABLE:
            return all(standing_of(standing) in {Standing.UNABLE, Standing.NOTHING} for standing in stands)
        case EventKind.EXCHANGES_CHANGED:
            return all(_leads_to(standing) != _leads_to(draft.after) for standing in stands)
        case EventKind.MAIL_FOUND_ABLE:  # no news: the digest shows the parent once
            stands += [other.state.standing for other in others if other.name == other.registrable_domain]
        case _:
            pass
    return all(standing_of(standing) is not standing_of(draft.after) for standing in stands)


def _is_wild(row: Lookalike) -> bool:
    return row.state.standing is not None and Flag.WILDCARD in row.state.standing.flags


def _leads_to(verdict: Verdict | None) -> object:
    """Return the target of a wildcard: its exchanges; an implicit one differs by host, and counts as the same."""
    return Basis.IMPLICIT_MX if verdict and verdict.basis is Basis.IMPLICIT_MX else exchange_set(verdict)
