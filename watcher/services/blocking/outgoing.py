"""Counts of outgoing mail: what was stopped, told as events by the hour, and which domains are often written to.

Counting never waits: counts stand in memory and are kept now and then. Nothing of a sender is counted, and of domains
that resemble nothing only keyed hashes.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from watcher.core.blocking.answer import STOPPING, Action
from watcher.core.errors import StoreError
from watcher.core.events import Event, EventKind
from watcher.core.mail.risk import Severity
from watcher.core.names.names import Fqdn
from watcher.core.names.suffixes import Suffixes
from watcher.core.ports import Clock
from watcher.core.shapes.times import time_json
from watcher.services.blocking.mail_log import keyed_hash, stored_key
from watcher.store import Store, event_log, recipients, refusals
from watcher.store.refusals import RefusalKey, RefusalRow

log = logging.getLogger(__name__)

KEPT = timedelta(days=30)
"""The time for which recipients are counted."""
_MOST = 20_000
"""Different things counted between two writings; what is more is not counted."""
_PATIENCE = 10.0


class Outgoing:
    """Counts, and keeps the counts by `flush`. `known_after`: messages after which a domain counts as known; 0: never.

    `observe` is told of every action, for metrics.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        suffixes: Suffixes,
        *,
        known_after: int = 0,
        observe: Callable[[Action], None] = lambda action: None,  # noqa: ARG005 (what the name means)
    ) -> None:
        self._store = store
        self._clock = clock
        self._suffixes = suffixes
        self._known_after = known_after
        self._observe = observe
        self._refused: dict[RefusalKey, int] = {}
        self._written: dict[int, int] = {}
        self._known: set[int] = set()
        self._known_at: datetime | None = None
        self._hash: Callable[[bytes], int] | None = None

    @property
    def counts_recipients(self) -> bool:
        """Return whether domains that are written to are counted."""
        return self._known_after > 0

    def is_known(self, domain: str) -> bool:
        """Return whether the organisation often writes to the domain."""
        return bool(self._known) and self._hash is not None and self._hash(domain.encode()) in self._known

    def count(self, domain: str, protected: str, action: Action) -> None:
        """Count one answer."""
        self._observe(action)
        hour = self._clock.now().replace(minute=0, second=0, microsecond=0)
        key = RefusalKey(domain, protected, hour, action.value)
        if key in self._refused or len(self._refused) < _MOST:
            self._refused[key] = self._refused.get(key, 0) + 1

    def count_recipient(self, domain: str) -> None:
        """Count one message to a domain that resembles nothing."""
        if self._hash is not None:
            hashed = self._hash(domain.encode())
            if hashed in self._written or len(self._written) < _MOST:
                self._written[hashed] = self._written.get(hashed, 0) + 1

    async def run(self, every: float = 2.0) -> None:
        """Flush until cancelled; what cannot be written is written later."""
        failing = False
        while True:
            try:
                async with asyncio.timeout(_PATIENCE):
                    await self.flush()
                failing = False
            except (StoreError, TimeoutError, OSError) as error:
                if not failing:
                    log.warning("counts of stopped mail wait: %s", str(error) or "the database hangs")
                failing = True
            await self._clock.sleep(every)

    async def flush(self) -> None:
        """Write the counts and the events about them. Raises StoreError; then nothing is lost."""
        now = self._clock.now()
        if self.counts_recipients:
            await self._read_known(now)
        refused, self._refused = self._refused, {}
        written, self._written = self._written, {}
        try:
            async with self._store.write() as tx:
                if refused:
                    await refusals.add(tx, refused)
                if self.counts_recipients:
                    await recipients.remove_before(tx, now - KEPT)
                if written:
                    await recipients.add(tx, written, day=now.replace(hour=0, minute=0, second=0, microsecond=0))
                untold = [row for row in await refusals.list_untold(tx) if _is_ripe(row, now)]
                told = [self._event(row, now) for row in untold if row.key.action in STOPPING]
                await event_log.add(tx, told, now=now)
                await refusals.mark_told(tx, untold)
        except BaseException:
            for key, count in refused.items():
                self._refused[key] = self._refused.get(key, 0) + count
            for hashed, count in written.items():
                self._written[hashed] = self._written.get(hashed, 0) + count
            raise

    async def _read_known(self, now: datetime) -> None:
        if self._hash is None:
            self._hash = keyed_hash(await stored_key(self._store, now))
        if self._known_at is None or now - self._known_at > timedelta(minutes=1):
            async with self._store.read() as tx:
                self._known = await recipients.list_frequent(tx, since=now - KEPT, least=self._known_after)
            self._known_at = now

    def _event(self, row: RefusalRow, now: datetime) -> Event:
        key = row.key
        return Event(
            id=self._store.ids(),
            kind=EventKind.MAIL_REFUSED,
            severity=Severity.INFO,
            severity_reasons=(),
            name=key.domain,
            registrable_domain=self._suffixes.registrable_domain(Fqdn(key.domain)),
            protected=(key.protected,),
            at=now,
            source="policy",
            after={"action": key.action, "count": row.count - row.told, "hour": time_json(key.hour)},
        )


def _is_ripe(row: RefusalRow, now: datetime) -> bool:
    """The first of an hour is told at once, all others when the hour is over."""
    return row.told == 0 or now - row.key.hour >= timedelta(hours=1)
