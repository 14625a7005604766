"""The name exists, without MX and without an address: there is nowhere to deliver to (M02)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.sentences import seen
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.NO_ADDRESS
WORDS = "neither mail exchange nor address"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer and the empty address answers."""
    reading = case.reading
    if not reading.implicit or reading.hosts[0].state is not HostState.DEAD or reading.mx is None:
        return None
    return (reading.mx, *reading.hosts[0].evidence)


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    return f"{name} exists but cannot receive mail: it has neither MX nor address{seen(name, verdict)}"
