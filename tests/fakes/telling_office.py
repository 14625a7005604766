"""A notifier over a real database, with channels that note what they are given, in simulated time."""

from dataclasses import replace
from datetime import timedelta

from tests.fakes.clock import FakeClock
from tests.fakes.recording_channel import RecordingChannel
from watcher.core.events import Event
from watcher.core.telling.alerts import AlertPolicy
from watcher.services.telling.notify import Notifier
from watcher.store import Store, deliveries, event_log

WAIT = timedelta(seconds=30)

WAIT = timedelta(seconds=30)


class Office:
    """A store, a clock, two channels and a notifier."""

    def __init__(self, store: Store, clock: FakeClock, url: str) -> None:
        self.store = store
        self.clock = clock
        self.url = url
        self.slack = RecordingChannel("slack")
        self.email = RecordingChannel("email")
        self.policy = AlertPolicy(channels=("slack", "email"), group_wait=WAIT)
        self.seen: list[tuple[str, str]] = []
        self.notifier = self.another()

    def another(self, **changes) -> Notifier:
        arguments = {
            "channels": {"slack": self.slack, "email": self.email},
            "jitter": lambda: 0.5,
            "observe": lambda channel, result, _seconds, _reason: self.seen.append((channel, result)),
            "owner": "here:1:a",
            "policy": self.policy,
            **changes,
        }
        return Notifier(self.store, clock=self.clock, **arguments)

    async def happens(self, *new: Event) -> None:
        now = self.clock.now()
        made = [replace(event, id=self.store.ids(), at=now) for event in new]
        async with self.store.write() as tx:
            await event_log.add(tx, made, now=now)

    async def passes(self, seconds: float, step: float = 1.0) -> None:
        """Time goes by, with a pass of the notifier each `step` seconds."""
        for _ in range(int(seconds / step)):
            await self.clock.advance(step)
            await self.notifier.gather()
            await self.notifier.deliver()

    async def deliveries(self, **which) -> list[deliveries.Delivery]:
        async with self.store.read() as tx:
            return await deliveries.list_all(tx, **which)

    async def kinds(self) -> list[str]:
        async with self.store.read() as tx:
            return [event.kind.value for event in await event_log.list_all(tx)]
