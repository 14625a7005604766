"""Addresses are private, link-local, shared, documentation or multicast only: senders queue for days (M28)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Basis.UNROUTABLE_EXCHANGES


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses; one unroutable exchange decides over loopback and dead ones."""
    found = [host for host in case.reading.hosts if host.state is HostState.UNROUTABLE]
    return tuple(answer for host in found for answer in host.evidence) if found else None
