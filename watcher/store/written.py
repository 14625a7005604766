"""Messages to lookalikes that mail logs told of, without any address: messages and senders are keyed hashes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, case, delete, func, select

from watcher.core.mail.log_entry import LogEntry, MailFate
from watcher.core.mail.mail_to import WrittenTo
from watcher.store.database import Tx
from watcher.store.tables import written
from watcher.store.upsert import chunks, insert_or_update


async def save(tx: Tx, entries: Sequence[LogEntry]) -> None:
    """Keep the messages; one that is there already takes the newer fate, so the same log may be read again."""
    statement = insert_or_update(tx.dialect.name, written)
    for some in chunks(list({(entry.domain, entry.message): entry for entry in entries}.values()), 100):
        await tx.execute(statement, [_cells(entry) for entry in some])


async def list_counts(tx: Tx, domains: Sequence[str]) -> dict[str, WrittenTo]:
    """Return the counts of those of `domains` that were written to."""
    found = {}
    for some in chunks(domains):
        for row in await tx.execute(_counts(written.c.domain.in_(some))):
            found[row.domain] = WrittenTo(
                row.domain,
                row.messages,
                row.senders,
                row.delivered,
                row.bounced,
                row.deferred,
                row.refused,
                None if row.first_day is None else row.first_day.date(),
                None if row.last_day is None else row.last_day.date(),
            )
    return found


async def remove_before(tx: Tx, day: datetime) -> int:
    """Remove messages older than `day`; return how many there were."""
    return (await tx.execute(delete(written).where(written.c.day < day))).rowcount


def _counts(condition: ColumnElement[bool]) -> Select[Any]:
    refused = written.c.fate == MailFate.REFUSED.value

    def of(fate: MailFate) -> ColumnElement[int]:
        return func.sum(case((written.c.fate == fate.value, 1), else_=0)).label(fate.value)

    return (
        select(
            written.c.domain,
            func.sum(case((refused, 0), else_=1)).label("messages"),
            func.count(func.distinct(case((refused, None), else_=written.c.sender))).label("senders"),
            of(MailFate.DELIVERED),
            of(MailFate.BOUNCED),
            of(MailFate.DEFERRED),
            of(MailFate.REFUSED),
            func.min(written.c.day, type_=written.c.day.type).label("first_day"),
            func.max(written.c.day, type_=written.c.day.type).label("last_day"),
        )
        .where(condition)
        .group_by(written.c.domain)
    )


def _cells(entry: LogEntry) -> dict[str, object]:
    day = None if entry.at is None else datetime(entry.at.year, entry.at.month, entry.at.day, tzinfo=UTC)
    return {
        "domain": entry.domain,
        "message": entry.message,
        "sender": entry.sender,
        "fate": entry.fate.value,
        "day": day,
    }
