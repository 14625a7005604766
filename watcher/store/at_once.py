"""Work on a transaction done wholly in a thread: one trip to the database for all of its statements.

Asked from the event loop each statement makes several trips to the driver's thread and back, which cost more than the
statement. The queries are the same functions; what they wait for is there at once.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, CursorResult, Dialect
from sqlalchemy.ext.asyncio import AsyncConnection

Result = TypeVar("Result")


class _AtOnce:
    """The part of a transaction that the queries use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @property
    def dialect(self) -> Dialect:
        return self._connection.dialect

    async def execute(self, statement: Any, parameters: Any = None) -> CursorResult[Any]:
        return self._connection.execute(statement, parameters)


def at_once(connection: Connection, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    """Run `work` and return its result; it may wait for its transaction alone. Raises what it raises."""
    steps = work(cast("AsyncConnection", _AtOnce(connection))).__await__()
    try:
        next(steps)
    except StopIteration as end:
        result: Result = end.value
        return result
    raise RuntimeError("inside a transaction nothing is waited for but the database")
