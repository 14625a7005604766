"""Lists of names for people: a page of typed rows, with what hides behind one wildcard counted."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from watcher.core.known import Known
from watcher.core.states.lookalike import Lookalike
from watcher.services.answers.lookup import known_row
from watcher.store import Tx, lookalike_lists, resemblances
from watcher.store.lookalike_lists import ListPlace, Order, Total
from watcher.store.lookalikes import Wanted, wildcard_of

MOST_COUNTED = 10_001
"""More than ten thousand is said to be so: counting a million takes longer than a page may."""


@dataclass(frozen=True, slots=True)
class NameListing:
    """One page of a list. `total` counts to `MOST_COUNTED`; `last` is where the next page goes on."""

    rows: tuple[Known, ...]
    total: Total
    more: bool
    last: ListPlace | None


async def list_known(
    tx: Tx, wanted: Wanted, order: Order = Order.WORST, *, after: ListPlace | None = None, limit: int
) -> NameListing:
    """Return a page of the names that `wanted` describes. A wildcard's row says how many more hosts it stands for."""
    narrowing = await lookalike_lists.find_narrowing(tx, wanted)
    rows = await lookalike_lists.list_page(tx, wanted, order, after=after, limit=limit + 1, narrowing=narrowing)
    shown = tuple(await _known(tx, wanted, rows[:limit]))
    total = await lookalike_lists.count_up_to(tx, wanted, MOST_COUNTED, narrowing)
    total = Total(max(total.number, len(shown)), total.exact)
    last = lookalike_lists.place_of(rows[limit - 1]) if len(rows) > limit else None
    return NameListing(shown, total, len(rows) > limit, last)


async def list_rows(
    tx: Tx, wanted: Wanted, order: Order = Order.WORST, *, after: ListPlace | None = None, limit: int
) -> list[Known]:
    """Return `limit` of the names that `wanted` describes, without their total."""
    return await _known(tx, wanted, await lookalike_lists.list_page(tx, wanted, order, after=after, limit=limit))


async def _known(tx: Tx, wanted: Wanted, rows: Sequence[Lookalike]) -> list[Known]:
    found = await resemblances.find_all(tx, [row.name for row in rows])
    hosts: dict[str, int] = {}
    if wanted.collapsed:
        hosts = await lookalike_lists.count_wildcards(tx, [parent for row in rows if (parent := wildcard_of(row))])
    return [
        replace(known_row(row, found[row.name]), more_hosts=max(0, hosts.get(wildcard_of(row) or "", 1) - 1))
        for row in rows
    ]
