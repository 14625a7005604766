"""The pulse: when the DNS last said anything at all, and what came instead since; what the vigil reads.

That of the registries counts by server: one that refuses us must not hide behind the others.
"""

from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from watcher.core.mail.dns import Answer, Outcome, Question
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock, Existence, Resolver, Sweeper

_REMEMBERED = 20
_MOST_TRIES = 4000  # of one server: more than an hour at the usual pace
_SHOWN = 3


class Pulse:
    """`last_settled` is the newest settled answer of any kind; before the first one, the start of the watch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started = self.last_settled = clock.now()
        self.beaten = False
        """Whether anything has ever settled."""
        self.errors: deque[str] = deque(maxlen=_REMEMBERED)
        """The newest failures since the last settled answer, as "outcome from resolver"."""
        self.registry = RegistryPulse(clock)
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """The number of answers of each (resolver, outcome)."""

    def beat(self, outcome: Outcome, resolver: str, at: datetime) -> None:
        """Record that one answer came, or failed to."""
        self.outcomes[resolver, outcome.value] += 1
        if outcome.settled:
            self.beaten = True
            self.last_settled = max(self.last_settled, at)
            self.errors.clear()
        else:
            self.errors.append(f"{outcome.value} from {resolver}")


class RegistryPulse:
    """The outcomes of the tries at each registry server within the last `window`, and the last trouble."""

    def __init__(self, clock: Clock, window: timedelta = timedelta(hours=1)) -> None:
        self._clock = clock
        self._window = window
        self._tries: dict[str, deque[tuple[datetime, str | None]]] = {}

    def heard(self, server: str, trouble: str | None) -> None:
        """Record the end of one try: `trouble`, or None where the server answered."""
        self._tries.setdefault(server, deque(maxlen=_MOST_TRIES)).append((self._clock.now(), trouble))

    def troubles(self, *, failing: float, fewest: int) -> Mapping[str, str]:
        """Servers that failed or put off the share `failing` or more of at least `fewest` tries, in words."""
        now, found = self._clock.now(), {}
        for server, tries in list(self._tries.items()):
            while tries and not now - self._window <= tries[0][0] <= now:
                tries.popleft()
            if not tries:
                del self._tries[server]
                continue
            bad = [trouble for _, trouble in tries if trouble is not None]
            if len(tries) >= fewest and len(bad) >= failing * len(tries):
                last = "; ".join(list(dict.fromkeys(reversed(bad)))[:_SHOWN])
                found[server] = f"{server} failed {len(bad):,} of {len(tries):,} questions within the hour: {last}"
        return found


class PulsedResolver:
    """A resolver whose answers keep the pulse."""

    def __init__(self, resolver: Resolver, pulse: Pulse) -> None:
        self._resolver = resolver
        self._pulse = pulse

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:
        """As the resolver inside."""
        answers = await self._resolver.ask(questions, avoid=avoid)
        for answer in answers:
            self._pulse.beat(answer.outcome, answer.resolver, answer.at)
        return answers


class PulsedSweeper:
    """A sweeper whose results keep the pulse."""

    def __init__(self, sweeper: Sweeper, pulse: Pulse, clock: Clock) -> None:
        self._sweeper = sweeper
        self._pulse = pulse
        self._clock = clock

    async def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """As the sweeper inside."""
        async with aclosing(self._sweeper.sweep(names)) as found:
            async for existence in found:
                self._pulse.beat(existence.outcome, existence.resolver, self._clock.now())
                yield existence
