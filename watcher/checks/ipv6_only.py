"""Only senders with IPv6 can deliver: no exchange has a reachable IPv4 address (M15, M42)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.IPV6_ONLY
WORDS = "over IPv6 only"
NOTE = "over IPv6 only"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the IPv6 addresses; nothing while an IPv4 answer is missing."""
    reading = case.reading
    open_questions = any(host.state is HostState.UNSETTLED and not host.unasked for host in reading.hosts)
    if not case.able or open_questions or not all(host.ipv6_only for host in reading.usable):
        return None
    return tuple(answer for host in reading.usable for answer in host.evidence)
