"""Exchanges are `localhost` or lead to the sender's own machine; common on names for sale (M26, M27)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.sentences import lead, seen
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.LOOPBACK_EXCHANGE
WORDS = "its exchanges point at the sender"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the loopback addresses, or the MX answer where the name says it."""
    reading = case.reading
    found = [host for host in reading.hosts if host.state is HostState.LOOPBACK]
    if not found:
        return None
    shown = tuple(answer for host in found for answer in host.evidence)
    return shown or (() if reading.mx is None else (reading.mx,))


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    return f"Mail for {name} goes nowhere: {lead(name, verdict)} the sender's own machine{seen(name, verdict)}"
