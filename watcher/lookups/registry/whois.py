"""One WHOIS question to one server (RFC 3912), with everything a hostile server can send bounded."""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from watcher.core.errors import InvalidName, LookupFailed
from watcher.core.names import names
from watcher.core.names.names import Fqdn
from watcher.core.ports import Clock
from watcher.core.registration.facts import RegistrationFacts, RegistrationSource, RegistrationStatus
from watcher.lookups.registry.connecting import Gate, NotGlobal
from watcher.lookups.registry.reply import RegistryReply, failed, packed, throttled
from watcher.lookups.registry.whois_classifier import ReplyKind, classify, is_bare, requested_wait
from watcher.lookups.registry.whois_process import WhoisProcess
from watcher.lookups.registry.whois_text import decode

MOST_BYTES = 64 * 1024
PORT = 43

_SOURCE = RegistrationSource.WHOIS
_REFERRAL_KEPT = timedelta(days=7)
_REFERRAL_FAILED = timedelta(minutes=1)
_MOST_REFERRALS = 4096
_REFERRAL = re.compile(r"^(?:whois|refer):[ \t]*(\S{1,253})[ \t]*$", re.MULTILINE | re.IGNORECASE)

_QUERIES: Mapping[str, str] = {
    # Servers that want more than the name: DENIC says little without -T, JPRS answers in Japanese without /e,
    # Verisign matches registrars and hosts too without a keyword.
    "whois.denic.de": "-T dn,ace {}",
    "whois.jprs.jp": "{}/e",
    "whois.verisign-grs.com": "domain {}",
    "ccwhois.verisign-grs.com": "domain {}",
    "jobswhois.verisign-grs.com": "domain {}",
    "whois.nic.name": "domain = {}",
}
_NOTHING_LEARNT = {
    ReplyKind.UNAVAILABLE: "the server could not answer",
    ReplyKind.INVALID: "the server does not take the name",
    ReplyKind.UNRECOGNISED: "the reply cannot be understood",
}


@dataclass(frozen=True, slots=True)
class Address:
    """The host and port of a WHOIS server."""

    host: str
    port: int = PORT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORT else f"{host}:{self.port}"


def address(text: str) -> Address:
    """`host`, `host:port`, `[v6]` or `[v6]:port`; raises ValueError."""
    match = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]\s/]+))(?::(\d{1,5}))?", text.strip())
    if match is None or not 0 < int(match[3] or PORT) < 65536:  # noqa: PLR2004 (ports have 16 bits)
        raise ValueError(f"{text[:80]!r} is no host or host:port")
    return Address((match[1] or match[2]).lower(), int(match[3] or PORT))


