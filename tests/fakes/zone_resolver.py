"""A resolver that answers from zones in master-file syntax, in simulated time, with faults per question.

It satisfies `ports.Resolver`. Zones are what a recursive resolver would find: CNAME, DNAME and wildcards are followed
over all of them; a delegation to a zone that is not there is lame and gives SERVFAIL; a top-level domain without a
zone of its own exists and is empty.
"""

import fnmatch
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import dns.name
import dns.rdatatype
import dns.zonefile

from tests.fakes.clock import FakeClock
from watcher.core.mail.dns import Answer, Outcome, Question

_MAX_LINKS = 16
_NEGATIVE_TTL = 300
_TTL = 600


@dataclass
class _Set:
    """The records of one name and type, with the TTL that the zone gives them."""

    ttl: int
    records: list[str]


Records = dict[str, dict[str, _Set]]


class UnexpectedQuestion(AssertionError):
    """A question was put that the scenario does not list."""


@dataclass(frozen=True)
class Fault:
    """What becomes of matching questions instead of the zones' answer. `name` and `type` are shell patterns.

    `resolver`: only when this one is asked. `validating`: only without CD=1, as a validating resolver fails.
    """

    name: str
    type: str
    outcome: Outcome
    records: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    soa: str | None = None
    extended_errors: tuple[int, ...] = ()
    resolver: str | None = None
    validating: bool = False
    ttl: int | None = None

    def matches(self, question: Question, resolver: str) -> bool:
        """Whether this fault strikes the question at this resolver."""
        return (
            fnmatch.fnmatchcase(question.name, self.name)
            and fnmatch.fnmatchcase(question.type.value, self.type)
            and self.resolver in {None, resolver}
            and not (self.validating and question.checking_disabled)
        )


@dataclass(frozen=True)
class _Found:
    outcome: Outcome
    records: tuple[str, ...] = ()
    chain: tuple[str, ...] = ()
    soa: str | None = None
    ttl: int | None = None


