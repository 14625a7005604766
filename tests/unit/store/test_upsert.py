"""Every table has a statement that inserts or updates, in both databases, also where all its columns are of the key."""

import pytest

from watcher.store.tables import metadata
from watcher.store.upsert import insert_or_leave, insert_or_update


def _text(statement):
    return str(statement.compile()).replace('"', "")


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("table", metadata.sorted_tables, ids=str)
def test_it_updates_what_is_not_of_the_key(dialect, table):
    text = _text(insert_or_update(dialect, table))
    keys = {column.name for column in table.primary_key}
    if all(column.name in keys for column in table.c):
        assert text == _text(insert_or_leave(dialect, table))
    else:
        for column in table.c:
            assert (f" {column.name} = excluded.{column.name}" in text) == (column.name not in keys), column.name
