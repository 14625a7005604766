"""The name, or the registrable domain above it, does not exist: by RFC 5321 an error, not a retry (M01, M03)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer, Outcome
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Basis.NO_SUCH_NAME


def find(case: Case) -> Sequence[Answer] | None:
    """Return the NXDOMAIN; where it came through an alias or from the name's own zone, the addresses' ones too."""
    reading = case.reading
    if reading.parent is not None and reading.parent_absent:
        return (reading.parent,)
    if reading.mx is None or reading.mx.question.checking_disabled:
        return None
    if reading.existence is NameExistence.ABSENT:
        return (reading.mx,)
    if reading.existence is NameExistence.DENIED:
        host = reading.hosts[0]
        answers = (reading.mx, *host.evidence)
        if host.state is HostState.DEAD and all(answer.outcome is Outcome.NXDOMAIN for answer in answers):
            return answers
    return None
