"""The resemblances of lookalikes to protected names."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, bindparam, delete, select

from watcher.core.events import Grade, Resemblance
from watcher.store import traits
from watcher.store.database import Tx
from watcher.store.tables import resemblances
from watcher.store.upsert import chunks, insert_or_update


async def save(tx: Tx, name: str, new: Sequence[Resemblance]) -> None:
    """Add or renew resemblances of a lookalike that has a row; those to other protected names stay."""
    if new:
        await tx.execute(
            insert_or_update(tx.dialect.name, resemblances),
            [
                {
                    "name": name,
                    "protected": item.protected,
                    "techniques": list(item.techniques),
                    "likelihood": item.likelihood,
                    "explanation": item.explanation,
                    "rank": item.rank,
                    "grade": item.grade.value,
                    "grade_reason": item.grade_reason,
                }
                for item in new
            ],
        )
        await traits.add_techniques(tx, [(name, technique) for item in new for technique in item.techniques])


_MOST_LIKELY_FIRST = (resemblances.c.likelihood.desc(), resemblances.c.protected)
_OF_ONE = (
    select(resemblances).where(resemblances.c.name == bindparam("wanted")).order_by(*_MOST_LIKELY_FIRST)
)  # built once: to build a statement costs more than to run it


def _of_many(names: Sequence[str]) -> Select[Any]:
    return select(resemblances).where(resemblances.c.name.in_(names)).order_by(*_MOST_LIKELY_FIRST)


async def find_all(tx: Tx, names: Sequence[str]) -> dict[str, tuple[Resemblance, ...]]:
    """Return the resemblances of each of the names, most likely first; an empty tuple where nothing is known."""
    found: dict[str, list[Resemblance]] = {name: [] for name in names}
    for some in chunks(list(found)):
        if len(some) == 1:
            result = await tx.execute(_OF_ONE, {"wanted": some[0]})
        else:
            result = await tx.execute(_of_many(some))
        for row in result.mappings():
            found[row["name"]].append(
                Resemblance(
                    row["protected"],
                    tuple(row["techniques"]),
                    row["likelihood"],
                    row["explanation"],
                    row["rank"],
                    Grade(row["grade"]),
                    row["grade_reason"],
                )
            )
    return {name: tuple(rows) for name, rows in found.items()}


async def remove(tx: Tx, name: str, protected: str) -> None:
    """Forget one resemblance; no error where there is none."""
    await tx.execute(delete(resemblances).where(resemblances.c.name == name, resemblances.c.protected == protected))
