"""Some exchanges, or some addresses, lead nowhere, and that is settled (M16, M22b, M29)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import Host, HostKind, HostState
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.verdict import Basis, Case, Flag
from watcher.core.names.addresses import is_global

TAG: Basis | Flag = Flag.PARTLY_DEAD
WORDS = "some exchanges are dead"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers of what leads nowhere."""
    reading = case.reading
    failed = case.basis is Basis.LOOKUP_FAILED and reading.existence is NameExistence.EXPLICIT
    if not case.able and not failed:
        return None
    found = [host for host in reading.hosts if _leads_nowhere(host)]
    return tuple(answer for host in found for answer in host.evidence) if found else None


def _leads_nowhere(host: Host) -> bool:
    """Return whether the host, or one of its addresses, is settled as useless; an illegal label is `malformed`."""
    if host.kind is HostKind.ILLEGAL or host.state is HostState.UNSETTLED or host.bogus:
        return False
    return host.state is not HostState.USABLE or not all(is_global(address) for address in host.addresses)
