"""The pulse: when the DNS last said anything at all, and what came instead since; what the vigil reads."""

from collections import Counter, deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime

from watcher.core.dns import Answer, Outcome, Question
from watcher.core.names import Fqdn
from watcher.core.ports import Clock, Existence, Resolver, Sweeper

_REMEMBERED = 20


class Pulse:
    """`last_settled` is the newest settled answer of any kind; before the first one, the start of the watch."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.started = self.last_settled = clock.now()
        self.beaten = False
        """Whether anything has ever settled."""
        self.errors: deque[str] = deque(maxlen=_REMEMBERED)
        """The newest failures since the last settled answer, as "outcome from resolver"."""
        self.outcomes: Counter[tuple[str, str]] = Counter()
        """How many answers of each (resolver, outcome)."""

    def beat(self, outcome: Outcome, resolver: str, at: datetime) -> None:
        """One answer came, or failed to."""
        self.outcomes[resolver, outcome.value] += 1
        if outcome.settled:
            self.beaten = True
            self.last_settled = max(self.last_settled, at)
            self.errors.clear()
        else:
            self.errors.append(f"{outcome.value} from {resolver}")


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
