"""Exchanges as the DNS shows them: MX records, and the addresses of their hosts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.operators import MailOperators
from watcher.core.names.addresses import Reach, dotted_quad, reach
from watcher.core.names.names import is_under

_FILTER_ERRORS = frozenset({4, 15, 16, 17, 18})  # RFC 8914: forged, blocked, censored, filtered, prohibited
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\Z")
_MAX_NAME = 253
_SPECIAL_USE = ("invalid", "test", "local", "onion")  # RFC 6761, 6762, 7686: never in the public DNS
_INTERRUPTION_LABEL = "your-dns-needs-immediate-attention"
_QUIET_LOOPBACK = frozenset({"127.0.0.1", "::1", "0.0.0.0", "::"})  # noqa: S104 (compared with, not listened on)
_NEEDS_VALIDATION_OFF = frozenset({Outcome.SERVFAIL, Outcome.BOGUS})


class HostKind(StrEnum):
    """The kind of an exchange by its name alone, before any question."""

    ORDINARY = "ordinary"
    NUMERIC = "numeric"
    LOCALHOST = "localhost"
    SPECIAL_USE = "special_use"
    INTERRUPTION = "interruption"
    ILLEGAL = "illegal"


class HostState(StrEnum):
    """The fate of mail for a host, as its addresses show it."""

    USABLE = "usable"
    UNROUTABLE = "unroutable"
    LOOPBACK = "loopback"
    INTERRUPTED = "interrupted"
    DEAD = "dead"
    """Settled: no such host, or no address."""
    UNSETTLED = "unsettled"
    """An answer is missing, so that nothing can be said."""


@dataclass(frozen=True, slots=True)
class MXRecords:
    """An MX RRset taken apart: hosts by preference then name, each host once at its best; preferences of "." apart."""

    hosts: tuple[tuple[int, str], ...]
    nulls: tuple[int, ...]
    unreadable: int

    @property
    def names(self) -> frozenset[str]:
        """The hosts' names."""
        return frozenset(host for _, host in self.hosts)


@dataclass(frozen=True, slots=True)
class Host:
    """One exchange with the state of its addresses.

    `addresses` are all seen, `usable` the global ones among them. `unasked`: no address question was put, for example
    because a better exchange was found. `absent`: the NXDOMAIN that says there is no such host, or None. `bogus`: what
    counts was only answered with validation off. `evidence`: the answers its state was read from.
    """

    preference: int
    name: str
    kind: HostKind
    state: HostState
    addresses: tuple[str, ...] = ()
    usable: tuple[str, ...] = ()
    alias: bool = False
    ipv6_only: bool = False
    bogus: bool = False
    filtered: bool = False
    unasked: bool = False
    absent: Answer | None = None
    evidence: tuple[Answer, ...] = ()

    @property
    def has_loopback(self) -> bool:
        """Return whether mail to it may end on the sender's own machine."""
        return self.kind is HostKind.LOCALHOST or any(
            reach(address) in {Reach.LOOPBACK, Reach.UNSPECIFIED} for address in self.addresses
        )

    @property
    def queued(self) -> bool:
        """Return whether senders try and queue instead of refusing at once (M27, M28, M30)."""
        return any(address not in _QUIET_LOOPBACK for address in self.addresses)


def parse_mx(records: tuple[str, ...]) -> MXRecords:
    """Return the hosts, null records and the number of unreadable ones in an MX RRset's presentation texts."""
    best: dict[str, int] = {}
    nulls: list[int] = []
    unreadable = 0
    for record in records:
        preference, _, host = record.strip().partition(" ")
        host = host.strip().lower()
        if not (preference.isascii() and preference.isdigit() and len(preference) <= 5 and host):  # noqa: PLR2004 (65535)
            unreadable += 1
        elif host == ".":
            nulls.append(int(preference))
        else:
            host = host.removesuffix(".")
            best[host] = min(int(preference), best.get(host, 65535))
    hosts = sorted((preference, host) for host, preference in best.items())
    return MXRecords(tuple(hosts), tuple(sorted(nulls)), unreadable)


def host_kind(host: str) -> HostKind:
    """Return the kind of a host by its name alone."""
    if dotted_quad(host) is not None:
        return HostKind.NUMERIC
    labels = host.split(".")
    if len(host) > _MAX_NAME or not all(_LABEL.match(label) for label in labels):
        return HostKind.ILLEGAL
    if is_under(host, "localhost"):
        return HostKind.LOCALHOST
    if labels[-1] in _SPECIAL_USE:
        return HostKind.SPECIAL_USE
    if labels[0] == _INTERRUPTION_LABEL:
        return HostKind.INTERRUPTION
    return HostKind.ORDINARY


