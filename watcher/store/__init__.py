"""The database behind one door (`Store`); only this package sees tables.

One module for each kind of row holds its queries, as functions that take the transaction first.
"""

from watcher.store.database import Store, Tx, backup, migrate_database, sqlite_path

__all__ = ["Store", "Tx", "backup", "migrate_database", "sqlite_path"]
