"""The verdict: can a name receive mail, by which rule, with what reservations, and what shows it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Protocol

from watcher.core.mail.dns import Answer
from watcher.core.mail.findings import Finding, Observation
from watcher.core.mail.reading import NameExistence, Reading, Surroundings, read


class Ability(StrEnum):
    """The ability of a name to receive mail. UNKNOWN never changes state."""

    ABLE = "able"
    UNABLE = "unable"
    UNKNOWN = "unknown"


class Basis(StrEnum):
    """The one rule that decided."""

    NO_SUCH_NAME = "no_such_name"
    NO_SUCH_SUFFIX = "no_such_suffix"
    NO_ADDRESS = "no_address"
    EXPLICIT_MX = "explicit_mx"
    IMPLICIT_MX = "implicit_mx"
    NULL_MX = "null_mx"
    DEAD_EXCHANGES = "dead_exchanges"
    LOOPBACK_EXCHANGE = "loopback_exchange"
    UNROUTABLE_EXCHANGES = "unroutable_exchanges"
    CONTROLLED_INTERRUPTION = "controlled_interruption"
    REGISTRY_WILDCARD = "registry_wildcard"
    LOOKUP_FAILED = "lookup_failed"


class Flag(StrEnum):
    """A fact that changes how bad or how sure a verdict is."""

    ARMED = "armed"
    SENDER_DEPENDENT = "sender_dependent"
    ADDRESS_SEEN = "address_seen"
    BOGUS_DNSSEC = "bogus_dnssec"
    INCONSISTENT = "inconsistent"
    IPV6_ONLY = "ipv6_only"
    PARTLY_DEAD = "partly_dead"
    MALFORMED = "malformed"
    ALIAS = "alias"
    ALIAS_EXCHANGE = "alias_exchange"
    NUMERIC_EXCHANGE = "numeric_exchange"
    DOTLESS = "dotless"
    QUEUED = "queued"
    COLLECTOR = "collector"
    SHARED_PROVIDER = "shared_provider"
    DEFENSIVE = "defensive"
    OWN_SUGGESTED = "own_suggested"
    PARKED = "parked"
    WILDCARD = "wildcard"
    OPERATED = "operated"
    SENDS_MAIL = "sends_mail"
    FILTERED = "filtered"
    ACCEPTS_ANY = "accepts_any"
    REJECTS_UNKNOWN = "rejects_unknown"
    REFUSES = "refuses"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange as resolved: `addresses` are all seen, global or not. Implicit: preference 0, host = name."""

    preference: int
    host: str
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Ability, the deciding basis, flags (sorted), exchanges (by preference, then host) and every answer in order.

    `findings`: the basis and each flag with the answers that show it, the basis first; every answer is in `evidence`.
    """

    ability: Ability
    basis: Basis
    flags: tuple[Flag, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    evidence: tuple[Answer, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def brief(self) -> "Verdict":
        """The same verdict without its evidence and findings."""
        return replace(self, evidence=(), findings=())


@dataclass(frozen=True, slots=True)
class Owner:
    """The owner's names and marks, to tell a defensive registration from a foreign one (M35).

    `domains`: registrable domains of the protected names. `own`: the own list. The rest only suggests.
    """

    domains: frozenset[str] = frozenset()
    own: frozenset[str] = frozenset()
    exchanges: frozenset[str] = frozenset()
    nameservers: frozenset[str] = frozenset()
    organisations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class JudgeContext:
    """The facts that a verdict takes into account besides the observation.

    `held`: the registry says the name is on hold or has no nameservers (M06). `registered`: the registry knows it, in
    whatever words. `nameservers` and `organisation` are the
    name's own, from its registration. `probed`: what the SMTP probe found.
    """

    surroundings: Surroundings
    owner: Owner = field(default_factory=Owner)
    held: bool = False
    nameservers: frozenset[str] = frozenset()
    organisation: str | None = None
    probed: tuple[Flag, ...] = ()
    registered: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """The input of a check. `basis` is decided by the time flags are looked for; None before."""

    reading: Reading
    context: JudgeContext
    basis: Basis | None = None

    @property
    def able(self) -> bool:
        """Return whether the basis decided so far means that mail is delivered."""
        return self.basis is not None and ability_of(self.basis) is Ability.ABLE

    @property
    def unable(self) -> bool:
        """Return whether the basis decided so far means that mail is not delivered."""
        return self.basis is not None and ability_of(self.basis) is Ability.UNABLE


class Check(Protocol):
    """One basis or flag: a module of `checks`, named as its tag."""

    TAG: Basis | Flag
    WORDS: str
    """The finding as part of a sentence, for alerts and pages."""

    def find(self, case: Case) -> Sequence[Answer] | None:
        """Return the answers that show it (empty where the name alone shows it); None when it does not hold."""
        ...


class BasisCheck(Check, Protocol):
    """A check that can decide a verdict."""

    def sentence(self, name: str, verdict: Verdict) -> str:
        """Return the verdict as one sentence without a full stop; what came from outside is made harmless."""
        ...


class FlagCheck(Check, Protocol):
    """A check that adds to a verdict."""

    NOTE: str
    """The clause that it adds to the sentence on the verdict; empty: none."""


_ABLE = frozenset({Basis.EXPLICIT_MX, Basis.IMPLICIT_MX, Basis.REGISTRY_WILDCARD})


def ability_of(basis: Basis) -> Ability:
    """Return the ability that a basis means."""
    if basis in _ABLE:
        return Ability.ABLE
    return Ability.UNKNOWN if basis is Basis.LOOKUP_FAILED else Ability.UNABLE


def find(reading: Reading, checks: Sequence[Check], context: JudgeContext) -> tuple[Basis, tuple[Finding, ...]]:
    """Return the basis, which is the first of `checks` that holds, and all findings: the basis', then the flags'."""
    case = Case(reading, context)
    findings: list[Finding] = []
    basis = Basis.LOOKUP_FAILED
    for check in checks:
        if isinstance(check.TAG, Basis):
            shown = check.find(case)
            if shown is not None:
                basis = check.TAG
                findings.append(Finding(basis.value, tuple(shown)))
                break
    decided = Case(reading, context, basis)
    for check in checks:
        if isinstance(check.TAG, Flag):
            shown = check.find(decided)
            if shown is not None:
                findings.append(Finding(check.TAG.value, tuple(shown)))
    return basis, tuple(findings)


def judge(observation: Observation, checks: Sequence[Check], context: JudgeContext) -> Verdict:
    """Return the verdict on one observation; the same for the same arguments, and for any answers whatever."""
    reading = read(observation, context.surroundings)
    basis, findings = find(reading, checks, context)
    found = {finding.tag for finding in findings}
    flags = {flag for flag in Flag if flag.value in found} | set(context.probed)
    exchanges = _exchanges(reading)
    return Verdict(ability_of(basis), basis, tuple(sorted(flags)), exchanges, observation.answers, findings)


def _exchanges(reading: Reading) -> tuple[Exchange, ...]:
    """Return the exchanges to show; a name without MX shows itself only where it has an address."""
    if reading.existence is NameExistence.UNSETTLED:
        return ()
    return tuple(
        Exchange(host.preference, host.name, host.addresses)
        for host in reading.hosts
        if host.addresses or not reading.implicit
    )


def wildcard_parent(
    name: str, registrable_domain: str | None, public_suffix: str, verdict: Verdict | None
) -> str | None:
    """Return the domain or suffix whose wildcard answers for the name; None where it has an answer of its own."""
    if verdict is None:
        return None
    if verdict.basis is Basis.REGISTRY_WILDCARD:
        return public_suffix
    return registrable_domain if registrable_domain != name and Flag.WILDCARD in verdict.flags else None


DISAGREE = "its nameservers disagree"
"""`inconsistent` in words: no check finds it, two reads do."""


def unite(first: Verdict, second: Verdict) -> Verdict:
    """Return the verdict on two reads of one name (M13): able when either is, with the evidence of both.

    Where both settled and only one is able the nameservers disagree: `inconsistent`. Otherwise the later settled read
    counts.
    """
    able = [item for item in (second, first) if item.ability is Ability.ABLE]
    able.sort(key=lambda one: Flag.DEFENSIVE in one.flags)  # the owner's by one server alone is not the owner's
    settled = [item for item in (second, first) if item.ability is not Ability.UNKNOWN]
    counts = (able or settled or [second])[0]
    flags = set(counts.flags)
    either = {*first.flags, *second.flags}
    if Flag.INCONSISTENT in either or (len(settled) == 2 and len(able) == 1):  # noqa: PLR2004 (both)
        flags.add(Flag.INCONSISTENT)
    evidence = (*first.evidence, *second.evidence)
    return replace(counts, flags=tuple(sorted(flags)), evidence=evidence)
