"""Triage: what people decided about a lookalike, and what follows from it, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from watcher.core.names.names import Fqdn
from watcher.core.states.lookalike import Triage
from watcher.core.telling.alerts import SilenceScope
from watcher.store import Store, Tx, block_votes, lookalikes, own_names, silences
from watcher.store.own_names import OwnRow
from watcher.store.silences import SilenceRow


async def decide(
    store: Store,
    names: Sequence[Fqdn],
    triage: Triage,
    *,
    note: str | None,
    now: datetime,
    by: str | None = None,
    votes: bool = True,
) -> tuple[str, ...]:
    """Triage the lookalikes; those of `names` that are none. If there are any, nothing was done. Idempotent.

    `by`: who decides, a token's name or a user of this machine; None where nobody had to say. `votes`: saying `blocked`
    counts for approval; False where only the note changes. What an earlier
    triage put on the own list or silenced goes with it; what a person added there stays.
    """
    async with store.write() as tx:
        rows = await lookalikes.find_all(tx, names)
        unknown = tuple(name for name in names if name not in rows)
        if unknown:
            return unknown
        await lookalikes.save_triage(tx, names, triage, note=note, now=now, by=by)
        if votes:
            await _vote(tx, names, triage, now=now, by=by)
        await _own(tx, names, triage, note=note, now=now)
        await _silence(store, tx, names, triage, note=note, now=now, by=by)
    return ()


async def _vote(tx: Tx, names: Sequence[Fqdn], triage: Triage, *, now: datetime, by: str | None) -> None:
    """Note who said `blocked`: a second person may have to. Another decision ends what was said before."""
    if triage is Triage.BLOCKED:
        await block_votes.save(tx, names, by or "", now=now)
    else:
        await block_votes.remove(tx, names)


async def _own(tx: Tx, names: Sequence[Fqdn], triage: Triage, *, note: str | None, now: datetime) -> None:
    if triage is Triage.OWNED:
        # a name that a person put there is on the list already and stays that person's
        known = await own_names.find_known(tx, names)
        await own_names.add(tx, [OwnRow(name, now, note or "", by_triage=True) for name in names if name not in known])
    else:
        gone = await own_names.remove_of_triage(tx, names)
        await lookalikes.plan_look(tx, sorted(gone), at=now)  # the last look took it for ours


async def _silence(
    store: Store, tx: Tx, names: Sequence[Fqdn], triage: Triage, *, note: str | None, now: datetime, by: str | None
) -> None:
    if triage is not Triage.IGNORED:
        await silences.remove_of_triage(tx, names)
        return
    endless = {row.value for row in await silences.list_all(tx) if row.scope == SilenceScope.NAME and row.until is None}
    for name in names:
        if name not in endless:
            why = note or "triage: ignored"
            new = SilenceRow(store.ids(), SilenceScope.NAME.value, name, now, None, why, by_triage=True, created_by=by)
            await silences.add(tx, new)
