"""A channel that keeps what it was sent, and fails when told to."""

import asyncio
from collections.abc import Callable

from watcher.core.errors import DeliveryFailed
from watcher.core.telling.alerts import Alert


class RecordingChannel:
    """`fails` is asked at each try, with the alert: what it returns is raised; None: accepted."""

    every_event = False

    def __init__(self, name: str, fails: Callable[[Alert], Exception | None] = lambda alert: None) -> None:
        self.name = name
        self.fails = fails
        self.accepted: list[Alert] = []
        self.tried: list[Alert] = []

    async def send(self, alert: Alert) -> None:
        self.tried.append(alert)
        await asyncio.sleep(0)
        error = self.fails(alert)
        if error is not None:
            raise error
        self.accepted.append(alert)

    def die(self) -> None:
        """Fail from now on."""
        self.fails = lambda _alert: DeliveryFailed(f"{self.name}: dead")

    def live(self) -> None:
        """Accept from now on."""
        self.fails = lambda _alert: None


class HangingChannel:
    """A channel that never answers."""

    every_event = False

    def __init__(self, name: str) -> None:
        self.name = name
        self.tried: list[Alert] = []

    async def send(self, alert: Alert) -> None:
        self.tried.append(alert)
        await asyncio.Event().wait()
