"""A zone's own nameservers, asked directly: what a confirming read goes by where `confirm.via` says so (M13, M38).

Who runs the nameservers of a lookalike decides about their addresses, so only global ones are asked.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.names.names import Fqdn, is_under
from watcher.core.ports import Clock, Resolver
from watcher.lookups.dns.resolver import CarefulResolver
from watcher.lookups.dns.servers import DNS_PORT, Server

_MOST_SERVERS = 4
_MOST_LABELS = 8
_POLITE_RATE = 10.0
_ADDRESSES = (RRType.A, RRType.AAAA)


class AuthoritativeServers:
    """Satisfies `core.authorities.Authorities`. `usual` finds the servers and answers for all other zones.

    `is_global` judges each address before it is asked. `registrable_domain` is where the climb for the zone ends.
    `timeout` is in seconds a try; `port` is for tests.
    """

    def __init__(
        self,
        usual: Resolver,
        clock: Clock,
        *,
        is_global: Callable[[str], bool],
        registrable_domain: Callable[[str], str | None],
        timeout: float = 3.0,
        port: int = DNS_PORT,
    ) -> None:
        self._usual = usual
        self._clock = clock
        self._is_global = is_global
        self._registrable_domain = registrable_domain
        self._timeout = timeout
        self._port = port

    @asynccontextmanager
    async def of(self, name: Fqdn) -> AsyncIterator[Sequence[Resolver]]:
        """One resolver for each of at most four nameservers; see `Authorities`."""
        zone, hosts = await self._zone(name)
        servers = await self._servers(hosts)
        resolvers = [
            CarefulResolver(
                [server], timeout=self._timeout, attempts=2, max_rate=_POLITE_RATE, clock=self._clock,
                recursive=False, ports=1,
            )
            for server in servers
        ]  # fmt: skip
        try:
            yield [_AtSource(zone, resolver, self._usual) for resolver in resolvers]
        finally:
            for resolver in resolvers:
                resolver.close()

    async def _zone(self, name: Fqdn) -> tuple[str, tuple[str, ...]]:
        """Return the closest zone around `name`, no higher than its registrable domain, with its nameservers."""
        end = self._registrable_domain(name) or name
        climb = [name]
        while climb[-1] != end and len(climb) < _MOST_LABELS:
            climb.append(Fqdn(climb[-1].partition(".")[2]))
        answers = await self._usual.ask([Question(at, RRType.NS) for at in climb])
        for answer in answers:
            if answer.outcome is Outcome.ANSWER and not answer.chain:
                return answer.question.name, answer.records[:_MOST_SERVERS]
        return name, ()

    async def _servers(self, hosts: Sequence[str]) -> list[Server]:
        """One address of each host, IPv4 where it has one; none that is not global."""
        answers = await self._usual.ask([Question(host, rrtype) for host in hosts for rrtype in _ADDRESSES])
        found: dict[str, str] = {}
        for answer in answers:
            for address in answer.records if answer.outcome is Outcome.ANSWER else ():
                if self._is_global(address):
                    found.setdefault(answer.question.name, address)
        return [Server(address, self._port) for address in dict.fromkeys(found.values())]


class _AtSource:
    """One nameserver for what is in its zone, the usual resolvers for what is not, or what it is no authority for."""

    def __init__(self, zone: str, server: CarefulResolver, usual: Resolver) -> None:
        self._zone = zone
        self._server = server
        self._usual = usual

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:
        """Return the answers in the order of the questions."""
        inside = [question for question in questions if is_under(question.name, self._zone)]
        heard = dict(zip(inside, await self._server.ask(inside), strict=True)) if inside else {}
        rest = [item for item in questions if item not in heard or heard[item].outcome is Outcome.REFUSED]
        if rest:
            heard.update(zip(rest, await self._usual.ask(rest, avoid=avoid), strict=True))
        return tuple(heard[question] for question in questions)
