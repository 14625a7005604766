"""The time that leases are measured by: the database's, so that no machine's clock decides who holds one."""

from datetime import UTC, datetime

from sqlalchemy import text

from watcher.store.database import Tx


async def lease_time(tx: Tx, now: datetime) -> datetime:
    """Return the database server's time; `now`, the time of this machine, where the database is a file on it."""
    if tx.dialect.name != "postgresql":
        return now
    found: datetime = (await tx.execute(text("SELECT clock_timestamp()"))).scalar_one()
    return found.astimezone(UTC)
