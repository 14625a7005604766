"""Triage, answered in the thread of the alert: readers of a channel see there what was decided, and by whom.

Only channels that have threads are given it. A failure costs comfort and no alert: it is tried again for a day. After a
crash between an answer and its note the answer may come twice.
"""

import asyncio
import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from watcher.core.errors import DeliveryFailed, DeliveryRejected
from watcher.core.ports import Answering, Channel, Clock
from watcher.core.shapes.times import time_from_json, time_json
from watcher.core.telling.triage_words import triage_words
from watcher.store import Store, facts, lookalikes

_POSITION = "triage_answered:"
_BATCH = 50
_GIVEN_UP = timedelta(days=1)
_LIMIT = 40.0

_log = logging.getLogger(__name__)


class TriageAnswers:
    """Answers for each channel of `channels` that has threads, beginning with what is decided after the first call."""

    def __init__(self, store: Store, channels: Mapping[str, Channel], clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._answering = {name: channel for name, channel in channels.items() if isinstance(channel, Answering)}

    async def due(self) -> int:
        """Answer what was decided since the last call; return how many answers were given."""
        return sum([await self._through(name, channel) for name, channel in self._answering.items()])

    async def _through(self, name: str, channel: Answering) -> int:
        now, answered = self._clock.now(), 0
        async with self._store.read() as tx:
            after = _place(await facts.find(tx, _POSITION + name))
            found = [] if after is None else await lookalikes.list_triaged(tx, after=after, limit=_BATCH)
        if after is None:
            await self._note(name, now, "")
        for row in found:
            if row.triage_at is None:
                continue
            if now - row.triage_at < _GIVEN_UP:
                text = triage_words(row.name, row.triage, note=row.triage_note, by=row.triage_by)
                try:
                    async with asyncio.timeout(_LIMIT):
                        answered += await channel.answer(f"domain:{row.registrable_domain}", text)
                except DeliveryRejected as error:
                    _log.warning("the triage of %s is not answered: %s", row.name, error.why)
                except (DeliveryFailed, TimeoutError):
                    return answered
            await self._note(name, row.triage_at, row.name)
        return answered

    async def _note(self, name: str, at: datetime, about: str) -> None:
        async with self._store.write() as tx:
            await facts.save(tx, _POSITION + name, json.dumps([time_json(at), about]), now=self._clock.now())


def _place(text: str | None) -> tuple[datetime, str] | None:
    if text is None:
        return None
    at, about = json.loads(text)
    moment = time_from_json(at)
    return None if moment is None else (moment, about)