_STATE_BY_NAME: Mapping[HostKind, HostState] = {
    HostKind.LOCALHOST: HostState.LOOPBACK,
    HostKind.SPECIAL_USE: HostState.DEAD,
    HostKind.INTERRUPTION: HostState.INTERRUPTED,
    HostKind.ILLEGAL: HostState.DEAD,
}


def says_filtered(answer: Answer) -> bool:
    """Return whether the resolver itself admits that a filter answered."""
    return not _FILTER_ERRORS.isdisjoint(answer.extended_errors)


def is_filtered(answer: Answer, operators: MailOperators) -> bool:
    """Return whether the answer came from a filter instead of the name's owner, or may have (M62).

    A policy zone's NXDOMAIN has no SOA of the real zone; one behind a CNAME has said something real already.
    """
    return (
        says_filtered(answer)
        or answer.outcome is Outcome.FILTERED
        or (answer.outcome is Outcome.NXDOMAIN and answer.soa is None and not answer.chain)
        or any(record in operators.sinkholes for record in answer.records)
    )


class Answers:
    """The answers of one observation by question; the last one counts when a question was put twice."""

    def __init__(self, answers: tuple[Answer, ...]) -> None:
        self._by_question = {answer.question: answer for answer in answers}

    def asked(self, question: Question) -> Answer | None:
        """Return the answer to exactly this question; None where it was not asked."""
        return self._by_question.get(question)

    def of(self, name: str, rrtype: RRType) -> Answer | None:
        """Return the answer that counts: with validation off where only that one settled (M10); None if not asked."""
        plain = self._by_question.get(Question(name, rrtype))
        if plain is not None and plain.outcome in _NEEDS_VALIDATION_OFF:
            unchecked = self._by_question.get(Question(name, rrtype, checking_disabled=True))
            if unchecked is not None and unchecked.settled:
                return unchecked
        return plain

    def may_be_bogus(self, name: str, rrtype: RRType) -> bool:
        """Return whether asking again with validation off could still tell something."""
        plain = self._by_question.get(Question(name, rrtype))
        again = Question(name, rrtype, checking_disabled=True)
        return plain is not None and plain.outcome in _NEEDS_VALIDATION_OFF and again not in self._by_question


def read_host(preference: int, name: str, answers: Answers, operators: MailOperators) -> Host:
    """Return the state of one exchange as far as the answers tell."""
    kind = host_kind(name)
    if kind is HostKind.NUMERIC:
        state = _settled_state((name,), operators)
        usable = (name,) if state is HostState.USABLE else ()
        return Host(preference, name, kind, state, (name,), usable)
    if kind in _STATE_BY_NAME:
        return Host(preference, name, kind, _STATE_BY_NAME[kind])
    return _read_addresses(preference, name, answers, operators)


def _read_addresses(preference: int, name: str, answers: Answers, operators: MailOperators) -> Host:
    a, aaaa = answers.of(name, RRType.A), answers.of(name, RRType.AAAA)
    both = tuple(answer for answer in (a, aaaa) if answer is not None)
    addresses = tuple(dict.fromkeys(record for answer in both if answer.settled for record in answer.records))
    usable = tuple(
        address for address in addresses if reach(address) is Reach.GLOBAL and address not in operators.sinkholes
    )
    complete = a is not None and aaaa is not None and all(_counts(answer, operators) for answer in both)
    if usable:
        state = HostState.USABLE
    elif not complete:
        state = HostState.UNSETTLED
    else:
        state = _settled_state(addresses, operators)
    return Host(
        preference,
        name,
        HostKind.ORDINARY,
        state,
        addresses,
        usable,
        alias=any(answer.chain for answer in both if answer.settled),
        ipv6_only=bool(usable) and a is not None and _counts(a, operators) and not any("." in item for item in usable),
        bogus=any(answer.question.checking_disabled for answer in both),
        filtered=any(is_filtered(answer, operators) for answer in both),
        unasked=not both,
        absent=next((item for item in both if item.outcome is Outcome.NXDOMAIN), None),
        evidence=both,
    )


def _counts(answer: Answer, operators: MailOperators) -> bool:
    return answer.settled and not is_filtered(answer, operators)


def _settled_state(addresses: tuple[str, ...], operators: MailOperators) -> HostState:
    """Return the state when nothing is missing; among useless addresses the worst surprise comes first (M28)."""
    reaches = {reach(address) for address in addresses}
    if Reach.GLOBAL in reaches:
        return HostState.UNSETTLED if all(item in operators.sinkholes for item in addresses) else HostState.USABLE
    for found, state in (
        (Reach.CONTROLLED_INTERRUPTION, HostState.INTERRUPTED),
        (Reach.UNROUTABLE, HostState.UNROUTABLE),
        (Reach.LOOPBACK, HostState.LOOPBACK),
        (Reach.UNSPECIFIED, HostState.LOOPBACK),
    ):
        if found in reaches:
            return state
    return HostState.DEAD
