"""Addresses are private, link-local, shared, documentation or multicast only: senders queue for days (M28)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.sentences import lead, seen
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.UNROUTABLE_EXCHANGES
WORDS = "its exchanges cannot be reached from the Internet"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses; one unroutable exchange decides over loopback and dead ones."""
    found = [host for host in case.reading.hosts if host.state is HostState.UNROUTABLE]
    return tuple(answer for host in found for answer in host.evidence) if found else None


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    where = f"{lead(name, verdict)} addresses nobody can reach"
    return f"Mail for {name} waits at its senders: {where}{seen(name, verdict)}"
