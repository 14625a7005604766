"""Alembic's entry: `watcher.store.migrate` hands its connection over; the `alembic` command opens one itself."""

from alembic import context
from sqlalchemy import Connection, create_engine

from watcher.store.tables import metadata


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if isinstance(given, Connection):
    _run(given)
else:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite:///watcher.db")
    try:
        with engine.begin() as opened:
            _run(opened)
    finally:
        engine.dispose()
