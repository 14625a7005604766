"""The fewest questions that show whether a name can receive mail, in rounds, without input or output.

`inquire` is a generator. It yields rounds of questions (all of one round may be asked at once), is sent the answers in
the same order, and returns the observation. Whoever drives it, asyncio, a batch or a test, runs the same lines.
"""

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from watcher.core.mail.dns import Answer, Outcome, Question, RRType
from watcher.core.mail.exchanges import Host, HostKind, HostState, host_kind, says_filtered
from watcher.core.mail.findings import Observation
from watcher.core.mail.reading import NameExistence, Reading, Surroundings, denies_subtree, probe_name, read
from watcher.core.names.names import Fqdn

AT_MOST_EXCHANGES = 20
"""The most exchanges that are looked up when one of them is usable (M40)."""
HARD_CAP_EXCHANGES = 200
"""The most exchanges that are looked up when none is usable; beyond it nothing is claimed."""
_FURTHER = 10
"""The exchanges that a round takes after the first twenty."""

Inquiry = Generator[tuple[Question, ...], Sequence[Answer], Observation]
_Rounds = Generator[tuple[Question, ...], Sequence[Answer], None]
_ADDRESSES = (RRType.A, RRType.AAAA)


class KnownAnswers(Protocol):
    """Answers this sweep has already; a dict is one."""

    def get(self, question: Question, /) -> Answer | None:
        """Return the settled answer that still holds, or None."""
        ...


@dataclass(frozen=True, slots=True)
class InquiryContext:
    """The inputs of an inquiry besides the answers.

    `at`: when it starts. `known`: consulted for what names share (parents, exchanges, wildcards), never for the name's
    own records. `posture`: ask also what the name publishes about its mail (M58, M59). `recheck_suffix`: ask the root
    about a top-level label that the bundled list lacks, instead of believing the list (M04).
    """

    surroundings: Surroundings
    at: datetime
    known: KnownAnswers = field(default_factory=dict[Question, Answer])
    posture: bool = False
    recheck_suffix: bool = False


def inquire(name: Fqdn, context: InquiryContext) -> Inquiry:
    """Yield rounds of questions about `name`; return the observation with every answer in the order asked."""
    asking = _Asking(name, context)
    yield from _mail(asking)
    if context.posture:
        yield from _posture(asking)
    return asking.observation()


class _Asking:
    """The questions asked so far; no question is put twice."""

    def __init__(self, name: Fqdn, context: InquiryContext) -> None:
        self.name = name
        self.context = context
        self.suffixes = context.surroundings.suffixes
        self.domain = self.suffixes.registrable_domain(name)
        self._put: set[Question] = set()
        self._answers: list[Answer] = []

    def ask(self, questions: Iterable[Question], *, fresh: bool = False) -> _Rounds:
        """Put the questions that were not put yet; `fresh`: known answers from other names do not count."""
        wanted = [question for question in dict.fromkeys(questions) if question not in self._put]
        self._put.update(wanted)
        heard: dict[Question, Answer] = {}
        if not fresh:
            for question in wanted:
                known = self.context.known.get(question)
                if known is not None:
                    heard[question] = known
        missing = tuple(question for question in wanted if question not in heard)
        if missing:
            heard.update(zip(missing, (yield missing), strict=True))
        self._answers.extend(heard[question] for question in wanted)

    def observation(self) -> Observation:
        """Return the observation with all answers up to now."""
        suffix = self.suffixes.public_suffix(self.name)
        return Observation(self.name, self.domain, suffix, tuple(self._answers), self.context.at)

    def reading(self) -> Reading:
        """Return the reading of the answers up to now."""
        return read(self.observation(), self.context.surroundings)


def _mail(asking: _Asking) -> _Rounds:
    if not asking.suffixes.is_delegated(asking.name):
        if not asking.context.recheck_suffix:
            return
        yield from asking.ask([Question(asking.name.rpartition(".")[2], RRType.NS)], fresh=True)
        if asking.reading().undelegated:
            return
    if asking.domain is not None and asking.domain != asking.name:
        yield from asking.ask([Question(asking.domain, RRType.MX)])
        if asking.reading().parent_absent:
            return
    yield from _ask_again_unchecked(asking, asking.name, (RRType.MX,))
    reading = asking.reading()
    if reading.existence is NameExistence.ABSENT or (reading.mx is not None and says_filtered(reading.mx)):
        return
    if reading.existence is NameExistence.EXPLICIT:
        yield from _exchanges(asking)
    else:
        yield from _own_addresses(asking)
    yield from _parents_of_the_dead(asking)
    yield from _wildcards(asking)


