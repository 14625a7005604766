"""Rows of an asynchronous source for `output.emit`, which is not: pulled one at a time, on a loop of their own."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any, TypeVar

T = TypeVar("T")
Rows = AsyncGenerator[dict[str, Any], None]


def streamed(source: AsyncGenerator[T, None]) -> Generator[T, None, None]:
    """Every row of `source`, which is closed at the end, also when the reader goes or Ctrl-C is pressed."""
    with asyncio.Runner() as runner:
        try:
            while (row := runner.run(_next(source))) is not None:
                yield row
        finally:
            runner.run(source.aclose())


async def _next(source: AsyncGenerator[T, None]) -> T | None:
    return await anext(source, None)
