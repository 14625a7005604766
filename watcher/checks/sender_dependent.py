"""Some mail systems deliver and others do not: the zone breaks a rule that senders treat differently."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostKind, HostState
from watcher.core.mail.reading import NameExistence, Reading
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.SENDER_DEPENDENT
WORDS = "not every sender's server would deliver"
NOTE = "senders differ in this case"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer that senders disagree about; empty without one."""
    reading = case.reading
    reasons = (
        case.able and reading.existence is NameExistence.DENIED,  # M05: NXDOMAIN to MX, yet an address
        case.able and _only_unchecked(reading),  # M10: validating senders defer
        case.basis in {Basis.EXPLICIT_MX, Basis.NULL_MX} and _null_beside_hosts(reading),  # M19
        case.able and all(host.kind is HostKind.NUMERIC for host in reading.usable),  # M25: Exim refuses
        case.able and _loopback_first(reading),  # M26b: Postfix bounces
        case.basis is Basis.DEAD_EXCHANGES and all(host.kind is HostKind.ILLEGAL for host in reading.hosts),  # M39b
        case.able and bool(reading.alias_beside_mx),  # M49
        case.able and "." not in reading.name,  # M57
    )
    if not any(reasons):
        return None
    return () if reading.mx is None else (reading.mx,)


def _only_unchecked(reading: Reading) -> bool:
    unchecked = reading.mx is not None and reading.mx.question.checking_disabled
    return unchecked or all(host.bogus for host in reading.usable)


def _null_beside_hosts(reading: Reading) -> bool:
    return bool(reading.records.nulls and reading.records.hosts)


def _loopback_first(reading: Reading) -> bool:
    """Return whether mail may turn back to the sender before, or at, the first usable exchange."""
    first = min(host.preference for host in reading.hosts if host.state is HostState.USABLE)
    return any(host.has_loopback for host in reading.hosts if host.preference <= first)