class ZoneResolver:
    """The fake; TTLs are the zones', `ttl` where a zone gives none. `asked` holds every question in order; `expected`, when set, makes any other question an error."""

    def __init__(
        self,
        clock: FakeClock,
        zones: Mapping[str, str] | None = None,
        *,
        resolvers: Sequence[str] = ("9.9.9.10:53",),
        faults: Iterable[Fault] = (),
        ttl: int = _TTL,
    ) -> None:
        self._clock = clock
        self._resolvers = tuple(resolvers)
        self._zones: dict[str, Records] = {}
        self._ttl = ttl
        self.faults = list(faults)
        self.asked: list[Question] = []
        self.expected: frozenset[Question] | None = None
        for origin, text in (zones or {}).items():
            self.load(origin, text)

    def load(self, origin: str, text: str | None) -> None:
        """Add or replace one zone; None takes it away."""
        if text is None:
            self._zones.pop(origin, None)
            return
        records: Records = {origin: {}}
        rrsets = dns.zonefile.read_rrsets(
            text, origin="." if origin == "." else origin + ".", default_ttl=self._ttl, relativize=False
        )
        for rrset in rrsets:
            types = records.setdefault(_plain(rrset.name), {})
            kept = types.setdefault(dns.rdatatype.to_text(rrset.rdtype), _Set(rrset.ttl, []))
            kept.ttl = min(kept.ttl, rrset.ttl)
            kept.records.extend(_presentation(rdata) for rdata in rrset)
        self._zones[origin] = records

    async def ask(self, questions: Sequence[Question], *, avoid: frozenset[str] = frozenset()) -> tuple[Answer, ...]:
        """The answers, by the first resolver that is not to be avoided."""
        resolver = next((one for one in self._resolvers if one not in avoid), self._resolvers[0])
        return tuple(self._answer(question, resolver) for question in questions)

    def _answer(self, question: Question, resolver: str) -> Answer:
        self.asked.append(question)
        if self.expected is not None and question not in self.expected:
            raise UnexpectedQuestion(f"{question.name} {question.type.value}")
        now = self._clock.now()
        for fault in self.faults:
            if fault.matches(question, resolver):
                ttl = fault.ttl if fault.ttl is not None else (self._ttl if fault.outcome.settled else None)
                return Answer(
                    question, fault.outcome, resolver, now, fault.records, fault.chain, fault.soa, ttl,
                    fault.extended_errors,
                )  # fmt: skip
        found = self._find(question.name, question.type.value)
        return Answer(question, found.outcome, resolver, now, found.records, found.chain, found.soa, found.ttl)

    def _denied(self, outcome: Outcome, chain: list[str], zone: str) -> _Found:
        """A denial, kept as long as the zone's SOA says (RFC 2308 5: its TTL or its minimum, whichever is less)."""
        soa = self._zones.get(zone, {}).get(zone, {}).get("SOA")
        ttl = min(self._ttl, _NEGATIVE_TTL) if soa is None else min(soa.ttl, int(soa.records[0].split()[-1]))
        return _Found(outcome, (), tuple(chain), zone, ttl)

    def _find(self, name: str, rrtype: str) -> _Found:
        chain: list[str] = []
        ttls: list[int] = []  # an answer over aliases is kept as long as the shortest-lived of its records
        at = name
        while True:
            zone = self._zone_of(at)
            if zone is None:
                top = at.rpartition(".")[2]
                exists = at == top
                return self._denied(Outcome.NODATA if exists else Outcome.NXDOMAIN, chain, top)
            node = self._node(zone, at)
            if node is None:
                alias = self._dname(zone, at)
                if alias is None:
                    if self._is_lame(zone, at):
                        return _Found(Outcome.SERVFAIL)
                    return self._denied(Outcome.NXDOMAIN, chain, zone)
            else:
                if rrtype == "NS" and at == zone and "NS" not in node:
                    return _Found(Outcome.ANSWER, (f"ns1.{zone}",), tuple(chain), ttl=min([self._ttl, *ttls]))
                if rrtype in node:
                    found = node[rrtype]
                    return _Found(Outcome.ANSWER, tuple(found.records), tuple(chain), ttl=min([found.ttl, *ttls]))
                if at != zone and "NS" in node:
                    return _Found(Outcome.SERVFAIL)
                if "CNAME" not in node:
                    return self._denied(Outcome.NODATA, chain, zone)
                alias = node["CNAME"].records[0]
                ttls.append(node["CNAME"].ttl)
            chain.append(alias)
            at = alias
            if len(chain) > _MAX_LINKS:
                return _Found(Outcome.SERVFAIL)

    def _zone_of(self, name: str) -> str | None:
        """The closest zone around a name."""
        while name:
            if name in self._zones:
                return name
            name = name.partition(".")[2]
        return "." if "." in self._zones else None

    def _node(self, zone: str, name: str) -> dict[str, _Set] | None:
        """The records at a name: its own, a wildcard's, none at an empty non-terminal; None when nothing is there."""
        records = self._zones[zone]
        if name in records:
            return records[name]
        if any(owner.endswith("." + name) for owner in records):
            return {}
        encloser = name.partition(".")[2]
        while encloser not in records and not any(owner.endswith("." + encloser) for owner in records):
            if encloser in {zone, ""}:
                break
            encloser = encloser.partition(".")[2]
        return records.get(f"*.{encloser}")

    def _dname(self, zone: str, name: str) -> str | None:
        records = self._zones[zone]
        above = name.partition(".")[2]
        while above:
            if "DNAME" in records.get(above, {}):
                return name[: -len(above)] + records[above]["DNAME"].records[0]
            if above == zone:
                return None
            above = above.partition(".")[2]
        return None

    def _is_lame(self, zone: str, name: str) -> bool:
        """Whether the name stands below a delegation whose zone is not there."""
        records = self._zones[zone]
        above = name.partition(".")[2]
        while above and above != zone:
            if "NS" in records.get(above, {}):
                return True
            above = above.partition(".")[2]
        return False


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _presentation(rdata: object) -> str:
    """Record data as `Answer.records` has it: names lower case without final dot, except the root."""
    parts = str(rdata).split(" ")
    if rdata.rdtype in {dns.rdatatype.TXT, dns.rdatatype.TLSA}:  # type: ignore[attr-defined]
        return str(rdata)
    return " ".join(part if part == "." else part.removesuffix(".").lower() for part in parts)
