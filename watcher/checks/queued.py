"""Senders do not refuse at once but try for days: pointed to a live host in that time, it gets the mail (M27, M28)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.QUEUED
WORDS = "senders keep mail for days, and deliver it if that is changed"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the useless addresses."""
    hosts = case.reading.hosts
    quiet = case.basis is Basis.LOOPBACK_EXCHANGE and not any(
        host.queued for host in hosts if host.state is HostState.LOOPBACK
    )
    waiting = {Basis.LOOPBACK_EXCHANGE, Basis.UNROUTABLE_EXCHANGES, Basis.CONTROLLED_INTERRUPTION}
    if case.basis not in waiting or quiet:
        return None
    return tuple(answer for host in hosts for answer in host.evidence)
