"""The words of `watcher serve` to the person who started it: first findings, progress, troubles, alerts."""

import sys
from collections.abc import Iterable, Mapping, Sequence

from watcher.checks import VOCABULARY
from watcher.cli.output import visible
from watcher.core.errors import DishonestResolver
from watcher.core.events import ENDED_BY, Event
from watcher.core.mail.verdict import Ability
from watcher.core.names.durations import duration
from watcher.core.ports import Clock
from watcher.core.slips.candidates import Candidate
from watcher.core.telling.alerts import concerns_ours
from watcher.core.telling.counted import counted
from watcher.core.telling.story import story_of
from watcher.core.telling.wording import OVER
from watcher.services.looks.watch import Recorded
from watcher.services.sweeps.sweep import Sweep
from watcher.store import Store, lookalikes, protected_names, shards

FIRST = 10
"""So many able lookalikes of the first sweep are printed as they are found; the others are counted."""
_PROGRESS_SECONDS = (10, 25)
_THEN_EVERY = 60


class Narrator:
    """Prints to standard error. `found` hears of every recorded look, `progress` is called every second or so."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._started = clock.now()
        self._spoken_at = 0.0
        self._able = 0
        self._wildcards: set[str] = set()
        self._blind = False
        self._done = False

    def say(self, text: str) -> None:
        """One line."""
        sys.stderr.write(visible(text) + "\n")
        sys.stderr.flush()

    def found(self, recorded: Recorded, candidate: Candidate | None) -> None:
        """Print the first able lookalikes of a sweep."""
        row = recorded.row
        if candidate is None or row is None or row.verdict is None or row.verdict.ability is not Ability.ABLE:
            return
        if (parent := lookalikes.wildcard_of(row)) is not None:
            if parent in self._wildcards:  # its hosts are one: they must not fill the list
                return
            self._wildcards.add(parent)
        self._able += 1
        if self._able == 1:
            self.say("lookalikes that can receive mail now:")
        if self._able <= FIRST:
            hosts = "" if parent is None else f", as every host of {parent}"
            said = VOCABULARY.sentence(row.name, row.verdict)
            self.say(f"  {row.severity.value:8} {said}{hosts} (like {candidate.protected})")
        elif self._able == FIRST + 1:
            self.say("  more are counted; `watcher lookalikes --ability able` lists all of them")

    def channels(self, names: Sequence[str]) -> None:
        """Say where alerts go; one clear line where they go nowhere."""
        if names:
            self.say(f"alerts go to {', '.join(names)}, and are printed here")
        else:
            self.say(
                "NO CHANNEL IS CONFIGURED: alerts are printed here and reach nobody. Set alerts.slack, alerts.email or "
                "another channel in watcher.toml; `watcher channels test` tries them"
            )

    def events(self, told: Iterable[Event]) -> None:
        """Print what is told at once, a line each."""
        for event in told:
            over = event.kind in ENDED_BY and not concerns_ours(event)
            level = OVER if over else event.severity.value.upper()
            like = f" (like {event.protected[0]})" if event.protected and event.name not in event.protected else ""
            self.say(f"{event.at:%Y-%m-%d %H:%M:%S} {level}: {story_of(event, VOCABULARY).headline}{like}")

    def resolvers(self, found: Mapping[str, object]) -> None:
        """Say what the honesty check found, where it is not all well."""
        for resolver, result in found.items():
            if isinstance(result, DishonestResolver):
                self.say(f"refused: {result}")
            elif str(result) == "unreachable":
                self.say(f"resolver {resolver} does not answer; is there a network? dns.resolvers names another one")
            elif str(result) == "stripping":
                self.say(
                    f"resolver {resolver} leaves the SOA out of its answers, as dnsmasq does: absent names stay "
                    "unknown; dns.resolvers names another one"
                )
            elif str(result) == "failing":
                self.say(f"resolver {resolver} answers, but cannot resolve; it may refuse this machine or be cut off")

    async def progress(self, sweep: Sweep) -> None:
        """Say how far the first sweep is, at 10 and 25 seconds, then every minute until it has ended; and blindness."""
        report = sweep.report
        if report.blind and not self._blind:
            self._blind = True
            self.say(f"cannot see the DNS: {report.blind}; trying again")
        elif self._blind and report.shards and not report.blind:  # a pass went through
            self._blind = False
            self.say("the DNS is seen again")
        seconds = (self._clock.now() - self._started).total_seconds()
        due = next((at for at in _PROGRESS_SECONDS if self._spoken_at < at <= seconds), None)
        if due is None and seconds - self._spoken_at < _THEN_EVERY:
            return
        self._spoken_at = seconds
        if not self._done:
            await self._tell_progress(sweep, seconds)

    async def _tell_progress(self, sweep: Sweep, seconds: float) -> None:
        async with self._store.read() as tx:
            names = [row.name for row in await protected_names.list_all(tx)]
            baselines = await shards.find_baselines(tx, names)
            able = (await lookalikes.count_abilities(tx)).get(Ability.ABLE.value, 0)  # an earlier run's too
        if not names:
            self.say("nothing is protected yet; `watcher protect add NAME` says what to watch")
            return
        able = max(self._able, able)
        settled = sum(baseline.settled for baseline in baselines.values())
        if all(baseline.done for baseline in baselines.values()):
            self._done = True
            of = f"{counted(settled, 'candidate')} of {counted(len(names), 'name')}"
            self.say(f"first sweep done: {of}; {able or 'none'} can receive mail")
            return
        left = max(len(names) * sweep.most_candidates - sweep.seen, 0)
        rate = sweep.seen / seconds
        if rate:
            seen = f"{counted(sweep.seen, 'candidate')} seen in {duration(seconds)}, {able or 'none'} can receive mail"
            takes = f"takes about {duration(left / rate)} more at {rate:,.0f} a second"
            self.say(f"{seen}; the first sweep of {counted(len(names), 'name')} {takes}")
