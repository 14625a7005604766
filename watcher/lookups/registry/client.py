"""Registration facts of a domain from whoever knows them: RDAP, then WHOIS, at each server's pace."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path

from watcher.core.errors import ConfigurationError, LookupFailed
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock
from watcher.core.registration.facts import (
    RegistrationFacts,
    RegistrationSource,
    RegistrationStatus,
    Worth,
    completed,
    gaps,
)
from watcher.lookups.registry import rdap_bootstrap, whois
from watcher.lookups.registry.connecting import Gate
from watcher.lookups.registry.options import (
    IANA_WHOIS,
    USUAL_LIMITS,
    USUAL_SERVERS,
    RegistryLimits,
    RegistryServers,
)
from watcher.lookups.registry.pace import ServerPace
from watcher.lookups.registry.rdap import Rdap
from watcher.lookups.registry.reply import RegistryReply, failed, throttled, unknown
from watcher.lookups.registry.routes import RdapServer, Routes, Server, WhoisServer, origin
from watcher.lookups.registry.whois_process import WhoisProcess

IANA_BOOTSTRAP = "https://data.iana.org/rdap/dns.json"

_TRIES = 2
_UNKNOWN_KEPT = timedelta(minutes=1)
_REFRESHED_EVERY = timedelta(days=7)

log = logging.getLogger(__name__)


class RegistryClient:
    """Satisfies `core.ports.Registry`. Close it with `close`.

    `bundled` is the bootstrap in the package. `rdap` is the HTTP side, made here unless given. `registered_domain` is
    the domain that a top-level registry knows, above a registrable one: `uk.com` above `army.uk.com`. `heard` is told
    of every try: which server, and what went wrong, None where it answered.

    Raises ConfigurationError for settings that cannot be used.
    """

    def __init__(
        self,
        clock: Clock,
        is_global: Callable[[str], bool],
        *,
        bundled: bytes,
        servers: RegistryServers = USUAL_SERVERS,
        limits: RegistryLimits = USUAL_LIMITS,
        rdap: Rdap | None = None,
        registered_domain: Callable[[str], Fqdn | None] = lambda name: None,  # noqa: ARG005
        heard: Callable[[str, str | None], None] = lambda server, trouble: None,  # noqa: ARG005 (what the names mean)
    ) -> None:
        if limits.max_rate <= 0:
            raise ConfigurationError("registration.max_rate", "it must be above 0")
        self._clock = clock
        self._max_rate = limits.max_rate
        self._patience = limits.patience
        self._kept = limits.kept
        self._most_kept = limits.most_kept
        self._heard = heard
        self._registered_domain = registered_domain
        self._bootstrap_url, bootstrap = _bootstrap(servers.rdap_bootstrap, bundled)
        self._etag: str | None = None
        self._refreshed_at: datetime | None = None
        self._routes = Routes(bootstrap, servers.rdap, servers.whois)
        referral = whois.address(servers.whois_referral)
        own = [] if servers.whois_referral == IANA_WHOIS else [(referral.host, referral.port)]
        own += [] if servers.rdap_bootstrap is None or self._bootstrap_url is None else [origin(self._bootstrap_url)]
        own += [] if servers.proxy is None else [origin(servers.proxy)]
        gate = Gate(is_global, (*self._routes.trusted(), *own))
        self._rdap = rdap or Rdap(clock, gate, timeout=limits.timeout, proxy_of=servers.proxy_of)
        self._whois = whois.Whois(
            clock, gate, WhoisProcess(timeout=limits.timeout), referral=referral, timeout=limits.timeout
        )
        self._paces: dict[str, ServerPace] = {}
        self._registrars = ServerPace(clock, limits.max_rate, limits.patience)
        self._known: OrderedDict[Fqdn, tuple[datetime, RegistrationFacts]] = OrderedDict()
        self._asking: dict[Fqdn, asyncio.Task[RegistrationFacts]] = {}
        self._worth: dict[Fqdn, float] = {}  # of what is being asked: of its worthiest caller

    async def facts(self, domain: Fqdn, *, worth: float = 0.0, since: datetime | None = None) -> RegistrationFacts:
        """Return the facts of a registrable domain, minutes old or asked now; never raises for what a registry did.

        They are a parent's where that is all that a registry knows: `facts.domain` says whose they are.
        Of several domains that wait for the same server the one of highest `worth` is asked about first. Callers that
        ask about the same domain at the same time share one question, of the highest worth among theirs. `since`: what
        is remembered from before is old.
        """
        known = self._known.get(domain)
        if known is not None and self._clock.now() < known[0] and (since is None or known[1].fetched_at >= since):
            return known[1]
        asking = self._asking.get(domain)
        if asking is None:
            self._worth[domain] = worth
            asking = asyncio.create_task(self._ask(domain), name=f"registration of {domain}")
            self._asking[domain] = asking
            asking.add_done_callback(lambda _: self._answered(domain))
        elif worth > self._worth[domain]:
            self._worth[domain] = worth
            for pace in (*self._paces.values(), self._registrars):
                pace.overtake(domain, worth)
            above = self._registered_domain(domain)
            if above is not None and above in self._asking and worth > self._worth[above]:
                self._worth[above] = worth
                for pace in self._paces.values():
                    pace.overtake(above, worth)
        return await asyncio.shield(asking)

    def _answered(self, domain: Fqdn) -> None:
        del self._asking[domain], self._worth[domain]

    async def refresh_bootstrap(self) -> bool:
        """Fetch the bootstrap where it comes from a URL; whether it is new. One that cannot be used changes nothing.

        Raises LookupFailed when it could not be fetched or read.
        """
        if self._bootstrap_url is None:
            return False
        document = await self._rdap.fetch(
            self._bootstrap_url, accept="application/json", most=rdap_bootstrap.MOST_BYTES, etag=self._etag
        )
        if document.status == HTTPStatus.NOT_MODIFIED:
            return False
        if document.status != HTTPStatus.OK:
            raise LookupFailed("RDAP bootstrap", f"the server answered {document.status}")
        self._routes.bootstrap = rdap_bootstrap.read_bootstrap(document.body)
        self._etag = document.etag
        return True

    async def keep_bootstrap_fresh(self) -> None:
        """Refresh the bootstrap where that last worked a week ago; when it fails the one in use stays."""
        now = self._clock.now()
        if self._refreshed_at is not None and now - self._refreshed_at < _REFRESHED_EVERY:
            return
        try:
            new = await self.refresh_bootstrap()
        except LookupFailed as error:
            log.info("%s; the one of %s stays in use", error, self.bootstrap_published_at)
            return
        self._refreshed_at = now
        if new:
            log.info("the RDAP bootstrap of %s is in use", self.bootstrap_published_at)

    @property
    def bootstrap_published_at(self) -> datetime | None:
        """When the bootstrap in use was published, for `doctor` and the age of bundled data."""
        return self._routes.bootstrap.publication

    async def close(self) -> None:
        """Stop asking, and close connections and the parser process."""
        tasks = list(self._asking.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for pace in (*self._paces.values(), self._registrars):
            await pace.close()
        await self._rdap.close()
        await self._whois.close()

    async def _ask(self, domain: Fqdn) -> RegistrationFacts:
        facts = await self._first_answer(domain)
        settled = facts.status is not RegistrationStatus.UNKNOWN
        self._known[domain] = (
            self._clock.now() + (self._kept if settled else min(_UNKNOWN_KEPT, self._kept)),
            replace(facts, raw=None),
        )
        self._known.move_to_end(domain)
        while len(self._known) > self._most_kept:
            self._known.popitem(last=False)
        return facts

    async def _first_answer(self, domain: Fqdn) -> RegistrationFacts:
        """Return the facts of the registry of `domain`, else those of the registered domain above it."""
        registered = self._registered_domain(domain) or domain
        if registered == domain:
            return await self._answer_of(self._routes.servers(domain), domain)
        servers = self._routes.below(domain, registered)
        facts = await self._answer_of(servers, domain)
        if facts.status is not RegistrationStatus.UNKNOWN:
            return facts
        above = await self.facts(registered, worth=self._worth[domain])
        said = f"of {registered}, the parent: " + (
            f"its registry did not say more ({facts.reason})"
            if servers
            else f"no registry of names under {registered} is known"
        )
        return replace(above, reason="; ".join(text for text in (said, above.reason) if text)[:300])

    async def _answer_of(self, servers: Sequence[Server], domain: Fqdn) -> RegistrationFacts:
        """Return the answer of the first server that has one; `reason` has the failures before it, or all of them."""
        reasons: list[str] = []
        source = RegistrationSource.RDAP
        for server in servers:
            reply = await self._ask_server(server, domain)
            source = reply.facts.source
            if reply.facts.reason is not None:
                reasons.append(reply.facts.reason)
            if not reply.failed:
                facts = replace(reply.facts, reason="; ".join(reasons) or None, domain=domain)
                return await self._with_registrar(domain, facts, reply.registrar)
        reason = "; ".join(reasons) or f"no RDAP or WHOIS server is known for {domain}"
        return replace(unknown(source, self._clock.now(), reason), domain=domain)

    async def _with_registrar(self, domain: Fqdn, facts: RegistrationFacts, link: str | None) -> RegistrationFacts:
        """Fill the facts' gaps from the registrar's own RDAP, where that matters; return them unchanged when it fails.

        All registrars share one pace: a registry's links must not make us keep one for each host they name.
        """
        worth = self._worth[domain]
        wanted = facts.status is RegistrationStatus.REGISTERED and worth >= Worth.ABLE and gaps(facts)
        if link is None or not wanted or not await self._registrars.turn(worth, about=domain):
            return facts
        reply = await self._rdap.ask_registrar(domain, link)
        if reply.facts.status is not RegistrationStatus.REGISTERED:
            return facts
        return completed(facts, reply.facts, origin(link)[0])

    async def _ask_server(self, server: Server, domain: Fqdn) -> RegistryReply:
        match server:
            case RdapServer(url):
                return await self._paced(
                    server.pace, RegistrationSource.RDAP, domain, lambda: self._rdap.ask(domain, url)
                )
            case WhoisServer(whois.Address() as address):
                return await self._ask_whois(address, domain)
            case WhoisServer(_, suffix):
                try:
                    found = await self._whois.server_of(suffix)
                except LookupFailed as error:
                    return failed(RegistrationSource.WHOIS, self._clock.now(), f"WHOIS: {error.cause}")
                if found is None:
                    reason = f"WHOIS: no server is known for .{suffix}"
                    return failed(RegistrationSource.WHOIS, self._clock.now(), reason)
                return await self._ask_whois(found, domain)

    async def _ask_whois(self, address: whois.Address, domain: Fqdn) -> RegistryReply:
        return await self._paced(
            f"whois {address}", RegistrationSource.WHOIS, domain, lambda: self._whois.ask(domain, address)
        )

    async def _paced(
        self, key: str, source: RegistrationSource, domain: Fqdn, ask: Callable[[], Awaitable[RegistryReply]]
    ) -> RegistryReply:
        """Ask when it is our turn; a throttled question is asked once more when the server's break is short."""
        pace = self._paces.setdefault(key, ServerPace(self._clock, self._max_rate, self._patience))
        reply: RegistryReply | None = None
        for _ in range(_TRIES):
            if not await pace.turn(self._worth[domain], about=domain):
                break
            reply = await ask()
            troubled = reply.throttled or reply.failed
            self._heard(key, (reply.facts.reason or "no answer") if troubled else None)
            if not reply.throttled:
                pace.answered()
                return reply
            pace.throttled(reply.retry_after)
        if reply is not None:
            return reply
        seconds = round(pace.closed_for().total_seconds())
        name = source.value.upper()
        reason = f"{name}: the server asked us to slow down, {seconds} s are left"
        self._heard(key, reason)
        return throttled(source, self._clock.now(), reason)


def _bootstrap(setting: str | None, bundled: bytes) -> tuple[str | None, rdap_bootstrap.Bootstrap]:
    """Return the URL to refresh from, or None, and the bootstrap to begin with."""
    if setting is None:
        return IANA_BOOTSTRAP, rdap_bootstrap.read_bootstrap(bundled)
    if "://" in setting:
        if rdap_bootstrap.base_url(setting, plain_http=True) is None:
            raise ConfigurationError("registration.rdap_bootstrap", f"{setting[:80]!r} is no http or https URL")
        return setting, rdap_bootstrap.read_bootstrap(bundled)
    try:
        return None, rdap_bootstrap.read_bootstrap(Path(setting).read_bytes())
    except OSError as error:
        raise ConfigurationError("registration.rdap_bootstrap", f"{setting}: {error.strerror}") from error
    except LookupFailed as error:
        raise ConfigurationError("registration.rdap_bootstrap", f"{setting}: {error.cause}") from error