def _ask_again_unchecked(asking: _Asking, name: str, types: Sequence[RRType]) -> _Rounds:
    """Ask, then ask again with validation off where a validating resolver may have refused (M10)."""
    yield from asking.ask([Question(name, rrtype) for rrtype in types], fresh=True)
    yield from _unchecked(asking, [name], types)


def _unchecked(asking: _Asking, names: Iterable[str], types: Sequence[RRType]) -> _Rounds:
    answers = asking.reading().answers
    yield from asking.ask(
        Question(name, rrtype, checking_disabled=True)
        for name in names
        for rrtype in types
        if answers.may_be_bogus(name, rrtype)
    )


def _exchanges(asking: _Asking) -> _Rounds:
    """Ask for addresses of the exchanges by preference: twenty, and further only while none is usable (M40)."""
    hosts = [host.name for host in asking.reading().hosts if host.kind is HostKind.ORDINARY][:HARD_CAP_EXCHANGES]
    start, count = 0, AT_MOST_EXCHANGES
    while start < len(hosts):
        batch = hosts[start : start + count]
        yield from asking.ask(Question(host, rrtype) for host in batch for rrtype in _ADDRESSES)
        if asking.reading().usable:
            return
        start, count = start + count, _FURTHER
    unsettled = [host.name for host in asking.reading().unsettled]
    yield from _unchecked(asking, unsettled[:AT_MOST_EXCHANGES], _ADDRESSES)


def _own_addresses(asking: _Asking) -> _Rounds:
    """Ask for the name's own addresses; where the MX answer is missing, only to have seen an address (M09)."""
    yield from asking.ask([Question(asking.name, rrtype) for rrtype in _ADDRESSES], fresh=True)
    reading = asking.reading()
    if reading.implicit and not reading.usable:
        yield from _unchecked(asking, [asking.name], _ADDRESSES)


def claimable(reading: Reading) -> tuple[tuple[Host, Fqdn], ...]:
    """Return the dead exchanges (or dead targets of aliases) with the registrable domain that may be unregistered."""
    found = []
    suffixes = reading.surroundings.suffixes
    for host in reading.hosts:
        if host.state is not HostState.DEAD or host.absent is None:
            continue
        target = host.absent.chain[-1] if host.absent.chain else host.name
        if host_kind(target) is not HostKind.ORDINARY or not suffixes.is_delegated(target):
            continue
        domain = suffixes.registrable_domain(target)
        if domain is None or domain == reading.observation.registrable_domain:
            continue
        if domain == target or denies_subtree(_without_chain(host.absent), domain):
            found.append((host, domain))
    return tuple(found)


def unregistered(reading: Reading, host: Host, domain: str) -> Answer | None:
    """Return the answer that shows that a dead exchange's registrable domain does not exist, or None (M21, M48)."""
    own = host.absent
    target = own.chain[-1] if own is not None and own.chain else host.name
    if own is not None and target == domain:
        return own if denies_subtree(_without_chain(own), domain) else None
    answer = reading.answers.of(domain, RRType.MX)
    return answer if answer is not None and denies_subtree(answer, domain) else None


def _without_chain(answer: Answer) -> Answer:
    """Return the answer as one about the end of its chain."""
    return Answer(answer.question, answer.outcome, answer.resolver, answer.at, soa=answer.soa, ttl=answer.ttl)


def _parents_of_the_dead(asking: _Asking) -> _Rounds:
    reading = asking.reading()
    if reading.usable or reading.unsettled or reading.existence is NameExistence.UNSETTLED:
        return
    yield from asking.ask(
        Question(domain, RRType.MX)
        for host, domain in claimable(reading)
        if host.absent is not None and domain not in (host.name, *host.absent.chain[-1:])
    )


