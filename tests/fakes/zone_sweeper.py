"""The existence sweep over a fake zone resolver: one MX question a name, judged as the real sweep engine judges."""

from collections.abc import AsyncGenerator, Iterable

from tests.fakes.zone_resolver import ZoneResolver
from watcher.core.mail.dns import Outcome, Question, RRType
from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence


class ZoneSweeper:
    """Satisfies `ports.Sweeper`. `asked` holds the names of every sweep in order."""

    def __init__(self, resolver: ZoneResolver) -> None:
        self._resolver = resolver
        self.asked: list[Fqdn] = []

    async def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Every name once, in order."""
        for name in names:
            self.asked.append(name)
            (answer,) = await self._resolver.ask([Question(name, RRType.MX)])
            if answer.outcome is Outcome.FILTERED:
                presence = Presence.LOOK
            elif not answer.settled:
                presence = Presence.UNSETTLED
            elif answer.outcome is Outcome.NXDOMAIN and not answer.chain and answer.soa not in {None, name}:
                presence = Presence.ABSENT
            else:
                presence = Presence.LOOK
            yield Existence(name, presence, answer.outcome, answer.resolver)
