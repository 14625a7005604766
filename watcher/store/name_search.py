"""The search for a part of a name among a million: by trigrams, which each database indexes in its own way.

SQLite has the table `lookalike_words` (FTS5), which triggers keep; PostgreSQL has an index of `pg_trgm` over the names.
Less than three characters have no trigram. Where PostgreSQL may not have the extension, the same query reads every row.
"""

from sqlalchemy import Select, column, select, table, text

from watcher.store.database import Tx
from watcher.store.tables import lookalikes

SHORTEST = 3
"""Characters that an index can search for."""

_words = table("lookalike_words", column("name"), column("unicode"))


def names_with_part(dialect: str, part: str) -> Select[str]:
    """Return the query for the lookalikes that have `part` in their name, in either form; in no order."""
    part = part.lower()
    if dialect == "sqlite":
        quoted = '"' + part.replace('"', '""') + '"'
        return select(_words.c.name).where(text("lookalike_words MATCH :part").bindparams(part=quoted))
    row = lookalikes.c
    return select(row.name).where(
        row.name.contains(part, autoescape=True) | row.unicode.contains(part, autoescape=True)
    )


async def prefer_index(tx: Tx, *, on: bool) -> None:
    """Tell PostgreSQL that rare parts are searched for, which it cannot know."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text(f"SET LOCAL enable_seqscan = {'off' if on else 'on'}"))
