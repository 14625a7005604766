"""API tokens, by the hash of what their holders show."""

from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import RowMapping, func, insert, select, update

from watcher.store.database import Tx
from watcher.store.tables import tokens


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token; `hash` is all that is known of its text. A revoked one stays, so that its name is not used again."""

    name: str
    hash: str
    scopes: tuple[str, ...]
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


async def add(tx: Tx, row: TokenRow) -> None:
    """Add a token. Raises sqlalchemy's IntegrityError when the name was ever used; ask `found` first."""
    await tx.execute(insert(tokens), [{**asdict(row), "scopes": list(row.scopes)}])


async def list_all(tx: Tx) -> list[TokenRow]:
    """Return all tokens by name, revoked ones too."""
    return [_row(row) for row in (await tx.execute(select(tokens).order_by(tokens.c.name))).mappings()]


async def find(tx: Tx, name: str) -> TokenRow | None:
    """Return the token of that name, revoked or not."""
    row = (await tx.execute(select(tokens).where(tokens.c.name == name))).mappings().first()
    return None if row is None else _row(row)


async def find_valid(tx: Tx, hash_: str) -> TokenRow | None:
    """Return the token with that hash, unless it is revoked."""
    query = select(tokens).where(tokens.c.hash == hash_, tokens.c.revoked_at.is_(None))
    row = (await tx.execute(query)).mappings().first()
    return None if row is None else _row(row)


async def any_valid(tx: Tx) -> bool:
    """Return whether a token exists that is not revoked (without one, loopback needs none)."""
    query = select(func.count()).select_from(tokens).where(tokens.c.revoked_at.is_(None))
    return bool((await tx.execute(query)).scalar_one())


async def revoke(tx: Tx, name: str, *, now: datetime) -> bool:
    """Make the token useless; False when there is no such token, or it was revoked before."""
    query = update(tokens).where(tokens.c.name == name, tokens.c.revoked_at.is_(None)).values(revoked_at=now)
    return (await tx.execute(query)).rowcount > 0


async def save_use(tx: Tx, name: str, *, now: datetime) -> None:
    """Remember when the token was last used (callers do so at most once a minute for each)."""
    await tx.execute(update(tokens).where(tokens.c.name == name).values(last_used_at=now))


def _row(row: RowMapping) -> TokenRow:
    return TokenRow(
        row["name"], row["hash"], tuple(row["scopes"]), row["created_at"], row["revoked_at"], row["last_used_at"]
    )
