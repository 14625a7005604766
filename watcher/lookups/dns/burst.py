"""A load test of a resolver: a short burst of questions at its intended rate."""

import asyncio
import secrets
from dataclasses import dataclass

from watcher.core.mail.dns import Question, RRType
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import Server

MOST = 100
"""Questions of a burst: enough to meet a limit of a few dozen a second, too few to trouble anybody."""
_SUFFIXES = ("com", "net", "org")


@dataclass(frozen=True, slots=True)
class Burst:
    """`asked` questions went out, `answered` of them settled, all in `seconds`."""

    asked: int
    answered: int
    seconds: float

    @property
    def rate(self) -> float:
        """Settled answers a second."""
        return self.answered / self.seconds if self.seconds else 0.0


async def burst(server: Server, *, rate: float, timeout: float) -> Burst:  # noqa: ASYNC109 (of each try, as everywhere in here)
    """Ask `server` once each for names that nobody has, half a second's worth at `rate` and at most MOST."""
    count = max(1, min(MOST, int(rate / 2)))
    names = [f"w{secrets.token_hex(10)}.{_SUFFIXES[n % len(_SUFFIXES)]}" for n in range(count)]
    resolver = CarefulResolver([server], timeout=timeout, attempts=1, max_rate=rate)
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        answers = await resolver.ask([Question(name, RRType.MX) for name in names])
    finally:
        resolver.close()
    return Burst(count, sum(answer.settled for answer in answers), loop.time() - began)