def _wildcards(asking: _Asking) -> _Rounds:
    """Ask for random labels under the parents of the name and its exchanges, then for nameservers if one answers."""
    reading = asking.reading()
    surroundings = asking.context.surroundings
    able = bool(reading.usable) and reading.existence is not NameExistence.UNSETTLED
    with_mx, with_addresses = wildcard_zones(reading, able=able)
    yield from asking.ask(Question(probe_name(zone, surroundings), RRType.MX) for zone in with_mx)
    answers = asking.reading().answers
    further = []
    exchange_suffixes = {suffix for _, suffix in foreign_domains(reading)}
    for zone in with_addresses:
        mx = answers.of(probe_name(zone, surroundings), RRType.MX)
        # a name without MX cannot come from a wildcard that has some; an exchange's MX play no part
        if mx is not None and (
            mx.outcome is Outcome.NODATA or (mx.outcome is Outcome.ANSWER and zone in exchange_suffixes)
        ):
            further.append(zone)
    yield from asking.ask(Question(probe_name(zone, surroundings), rrtype) for zone in further for rrtype in _ADDRESSES)
    if able:
        yield from asking.ask(Question(domain, RRType.NS) for domain in _to_be_told_from_a_wildcard(asking.reading()))


def wildcard_zones(reading: Reading, *, able: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the zones to probe for MX, and those of them whose wildcard addresses matter too.

    The parent of a host with exchanges or addresses (M51-M53); the suffix of an able name (M54); the suffixes of its
    usable exchanges, which may stand under no registered name (M21c).
    """
    domain = reading.observation.registrable_domain
    if domain is None:
        return (), ()
    zones: dict[str, bool] = {}
    if domain != reading.name and (able or reading.existence is NameExistence.EXPLICIT):
        zones[domain] = reading.implicit
    if able:
        zones[reading.observation.public_suffix] = reading.implicit
        for _, suffix in foreign_domains(reading):
            zones[suffix] = True
    return tuple(zones), tuple(zone for zone, addresses in zones.items() if addresses)


def foreign_domains(reading: Reading) -> tuple[tuple[Fqdn, str], ...]:
    """Registrable domain and suffix of each usable exchange that stands under another name than the one read about."""
    suffixes = reading.surroundings.suffixes
    found: dict[Fqdn, str] = {}
    for host in reading.usable[:AT_MOST_EXCHANGES]:
        domain = suffixes.registrable_domain(host.name) if host.kind is HostKind.ORDINARY else None
        if domain is not None and domain != reading.observation.registrable_domain:
            found[domain] = suffixes.public_suffix(host.name)
    return tuple(found.items())


def _to_be_told_from_a_wildcard(reading: Reading) -> list[Fqdn]:
    domain = reading.observation.registrable_domain
    found = []
    if domain is not None:
        own = reading.wildcard(reading.observation.public_suffix)
        if own.present or not own.settled:
            found.append(domain)
    found.extend(domain for domain, suffix in foreign_domains(reading) if reading.wildcard(suffix).addresses)
    return found


def _posture(asking: _Asking) -> _Rounds:
    """Ask for the records about the name's mail, and for an alias beside its MX (M49, M58, M59)."""
    reading = asking.reading()
    if (
        reading.undelegated
        or reading.parent_absent
        or reading.existence in {NameExistence.ABSENT, NameExistence.UNSETTLED}
    ):
        return
    name = asking.name
    questions = [Question(text, RRType.TXT) for text in (name, f"_dmarc.{name}", f"_mta-sts.{name}")]
    if reading.usable and reading.usable[0].kind is HostKind.ORDINARY:
        questions.append(Question(f"_25._tcp.{reading.usable[0].name}", RRType.TLSA))
    if reading.existence is NameExistence.EXPLICIT and reading.mx is not None and not reading.mx.chain:
        questions.append(Question(name, RRType.CNAME))
    yield from asking.ask(questions, fresh=True)
    target = asking.reading().target_beside_mx
    if target is not None and not reading.usable:
        yield from _target(asking, Fqdn(target))


def _target(asking: _Asking, target: Fqdn) -> _Rounds:
    """Ask about the target of an alias beside useless MX records: some senders see that instead (M49)."""
    yield from asking.ask([Question(target, RRType.MX)])
    other = read(replace(asking.observation(), name=target), asking.context.surroundings)
    hosts = [host.name for host in other.hosts if host.kind is HostKind.ORDINARY][:AT_MOST_EXCHANGES]
    yield from asking.ask(Question(host, rrtype) for host in hosts for rrtype in _ADDRESSES)