class Whois:
    """Asks WHOIS servers, and the referral server (IANA's) which of them knows a top-level label.

    `timeout` (seconds) is for one whole exchange with a server. `referral` is the operator's choice; what it refers to
    comes from outside, and so connects to global addresses only. Close it with `close`.
    """

    def __init__(
        self, clock: Clock, gate: Gate, parser: WhoisProcess, *, referral: Address, timeout: float = 15.0
    ) -> None:
        self._clock = clock
        self._gate = gate
        self._parser = parser
        self._referral = referral
        self._timeout = timeout
        self._referrals: dict[str, tuple[datetime, Address | None]] = {}
        self._referring = asyncio.Lock()
        self._referral_failed: tuple[datetime, LookupFailed] | None = None
        self._bare: dict[Address, Fqdn] = {}  # the name that each server last said next to nothing about

    async def ask(self, domain: Fqdn, server: Address) -> RegistryReply:
        """Ask `server` about `domain` (A-labels); never raises for what the server did."""
        query = _QUERIES.get(server.host, "{}").format(domain)
        try:
            raw = await self.exchange(server, query)
        except LookupFailed as error:
            return failed(_SOURCE, self._clock.now(), f"WHOIS: {error.cause}")
        text = decode(raw, domain)
        reply = self._throttled_by_silence(
            server, domain, text, await self._judge(domain, text, whole=len(raw) < MOST_BYTES)
        )
        if reply.facts.status is not RegistrationStatus.REGISTERED:
            return reply
        return replace(reply, facts=replace(reply.facts, raw=packed(raw)))

    def _throttled_by_silence(self, server: Address, domain: Fqdn, text: str, reply: RegistryReply) -> RegistryReply:
        """Return the reply, as throttling where it says next to nothing, as the one before did of another name."""
        if not reply.failed or not is_bare(text):
            self._bare.pop(server, None)
            return reply
        before = self._bare.get(server)
        if len(self._bare) >= _MOST_REFERRALS:
            self._bare.clear()
        self._bare[server] = domain
        if before is None or before == domain:
            return reply
        reason = "WHOIS: the server says next to nothing of name after name: taken for throttling"
        return throttled(_SOURCE, self._clock.now(), reason)

    async def server_of(self, suffix: str) -> Address | None:
        """Return the WHOIS server of the top-level label of `suffix`, None where it has none; asked for once a week.

        Raises LookupFailed when the referral server could not say.
        """
        label = suffix.rpartition(".")[2]
        async with self._referring:
            now = self._clock.now()
            known = self._referrals.get(label)
            if known is not None and known[0] > now:
                return known[1]
            if self._referral_failed is not None and self._referral_failed[0] > now:
                raise self._referral_failed[1]
            try:
                found, kept = await self._refer(label)
            except LookupFailed as error:
                self._referral_failed = (now + _REFERRAL_FAILED, error)
                raise
            if len(self._referrals) >= _MOST_REFERRALS:
                self._referrals.clear()
            self._referrals[label] = (now + kept, found)
            return found

    async def _refer(self, label: str) -> tuple[Address | None, timedelta]:
        """Return the server that the referral server names for `label`, and for how long to believe it."""
        reply = (await self.exchange(self._referral, label)).decode("utf-8", "replace")
        if not reply.strip() or await asyncio.to_thread(classify, reply) in {
            ReplyKind.THROTTLED,
            ReplyKind.UNAVAILABLE,
        }:
            raise LookupFailed("WHOIS", f"{self._referral.host} gave no referral")
        found = _referred(reply)
        # A reply without a server may be one cut short: it is believed for a shorter time.
        return found, _REFERRAL_KEPT if found is not None or "domain:" in reply.lower() else _REFERRAL_FAILED

    async def exchange(self, server: Address, query: str) -> bytes:
        """Return the reply to one line, cut at 64 KiB; raises LookupFailed."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._exchange(server, query)
        except TimeoutError as error:
            raise LookupFailed("WHOIS", f"{server.host} did not answer within {self._timeout:g} s") from error
        except NotGlobal as error:
            raise LookupFailed("WHOIS", f"{server.host} has no global address") from error
        except OSError as error:
            raise LookupFailed("WHOIS", f"{server.host}: no connection ({error.strerror or 'refused'})") from error

    async def close(self) -> None:
        """End the parser process."""
        await self._parser.close()

    async def _exchange(self, server: Address, query: str) -> bytes:
        refused: OSError | None = None
        for endpoint in await self._gate.endpoints(server.host, server.port):
            try:
                reader, writer = await asyncio.open_connection(endpoint.address, endpoint.port, limit=MOST_BYTES)
            except OSError as error:
                refused = error
                continue
            try:
                writer.write(query.encode("ascii", "replace") + b"\r\n")
                await writer.drain()
                return await _read(reader)
            finally:
                writer.transport.abort()  # a close would wait for a server that does not read
        raise refused or OSError(f"{server.host} has no address")

    async def _judge(self, domain: Fqdn, text: str, *, whole: bool) -> RegistryReply:
        now = self._clock.now()
        # In a thread: its time is linear in the reply, line by line, but a hostile one can make it tenths of a second.
        kind = await asyncio.to_thread(classify, text, domain)
        match kind:
            case ReplyKind.REGISTERED:
                return RegistryReply(await self._registered(domain, text, now))
            case ReplyKind.NOT_FOUND if not whole:
                return failed(_SOURCE, now, "WHOIS: the reply is longer than 64 KiB")
            case ReplyKind.NOT_FOUND:
                return RegistryReply(RegistrationFacts(RegistrationStatus.UNREGISTERED, _SOURCE, now))
            case ReplyKind.RESERVED:
                return RegistryReply(RegistrationFacts(RegistrationStatus.RESERVED, _SOURCE, now))
            case ReplyKind.THROTTLED:
                return throttled(_SOURCE, now, "WHOIS: the server asks us to slow down", requested_wait(text))
            case _:
                return failed(_SOURCE, now, f"WHOIS: {_NOTHING_LEARNT[kind]}")

    async def _registered(self, domain: Fqdn, text: str, now: datetime) -> RegistrationFacts:
        try:
            fields = await self._parser.parse(domain, text)
        except LookupFailed as error:
            return RegistrationFacts(RegistrationStatus.REGISTERED, _SOURCE, now, reason=f"WHOIS: {error.cause}")
        return RegistrationFacts(
            status=RegistrationStatus.REGISTERED,
            source=_SOURCE,
            fetched_at=now,
            registrar=fields.registrar,
            registrar_iana_id=fields.registrar_iana_id,
            created_at=fields.created_at,
            updated_at=fields.updated_at,
            expires_at=fields.expires_at,
            statuses=fields.statuses,
            nameservers=fields.nameservers,
            registrant_organisation=fields.registrant_organisation,
            registrant_country=fields.registrant_country,
            abuse_email=fields.abuse_email,
            abuse_phone=fields.abuse_phone,
        )


async def _read(reader: asyncio.StreamReader) -> bytes:
    """Everything until the server closes, at most MOST_BYTES."""
    received = bytearray()
    while len(received) < MOST_BYTES:
        chunk = await reader.read(8192)
        if not chunk:
            break
        received += chunk
    return bytes(received[:MOST_BYTES])


def _referred(reply: str) -> Address | None:
    """Return the server named by a referral; a name only, so that no reply can point at an address."""
    for match in _REFERRAL.finditer(reply[:MOST_BYTES]):
        try:
            return Address(names.parse(match[1]))
        except InvalidName:
            continue
    return None
