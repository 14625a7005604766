"""A progress bar with rate, settled share and time left on a terminal; nothing when standard error is not one."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_EVERY = 0.2


@asynccontextmanager
async def progress(count: Callable[[], tuple[int, int]], unsettled: Callable[[], int]) -> AsyncIterator[None]:
    """Show the (done, total) of `count`, and which share is not `unsettled`, while the block runs."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    texts = TextColumn("{task.fields[rate]}/s"), TextColumn("{task.fields[settled]} settled")
    columns = (BarColumn(), MofNCompleteColumn(), *texts, TimeRemainingColumn())
    # rows go above the bar where they share the terminal; where standard output is a file they go there
    on_screen = sys.stdout.isatty()
    with Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=on_screen) as bar:
        task = bar.add_task("sweep", rate="0", settled="-")
        loop = asyncio.get_running_loop()
        started = loop.time()

        async def show() -> None:
            while True:
                done, total = count()
                rate = done / max(loop.time() - started, _EVERY)
                settled = f"{1 - unsettled() / done:.0%}" if done else "-"
                bar.update(task, completed=done, total=max(total, done), rate=f"{rate:,.0f}", settled=settled)
                await asyncio.sleep(_EVERY)

        showing = asyncio.create_task(show())
        try:
            yield
        finally:
            showing.cancel()
            await asyncio.gather(showing, return_exceptions=True)
