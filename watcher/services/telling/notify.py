"""Telling people: alerts out of the outbox, through every channel, until each channel has accepted its own.

    notifier = Notifier(store, channels, clock, policy)
    await notifier.run()          # until cancelled; or, for one pass:
    await notifier.flush(within=timedelta(minutes=2))

At least once, with the same alert id on every try. Each channel goes its own way: a dead one holds up no other, and is
told of through the others. What a channel refuses for good is kept, with the reason, and can be retried by hand; what
was refused for the sake of its settings is tried again after a restart, or when the channel accepts something.
"""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from watcher.core.errors import DeliveryFailed, DeliveryRejected, FailureReason, StoreError, outside_failure
from watcher.core.ports import Channel, Clock
from watcher.core.shapes.times import time_json
from watcher.core.shapes.watch import CHANNEL_STATE, channel_state_from_json, channel_state_json
from watcher.core.states.channel import ChannelState, Result, step
from watcher.core.states.outages import Outages
from watcher.core.telling.alerts import TEST_GROUP, Alert, AlertKind, AlertPolicy, gathered
from watcher.core.telling.samples import sample_alerts
from watcher.core.telling.story import plural
from watcher.services.lease_owner import is_dead, this_process
from watcher.services.looks.drafting import watch_event
from watcher.services.telling.gather import Gatherer
from watcher.store import Store, Tx, deliveries, event_log, facts, outbox, protected_names
from watcher.store.deliveries import Delivery

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Patience:
    """The time limits of a delivery's tries, and the waits between them.

    `limit` bounds one try, `lease` is how long nobody else takes it meanwhile; `drain` bounds a try that is under way
    when the service stops. The wait doubles from `first` up to `longest` while the channel accepts nothing, so that
    one message's bad luck with a channel that works is no long wait; a channel may ask for a `pause` at most.
    After `give_up` a delivery that was never accepted is rejected. A channel that has accepted nothing for
    `failing_after` since its first failure is told of.
    """

    limit: timedelta = timedelta(seconds=40)
    lease: timedelta = timedelta(seconds=60)
    first: timedelta = timedelta(seconds=5)
    drain: timedelta = timedelta(seconds=5)
    longest: timedelta = timedelta(minutes=30)
    pause: timedelta = timedelta(hours=1)
    give_up: timedelta = timedelta(days=3)
    failing_after: timedelta = timedelta(minutes=5)
    poll: timedelta = timedelta(seconds=1)
    digests: timedelta = timedelta(seconds=10)

    def __post_init__(self) -> None:
        if self.lease <= self.limit:
            message = "a lease must outlive the try that it is for"
            raise ValueError(message)

    def wait(self, failing_for: timedelta, jitter: float, retry_after: timedelta | None = None) -> timedelta:
        """Until the next try on a channel that fails for so long; `jitter`, 0 to 1, spreads it over 75 % to 125 %."""
        doubled = self.first + max(failing_for, timedelta())  # a wait each time as long as all before it
        spread = min(doubled, self.longest) * (0.75 + jitter / 2)
        return max(spread, min(retry_after or timedelta(), self.pause))


Observe = Callable[[str, str, float, FailureReason | None], None]
"""Called for each try: channel, result (sent, failed, rejected), seconds since the oldest event of the alert, and the
reason where it was not sent."""


