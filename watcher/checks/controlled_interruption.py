"""The registry warns of a name collision with 127.0.53.53 or `your-dns-needs-immediate-attention` (M30)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Basis.CONTROLLED_INTERRUPTION


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses of the exchanges that say so."""
    found = [host for host in case.reading.hosts if host.state is HostState.INTERRUPTED]
    return tuple(answer for host in found for answer in host.evidence) if found else None
