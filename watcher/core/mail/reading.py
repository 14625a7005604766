"""The reading of one observation. The inquiry decides by it what to ask next, the checks what is true.

An unsettled or filtered answer reads as "not known", wherever it stands.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.exchanges import (
    Answers,
    Host,
    HostKind,
    HostState,
    MXRecords,
    host_kind,
    is_filtered,
    parse_mx,
    read_host,
    says_filtered,
)
from watcher.core.mail.findings import Observation
from watcher.core.mail.operators import MailOperators
from watcher.core.names.names import Fqdn, is_under
from watcher.core.names.suffixes import Suffixes


class NameExistence(StrEnum):
    """The existence of the name, as the MX answer shows it."""

    EXPLICIT = "explicit"
    """There are MX records."""
    IMPLICIT = "implicit"
    """No MX: the name itself is the exchange, if it has addresses."""
    ABSENT = "absent"
    """No such name, said by the suffix or above: nothing below exists either."""
    DENIED = "denied"
    """NXDOMAIN that proves less: through an alias, or from the name's own zone."""
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The inputs from outside the DNS: the lists for reading an observation, and the label that probes wildcards."""

    suffixes: Suffixes
    operators: MailOperators
    probe_label: str


@dataclass(frozen=True, slots=True)
class Wildcard:
    """The answers for a random label under `zone`: MX records and addresses; empty where there is no wildcard.

    `settled` is False while an answer is missing.
    """

    zone: str
    mx: MXRecords
    addresses: tuple[str, ...]
    evidence: tuple[Answer, ...]
    settled: bool

    @property
    def present(self) -> bool:
        """Return whether the zone answers for any label."""
        return bool(self.mx.hosts or self.mx.nulls or self.addresses)


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation, read.

    `hosts`: the exchanges in the order senders try them; the name itself when implicit; empty for an absent name.
    `mx` is the answer that counts, or None when the question was not put. `parent` is the registrable domain's answer
    when the name is a host under it.
    """

    observation: Observation
    surroundings: Surroundings
    answers: Answers
    mx: Answer | None
    parent: Answer | None
    existence: NameExistence
    records: MXRecords
    hosts: tuple[Host, ...]

    @property
    def name(self) -> str:
        """The name read about."""
        return self.observation.name

    @property
    def undelegated(self) -> bool:
        """Return whether the name's top-level label is not in the root zone (M04)."""
        if self.surroundings.suffixes.is_delegated(self.name):
            return False
        return self.delegation(self.name.rpartition(".")[2]) is not True

    @property
    def parent_absent(self) -> bool:
        """Return whether the registrable domain does not exist, and so nothing under it (M03)."""
        return self.parent is not None and denies_subtree(self.parent, self.observation.registrable_domain or self.name)

    @property
    def usable(self) -> tuple[Host, ...]:
        """The exchanges that mail can be delivered to."""
        return tuple(host for host in self.hosts if host.state is HostState.USABLE)

    @property
    def unsettled(self) -> tuple[Host, ...]:
        """The exchanges whose state is not known."""
        return tuple(host for host in self.hosts if host.state is HostState.UNSETTLED)

    @property
    def implicit(self) -> bool:
        """Return whether the name itself stands in for exchanges it does not name."""
        return self.existence in {NameExistence.IMPLICIT, NameExistence.DENIED}

    @property
    def aliases(self) -> tuple[str, ...]:
        """The CNAME targets the name itself leads through."""
        own = (self.mx, self.answers.of(self.name, RRType.A), self.answers.of(self.name, RRType.AAAA))
        return next((answer.chain for answer in own if answer is not None and answer.settled and answer.chain), ())

    @property
    def bogus(self) -> bool:
        """Return whether what counts was only answered with validation off (M10)."""
        unchecked = self.mx is not None and self.mx.question.checking_disabled
        return unchecked or any(host.bogus for host in self.hosts)

    @property
    def filtered(self) -> tuple[Answer, ...]:
        """The answers about the name and its exchanges that came from a filter (M62)."""
        own = (self.mx, *(answer for host in self.hosts for answer in host.evidence))
        operators = self.surroundings.operators
        return tuple(answer for answer in own if answer is not None and is_filtered(answer, operators))

    @property
    def alias_beside_mx(self) -> tuple[Answer, ...]:
        """The answers that show a CNAME at the same node as MX records, which no zone may hold (M49)."""
        if self.mx is None or not self.mx.settled or self.mx.chain or self.mx.outcome is Outcome.NXDOMAIN:
            return ()
        others = (self.answers.of(self.name, rrtype) for rrtype in (RRType.A, RRType.AAAA, RRType.CNAME))
        return tuple(
            answer
            for answer in others
            if answer is not None
            and answer.settled
            and (answer.chain or (answer.question.type is RRType.CNAME and answer.outcome is Outcome.ANSWER))
        )

    @property
    def target_beside_mx(self) -> str | None:
        """The alias's target where a CNAME question showed one beside MX records (M49)."""
        found = [answer for answer in self.alias_beside_mx if answer.question.type is RRType.CNAME]
        target = found[0].records[0] if found and found[0].records else None
        return target if target is not None and host_kind(target) is HostKind.ORDINARY else None

    def follows(self, wildcard: Wildcard) -> bool:
        """Return whether the name says just what any label under the wildcard's zone says (M51-M55)."""
        if not wildcard.present:
            return False
        if self.existence is NameExistence.EXPLICIT:
            return self.records.names == wildcard.mx.names and bool(self.records.nulls) == bool(wildcard.mx.nulls)
        with_mx = wildcard.mx.hosts or wildcard.mx.nulls
        addresses = (address for host in self.hosts for address in host.addresses)
        return self.implicit and not with_mx and any(address in wildcard.addresses for address in addresses)

    def wildcard(self, zone: str) -> Wildcard:
        """Return the known answers of a wildcard under `zone`."""
        return _read_wildcard(zone, self.answers, self.surroundings)

    def delegation(self, domain: str) -> bool | None:
        """Return whether `domain` has nameservers of its own; None when not asked or not settled."""
        answer = self.answers.of(domain, RRType.NS)
        if answer is None or not answer.settled or is_filtered(answer, self.surroundings.operators):
            return None
        return answer.outcome is Outcome.ANSWER and not answer.chain


