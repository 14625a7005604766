"""The summary: every day or week it says what was watched and what came of it, so that silence is known to be quiet."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from watcher.core.events import EventKind
from watcher.core.ports import Clock
from watcher.core.shapes.times import time_from_json, time_json
from watcher.core.states.budget import Budget
from watcher.core.telling.alerts import AlertKind, AlertPolicy, gathered
from watcher.core.telling.gathering import last_digest_time
from watcher.services.health.coverage import coverage_json
from watcher.services.health.wellness import Wellness
from watcher.store import Store, facts, health, lookalikes, outbox

_HANDLED = "summary.handled"
_WORDS: Mapping[EventKind, str] = {
    EventKind.MAIL_BECAME_ABLE: "became able to receive mail",
    EventKind.LOOKALIKE_FOUND: "new lookalikes",
    EventKind.MAIL_BECAME_UNABLE: "lost their mail",
    EventKind.EXCHANGES_CHANGED: "changed their exchanges",
    EventKind.OWN_MAIL_AT_RISK: "of ours at risk",
    EventKind.WATCH_STALE: "times that the watch was not well",
}


class Summaries:
    """Sends one through every channel at each digest time of `policy`, which is one for summaries alone.

    `plan` and `budget` as for `Wellness`, which says what is not well now.
    """

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        policy: AlertPolicy,
        plan: Sequence[tuple[int, timedelta]],
        budget: Callable[[], Budget | None],
        wellness: Wellness,
        public_url: str | None = None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._policy = policy
        self._plan = plan
        self._budget = budget
        self._wellness = wellness
        self._public_url = public_url

    async def due(self) -> bool:
        """Make the summary whose time has come; whether there was one. Told once, also after a crash."""
        now = self._clock.now()
        at = last_digest_time(now, self._policy)
        if at is None or not self._policy.channels:
            return False
        async with self._store.read() as tx:
            handled = time_from_json(await facts.find(tx, _HANDLED))
        if handled is not None and handled >= at:
            return False
        text = await self._text(handled or at, now)
        async with self._store.write() as tx:
            if time_from_json(await facts.find(tx, _HANDLED)) != handled:
                return False
            await facts.save(tx, _HANDLED, time_json(at), now=now)
            if handled is None:
                return False  # the first one has nothing to look back on
            alert = gathered(
                self._store.ids(),
                AlertKind.SUMMARY,
                (),
                total=0,
                group="summary",
                created_at=now,
                text=text,
                public_url=self._public_url,
            )
            await outbox.add_alert(tx, alert, [], {name: self._store.ids() for name in self._policy.channels}, now=now)
        return True

    async def _text(self, since: datetime, now: datetime) -> str:
        """Return what was watched since then, in sentences."""
        coverage = await coverage_json(self._store, self._plan, now=now, budget=self._budget())
        troubles = await self._wellness.troubles(now)
        async with self._store.read() as tx:
            counts = await health.count_events(tx, since)
            able = (await lookalikes.count_abilities(tx)).get("able", 0)
            sent = await health.count_deliveries(tx, since)
        said = [
            f"From {since:%Y-%m-%d %H:%M} to {now:%Y-%m-%d %H:%M} UTC {coverage['protected']:,} names were watched."
        ]
        said += [
            f"Candidates to rank {tier['ranks_to']:,}: {tier['settled']:,} of {tier['total']:,} settled in the newest "
            f"passes, {tier['on_time']:,} of {tier['shards']:,} names on time."
            for tier in coverage["tiers"]
            if tier["total"]
        ]
        happened = [f"{counts[kind]:,} {words}" for kind, words in _WORDS.items() if counts.get(kind)]
        said.append(f"{', '.join(happened).capitalize()}." if happened else "Nothing happened.")
        said.append(f"{able:,} lookalikes can receive mail now; {sent:,} messages were delivered.")
        old = self._wellness.old_data(now)
        said += [] if old is None else [f"Worth doing: {old}."]
        said.append(f"Not well: {'; '.join(troubles.values())}." if troubles else "The watch is well.")
        return " ".join(said)
