"""The real clock, for production; tests have one that they move by hand."""

import asyncio
from datetime import UTC, datetime


class SystemClock:
    """Satisfies `core.ports.Clock` with the system's time."""

    def now(self) -> datetime:
        """Now, aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`; zero and less let others run once."""
        await asyncio.sleep(max(0.0, seconds))