def denies_subtree(answer: Answer, domain: str) -> bool:
    """Return whether this NXDOMAIN for `domain` or a host of it ends everything from `domain` down (RFC 8020).

    It does when the SOA belongs above: one of the domain's own zone shows that the domain is delegated (a lying apex),
    one that came through an alias is about the alias's target, and one without an SOA may be a filter's.
    """
    if answer.outcome is not Outcome.NXDOMAIN or answer.chain or answer.soa is None or says_filtered(answer):
        return False
    return answer.soa == "." or (answer.soa != domain and is_under(domain, answer.soa))


def read(observation: Observation, surroundings: Surroundings) -> Reading:
    """Return the reading of an observation, finished or not.

    Where an alias stands beside MX records (M49) and only its target can take mail, the target's exchanges count.
    """
    reading = _read_own(observation, surroundings)
    target = None if reading.usable else reading.target_beside_mx
    if target is None:
        return reading
    other = _read_own(replace(observation, name=Fqdn(target)), surroundings)
    if not other.usable or other.existence is NameExistence.UNSETTLED:
        return reading
    return replace(reading, existence=other.existence, records=other.records, hosts=other.hosts)


def _read_own(observation: Observation, surroundings: Surroundings) -> Reading:
    answers = Answers(observation.answers)
    operators = surroundings.operators
    name = observation.name
    domain = observation.registrable_domain
    mx = answers.of(name, RRType.MX)
    parent = answers.of(domain, RRType.MX) if domain is not None and domain != name else None
    existence = _existence(mx, domain or name, operators)
    records = parse_mx(mx.records if mx is not None and existence is NameExistence.EXPLICIT else ())
    if existence is NameExistence.EXPLICIT:
        hosts = tuple(read_host(preference, host, answers, operators) for preference, host in records.hosts)
    elif existence in {NameExistence.IMPLICIT, NameExistence.DENIED, NameExistence.UNSETTLED}:
        hosts = (read_host(0, name, answers, operators),)
    else:
        hosts = ()
    return Reading(observation, surroundings, answers, mx, parent, existence, records, hosts)


def _existence(mx: Answer | None, domain: str, operators: MailOperators) -> NameExistence:
    if mx is None or not mx.settled or is_filtered(mx, operators):
        return NameExistence.UNSETTLED
    if mx.outcome is Outcome.NXDOMAIN:
        return NameExistence.ABSENT if denies_subtree(mx, domain) else NameExistence.DENIED
    if len(set(mx.chain)) < len(mx.chain) or mx.question.name in mx.chain:
        return NameExistence.UNSETTLED
    return NameExistence.EXPLICIT if mx.outcome is Outcome.ANSWER and mx.records else NameExistence.IMPLICIT


def probe_name(zone: str, surroundings: Surroundings) -> str:
    """Return the unregistered name that shows whether `zone` answers for any label."""
    return f"{surroundings.probe_label}.{zone}"


def _read_wildcard(zone: str, answers: Answers, surroundings: Surroundings) -> Wildcard:
    name = probe_name(zone, surroundings)
    asked = [answers.asked(Question(name, rrtype)) for rrtype in (RRType.MX, RRType.A, RRType.AAAA)]
    evidence = tuple(answer for answer in asked if answer is not None)
    mx = asked[0]
    records = parse_mx(mx.records if mx is not None and mx.outcome is Outcome.ANSWER else ())
    addresses = tuple(record for answer in evidence[1:] for record in answer.records) if mx is not None else ()
    settled = bool(evidence) and all(
        answer.settled and not is_filtered(answer, surroundings.operators) for answer in evidence
    )
    return Wildcard(zone, records, addresses, evidence, settled)