class Notifier:
    """Gathers and delivers for `store`. `operator_of` gives a host's registrable domain; `jitter` numbers from 0 to 1.

    Channels fail by DeliveryFailed or DeliveryRejected; anything else they raise is a bug that is logged, and counts
    as a failure to be tried again.
    """

    def __init__(
        self,
        store: Store,
        channels: Mapping[str, Channel],
        clock: Clock,
        policy: AlertPolicy,
        *,
        patience: Patience = Patience(),
        operator_of: Callable[[str], str] = lambda host: host,
        jitter: Callable[[], float] = random.random,
        public_url: str | None = None,
        observe: Observe = lambda channel, result, seconds, reason: None,  # noqa: ARG005 (what the names mean)
        owner: str | None = None,
    ) -> None:
        self._store = store
        self._channels = dict(channels)
        self._clock = clock
        self._patience = patience
        self._jitter = jitter
        self._observe = observe
        self._owner = owner or this_process()
        self._gatherer = Gatherer(store, policy, operator_of=operator_of, public_url=public_url)
        self._digests_due: datetime | None = None
        self._accepted: set[str] = set()
        self._outages = Outages()

    async def run(self) -> None:
        """Gather and deliver until cancelled. A database that fails is waited for."""
        await self._steadily("telling", self.start, once=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._steadily("telling", self.gather))
            for name in self._channels:
                tasks.create_task(self._steadily(f"channel {name}", partial(self.deliver_through, name)))

    async def start(self) -> None:
        """Take over what dead processes had in hand; try again what channels refused that may be set rightly now."""
        now = self._clock.now()
        async with self._store.write() as tx:
            dead = [owner for owner in await deliveries.list_owners(tx) if is_dead(owner, self._owner)]
            if dead:
                await deliveries.release(tx, dead)
            await deliveries.retry_rejected(tx, self._channels, since=now - self._patience.give_up, now=now)

    async def flush(self, *, within: timedelta) -> int:
        """One pass for a command that ends: tell now what waits, without waiting for groups. How many stay unsent."""
        await self.start()
        end = self._clock.now() + within
        await self.gather(wait=False)
        while True:
            await self.deliver()
            async with self._store.read() as tx:
                left = await deliveries.count_pending(tx, self._channels)
            if not left or self._clock.now() >= end:
                return left
            await self._clock.sleep(self._patience.poll.total_seconds())

    async def gather(self, *, wait: bool = True) -> int:
        """Make the alerts whose time has come, digests among them. How many."""
        now = self._clock.now()
        made = await self._gatherer.events(now, wait=wait)
        due = self._digests_due
        if not wait or due is None or now >= due or due - now > self._patience.digests:
            made += await self._gatherer.baselines(now) + await self._gatherer.digest(now)
            await self._mend(now)
            await self._strand(now)
            self._digests_due = now + self._patience.digests
        return made

    async def deliver(self) -> int:
        """Send what is due, through all channels at once. How many deliveries were accepted."""
        work = (self.deliver_through(name) for name in self._channels)
        done = await asyncio.gather(*work, return_exceptions=True)
        for result in done:
            if isinstance(result, BaseException):
                raise result
        return sum(result for result in done if isinstance(result, int))

    async def deliver_through(self, name: str) -> int:
        """Send what is due through one channel, oldest first, until nothing is or a try fails. How many accepted."""
        accepted = 0
        while True:
            now = self._clock.now()
            async with self._store.read() as tx:
                if not await deliveries.any_due(tx, name, now=now):
                    return accepted
            async with self._store.write() as tx:
                delivery = await deliveries.claim(tx, name, owner=self._owner, now=now, lease=self._patience.lease)
            if delivery is None or not await self._undisturbed(delivery):
                return accepted
            accepted += 1

    async def retry(self, delivery_id: str) -> bool:
        """Try a delivery again now, also a rejected one; False when there is no such, or it is sent already."""
        async with self._store.write() as tx:
            return await deliveries.retry(tx, delivery_id, now=self._clock.now())

    async def _mend(self, now: datetime) -> None:
        """After the clock was set back nothing waits longer than it may."""
        latest = max(self._patience.longest * 1.25, self._patience.pause)
        bounds = (now + latest, now + 2 * self._patience.lease)
        async with self._store.read() as tx:
            if not await deliveries.any_beyond(tx, *bounds):
                return
        async with self._store.write() as tx:
            await deliveries.bring_back(tx, *bounds, now=now)

    async def _strand(self, now: datetime) -> None:
        """Mark deliveries to channels no longer configured, report each channel once, and reject them in the end.

        If the channel comes back before that, it gets all of them.
        """
        before = now - self._patience.give_up
        async with self._store.read() as tx:
            found = await deliveries.count_stranded(tx, self._channels)
            new = [
                name
                for name in found
                if await deliveries.any_stranded_unmarked(tx, name, why=_gone(name), before=before, now=now)
            ]
        for name in new:
            async with self._store.write() as tx:
                if await deliveries.reject_stranded(tx, name, why=f"given up: {_gone(name)}", before=before, now=now):
                    _log.error("messages are rejected: %s", _gone(name))
                await deliveries.mark_stranded(tx, name, why=_gone(name), now=now)
                if left := (await deliveries.count_stranded(tx, self._channels)).get(name):
                    wait = f"{left} message{plural(left)} wait{'s' if left == 1 else ''} for it"
                    await self._step(tx, name, Result.REJECTED, now, why=f"{_gone(name)}; {wait}")
                else:
                    await facts.remove(tx, CHANNEL_STATE + name)

    async def _undisturbed(self, delivery: Delivery) -> bool:
        """Try it; when the service stops meanwhile, the try may end first, so that it is not sent again for nothing."""
        task = asyncio.ensure_future(self._try(delivery))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=self._patience.drain.total_seconds())
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            raise

    async def _try(self, delivery: Delivery) -> bool:
        """Send one leased delivery and record what came of it; whether the channel accepted it."""
        try:
            if delivery.id not in self._accepted:  # else it was accepted, and the database could not be told
                await self._send(delivery)
                self._accepted.add(delivery.id)
        except DeliveryRejected as error:
            await self._rejected(delivery, error, error.why)
        except DeliveryFailed as error:
            if self._clock.now() - delivery.created_at >= self._patience.give_up:
                await self._rejected(delivery, error, f"given up after {delivery.attempts} tries: {error.why}")
            else:
                await self._failed(delivery, error)
        else:
            await self._sent(delivery)
            return True
        return False

    async def _send(self, delivery: Delivery) -> None:
        limit = self._patience.limit.total_seconds()
        try:
            alert = await self._whole(delivery)
            async with asyncio.timeout(limit):
                await self._channels[delivery.channel].send(alert)
        except TimeoutError:
            raise DeliveryFailed(
                f"{delivery.channel}: no answer within {limit:.0f} s", reason=FailureReason.TIMEOUT
            ) from None
        except (DeliveryFailed, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 (a bug in one channel must lose no alert and stop no other channel)
            _log.exception("channel %s raised what no channel should", delivery.channel)
            raise DeliveryFailed(f"{delivery.channel}: unexpected {type(error).__name__}") from None

    async def _whole(self, delivery: Delivery) -> Alert:
        """The alert with all of its events for a channel that wants them; else with those that are shown."""
        if delivery.alert.total <= len(delivery.alert.events) or not self._channels[delivery.channel].every_event:
            return delivery.alert
        async with self._store.read() as tx:
            events = await outbox.list_events_of(tx, delivery.alert.id)
            return replace(delivery.alert, events=tuple(await protected_names.with_ownership(tx, events)))

    async def _sent(self, delivery: Delivery) -> None:
        now = self._clock.now()
        async with self._store.write() as tx:
            await deliveries.mark_sent(tx, delivery.id, now=now)
            await deliveries.bring_forward(tx, delivery.channel, now=now)
            if (await self._step(tx, delivery.channel, Result.ACCEPTED, now)).told_at is not None:
                await deliveries.retry_rejected(tx, [delivery.channel], since=now - self._patience.give_up, now=now)
        self._accepted.discard(delivery.id)
        self._seen(delivery, "sent", now)
        _log.info("alert %s sent through %s, try %d", delivery.alert.id, delivery.channel, delivery.attempts)

    async def _failed(self, delivery: Delivery, error: DeliveryFailed) -> None:
        now = self._clock.now()
        if error.progressed:
            async with self._store.write() as tx:
                if await deliveries.mark_failed(tx, delivery, error, next_attempt_at=now):
                    await self._step(tx, delivery.channel, Result.PROGRESSED, now)
            return
        async with self._store.write() as tx:
            before = await self._find_state(tx, delivery.channel)
            since = now if before.since is None else min(before.since, now)
            again = now + self._patience.wait(now - since, self._jitter(), error.retry_after)
            if not await deliveries.mark_failed(tx, delivery, error, next_attempt_at=again):
                _log_lost(delivery)
                return
            await self._step(tx, delivery.channel, Result.FAILED, now, why=error.why)
            if error.retry_after is not None:
                await deliveries.put_off(tx, delivery.channel, until=now + min(error.retry_after, self._patience.pause))
        self._seen(delivery, "failed", now, error.reason)
        _log.warning(
            "alert %s, try %d, again at %s: %s", delivery.alert.id, delivery.attempts, time_json(again), error.why
        )

    async def _rejected(self, delivery: Delivery, error: DeliveryFailed, why: str) -> None:
        now = self._clock.now()
        async with self._store.write() as tx:
            if not await deliveries.mark_rejected(tx, delivery, error, why=why):
                _log_lost(delivery)
                return
            await self._step(tx, delivery.channel, Result.REJECTED, now, why=why)
        self._seen(delivery, "rejected", now, error.reason)
        _log.error("alert %s is rejected: %s", delivery.alert.id, why)

    async def _find_state(self, tx: Tx, channel: str) -> ChannelState:
        return channel_state_from_json(await facts.find(tx, CHANNEL_STATE + channel))

    async def _step(self, tx: Tx, channel: str, result: Result, now: datetime, *, why: str = "") -> ChannelState:
        """Take the channel's state one step on, and record what is to be told; the state before."""
        before = await self._find_state(tx, channel)
        after, drafts = step(before, channel, result, now, why=why, failing_after=self._patience.failing_after)
        if after == ChannelState():
            await facts.remove(tx, CHANNEL_STATE + channel)
        elif after != before:
            await facts.save(tx, CHANNEL_STATE + channel, channel_state_json(after), now=now)
        told = [replace(watch_event(draft, now), id=self._store.ids()) for draft in drafts]
        await event_log.add(tx, told, now=now)
        return before

    def _seen(self, delivery: Delivery, result: str, now: datetime, reason: FailureReason | None = None) -> None:
        begun = min((event.at for event in delivery.alert.events), default=delivery.alert.created_at)
        self._observe(delivery.channel, result, (now - begun).total_seconds(), reason)

    async def _steadily(self, name: str, work: Callable[[], Awaitable[object]], *, once: bool = False) -> None:
        """Do `work` every `poll`, whatever happens to the database; `once`: until it went through.

        Where the database fails, wait longer each time, and log one line for all.
        """
        while True:
            began = self._clock.now().timestamp()
            try:
                await work()
            except Exception as error:  # noqa: BLE001 (a bug must not end the telling of everything else)
                self._log_failure(name, error, began)
            else:
                if (line := self._outages.worked(name)) is not None:
                    _log.warning("%s", line)
                if once:
                    return
            now = self._clock.now().timestamp()
            await self._clock.sleep(max(self._patience.poll.total_seconds(), self._outages.wait(name, now)))

    def _log_failure(self, name: str, error: Exception, began: float) -> None:
        reason = outside_failure(error)
        if reason is None:
            _log.error("telling went wrong", exc_info=error)
            return
        line = self._outages.struck(name, reason, began=began, now=self._clock.now().timestamp())
        if line is not None:
            _log.warning("%s", line)


def _log_lost(delivery: Delivery) -> None:
    """Log that this process had the delivery for too long: another has claimed it, and records what comes of it."""
    _log.warning(
        "alert %s, try %d: its lease ran out, so the outcome is not recorded", delivery.alert.id, delivery.attempts
    )


def _gone(channel: str) -> str:
    return f"{channel} is not configured any more"


async def send_test(
    channels: Mapping[str, Channel],
    clock: Clock,
    *,
    ids: Callable[[], str],
    realistic: Collection[str] = (),
    public_url: str | None = None,
) -> dict[str, str | None]:
    """Send marked test alerts through each channel; None where all were accepted, else why not.

    Channels in `realistic` get a critical alert, a group and a digest as they would look; the others one plain alert.
    """
    now = clock.now()
    plain = (test_alert(ids(), now),)
    samples = sample_alerts(ids, now, public_url)
    results: dict[str, str | None] = {}
    for name, channel in channels.items():
        try:
            for alert in samples if name in realistic else plain:
                async with asyncio.timeout(Patience().limit.total_seconds()):
                    await channel.send(alert)
            results[name] = None
        except DeliveryFailed as error:
            results[name] = error.why
        except TimeoutError:
            results[name] = f"{name}: no answer"
    return results


def test_alert(alert_id: str, now: datetime) -> Alert:
    """Return the plain test alert."""
    return gathered(alert_id, AlertKind.TEST, (), group=TEST_GROUP, created_at=now)
