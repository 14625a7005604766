"""The database behind one door (`Store`); only this package sees tables.

One module for each kind of row holds its queries, as functions that take the transaction first.
"""

from watcher.store.database import Store, Tx, backup, find_revision, migrate_database
from watcher.store.places import place_of

__all__ = ["Store", "Tx", "backup", "find_revision", "migrate_database", "place_of"]
