"""The nameservers of public suffixes as a source of a sweep: each suffix has a route of its own, and its turn.

Where a suffix's servers cannot be found, are silent, or do not speak for it, and for single names that they fail on,
the next source is asked.
"""

from collections import deque
from collections.abc import Callable, Iterator

from watcher.core.names.names import Fqdn
from watcher.lookups.existence.course import Course, Fallback, Item
from watcher.lookups.existence.suffix_route import SuffixRoute
from watcher.lookups.existence.suffix_servers import SuffixServers

_MOST_ACTIVE = 128  # suffixes asked at once: each has its sockets
_DRAWN_AT_ONCE = 512


class SuffixSource:
    """Satisfies `course.Source`. `public_suffix` tells a name's suffix; `following` is the next source.

    Names are drawn up to `ahead` before their turn, so that one slow suffix does not hold up the others.
    """

    def __init__(
        self,
        course: Course,
        servers: SuffixServers,
        following: Fallback,
        *,
        public_suffix: Callable[[str], str],
        ahead: int,
    ) -> None:
        self._course = course
        self._servers = servers
        self._following = following
        self._public_suffix = public_suffix
        self._ahead = ahead
        self._routes: dict[str, SuffixRoute] = {}
        self._active: deque[SuffixRoute] = deque()
        self._idle: deque[SuffixRoute] = deque()
        self._queued = 0

    @property
    def waiting(self) -> bool:
        """Return whether names wait here, or at the next source, to be drawn or asked."""
        return bool(self._queued) or not self._course.names.exhausted or self._following.waiting

    def fill(self, now: float) -> bool:
        """Draw names, and send as many questions as paces and window allow."""
        self._distribute()
        hungry = self._following.fill(now)
        while self._idle and len(self._active) < _MOST_ACTIVE:
            self._active.append(self._idle.popleft())
        for _ in range(len(self._active)):
            route = self._active.popleft()
            if route.servers is None or not route.servers.working:
                self._leave(route)
            else:
                self._queued -= route.fill(now)
            if route.waiting:
                self._active.append(route)
            else:
                route.rest()
        return hungry or bool(self._active)

    def delays(self, now: float) -> Iterator[float]:
        """Seconds until each server may be asked again."""
        yield from self._following.delays(now)
        for route in self._active:
            yield route.delay(now)

    def close(self) -> None:
        """Close the suffixes' sockets."""
        for route in self._routes.values():
            route.rest()
        self._following.close()

    def ask_again(self, item: Item, route: SuffixRoute) -> None:
        """Queue a name for the servers that failed on it."""
        self._activate(route)
        route.again.append(item)

    def fall_back(self, item: Item) -> None:
        """Hand a name to the next source."""
        self._following.take(item)

    def give_up(self, suffix: str) -> None:
        """Leave the servers of a suffix alone for a while: they do not speak for it."""
        self._servers.give_up(suffix)

    def _distribute(self) -> None:
        """Draw names and queue each for its suffix."""
        if self._course.names.exhausted or self._queued >= self._ahead:
            return
        routes, queued = self._routes, 0
        for name in self._course.names.draw(_DRAWN_AT_ONCE):
            route = routes.get(name.partition(".")[2]) or self._route(name)
            if route.queue:
                route.queue.append(name)
                queued += 1
            elif route.servers is None or route.servers.working:
                self._enqueue(name, route)
            else:
                self._following.take_names((name,))
        self._queued += queued

    def _route(self, name: Fqdn) -> SuffixRoute:
        """That of its suffix, made where it is new. A registrable domain's suffix is what follows its first label."""
        suffix = self._public_suffix(name)
        route = self._routes.get(suffix)
        if route is None:
            route = self._routes[suffix] = SuffixRoute(suffix, self._course, self)
            route.servers = self._servers.known(suffix)
            if route.servers is None:
                self._course.start(self._find(route))
        return route

    def _enqueue(self, name: Fqdn, route: SuffixRoute) -> None:
        self._activate(route)
        route.queue.append(name)

    def _activate(self, route: SuffixRoute) -> None:
        """Count a name that is about to join a route, and give the route its turn."""
        if route.servers is not None and not route.waiting and route not in self._active:
            self._idle.append(route)
        self._queued += 1

    async def _find(self, route: SuffixRoute) -> None:
        route.servers = await self._servers.find(route.suffix)
        if not route.servers.working:
            self._leave(route)
        elif route.waiting:
            self._idle.append(route)
        self._course.wake()

    def _leave(self, route: SuffixRoute) -> None:
        """Hand everything that waits to the next source: the servers do not work."""
        self._queued -= route.waiting
        self._following.take_names(route.queue)
        self._following.take_names(item.name for item in route.again)
        route.queue.clear()
        route.again.clear()
