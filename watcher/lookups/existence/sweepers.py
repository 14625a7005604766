"""Existence sweeps: does each of very many names exist? Through the resolvers, or at the source."""

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence

from watcher.core.names.names import Fqdn
from watcher.core.ports import Existence, Presence
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.existence.course import Course, Names
from watcher.lookups.existence.resolver_source import ResolverSource
from watcher.lookups.existence.suffix_servers import SuffixServers
from watcher.lookups.existence.suffix_source import SuffixSource
from watcher.lookups.existence.sweep_progress import SweepProgress
from watcher.lookups.existence.tails import Tails

_WINDOW = 8192
_PATIENCE = 30.0
_AHEAD = 50_000


class ResolverSweeper:
    """Satisfies `core.ports.Sweeper` through the servers, paces and sockets of a careful resolver.

    Careful questions of that resolver go first. `registrable_domain` tells a host's (see `Suffixes`): an SOA at or
    below it ends nothing. Without it every name is taken for a registrable domain itself. After `patience` seconds
    without a word from any server the remaining names come back UNSETTLED and unasked.
    `name_patience`: seconds after its first question to a resolver after which a name that does not settle is given
    up, whatever tries it has left, so that slow names hold up nothing; None: its tries are its only limit.
    """

    def __init__(
        self,
        resolver: CarefulResolver,
        *,
        registrable_domain: Callable[[str], str | None] | None = None,
        window: int = _WINDOW,
        patience: float = _PATIENCE,
        name_patience: float | None = None,
    ) -> None:
        self.resolver = resolver
        self.registrable_domain = registrable_domain
        self.window = window
        self.patience = patience
        self.name_patience = name_patience
        self.tails = Tails(registrable_domain)
        self.progress = SweepProgress(resolver.clock.now().timestamp())
        """Of the sweep begun last."""

    def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Yield every name once, in the order they settle; see `core.ports.Sweeper`."""
        course = self.course(names)
        self.progress = course.progress
        return course.run(self.source(course, course.names))

    def course(self, names: Iterable[Fqdn]) -> Course:
        """Return a new sweep of `names`."""
        return Course(names, clock=self.resolver.clock, window=self.window, timeout=self.resolver.timeout)

    def source(self, course: Course, names: Names | None) -> ResolverSource:
        """Return the resolvers as a source of `course` that draws from `names`."""
        return ResolverSource(
            course,
            self.resolver,
            names,
            self.tails,
            registrable_domain=self.registrable_domain,
            patience=self.patience,
            name_patience=self.name_patience,
        )


class SuffixSweeper:
    """Satisfies `core.ports.Sweeper`: the nameservers of each public suffix are asked, without a recursor in between.

    A new registration is seen at once, since nobody remembers that the name was absent. `resolvers` is asked where
    `servers` cannot be. `public_suffix` tells a name's suffix. It reads `ahead` names ahead of their turn.
    """

    def __init__(
        self,
        resolvers: ResolverSweeper,
        servers: SuffixServers,
        *,
        public_suffix: Callable[[str], str],
        ahead: int = _AHEAD,
    ) -> None:
        self.resolvers = resolvers
        self.servers = servers
        self.public_suffix = public_suffix
        self.ahead = ahead
        self.progress = SweepProgress(servers.clock.now().timestamp())
        """Of the sweep begun last."""

    def sweep(self, names: Iterable[Fqdn]) -> AsyncGenerator[Existence, None]:
        """Yield every name once, in the order they settle; see `core.ports.Sweeper`."""
        course = self.resolvers.course(names)
        self.progress = course.progress
        following = self.resolvers.source(course, None)
        return course.run(
            SuffixSource(course, self.servers, following, public_suffix=self.public_suffix, ahead=self.ahead)
        )


async def reached(sweeper: SuffixSweeper, suffixes: Sequence[str], label: str) -> dict[str, bool]:
    """Return for each suffix whether its own servers say that `label` (nobody's) is not registered there."""
    names = {Fqdn(f"{label}.{suffix}"): suffix for suffix in suffixes}
    resolvers = {lane.name for lane in sweeper.resolvers.resolver.lanes}
    return {
        names[found.name]: found.presence is Presence.ABSENT and found.resolver not in resolvers
        async for found in sweeper.sweep(names)
    }
