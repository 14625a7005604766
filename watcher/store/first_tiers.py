"""The first tier's candidates of each protected name, as one compressed value that the services make and read."""

from collections.abc import Sequence

from sqlalchemy import select

from watcher.store import protected_names
from watcher.store.database import Tx
from watcher.store.tables import first_tiers
from watcher.store.upsert import chunks, insert_or_update


async def find_all(tx: Tx, names: Sequence[str], *, stamp: str) -> dict[str, bytes]:
    """Return the candidates kept under this stamp, by protected name; names without any are left out."""
    found: dict[str, bytes] = {}
    for some in chunks(names):
        query = select(first_tiers.c.protected, first_tiers.c.candidates).where(
            first_tiers.c.protected.in_(some), first_tiers.c.stamp == stamp
        )
        found.update((name, candidates) for name, candidates in await tx.execute(query))
    return found


async def save(tx: Tx, values: dict[str, bytes], *, stamp: str) -> None:
    """Keep these in place of what was there; those of names that are not protected (any more) are dropped."""
    known = await protected_names.find_known(tx, list(values))
    rows = [
        {"protected": name, "stamp": stamp, "candidates": candidates}
        for name, candidates in values.items()
        if name in known
    ]
    if rows:
        await tx.execute(insert_or_update(tx.dialect.name, first_tiers), rows)
