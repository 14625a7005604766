"""The registry warns of a name collision with 127.0.53.53 or `your-dns-needs-immediate-attention` (M30)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.sentences import seen
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.CONTROLLED_INTERRUPTION
WORDS = "the top-level domain is being introduced (controlled interruption)"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses of the exchanges that say so."""
    found = [host for host in case.reading.hosts if host.state is HostState.INTERRUPTED]
    return tuple(answer for host in found for answer in host.evidence) if found else None


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    why = "its registry signals a name collision (127.0.53.53)"
    return f"{name} cannot receive mail: {why}{seen(name, verdict)}"
