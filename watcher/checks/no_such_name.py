"""The name, or the registrable domain above it, does not exist: by RFC 5321 an error, not a retry (M01, M03)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer, Outcome
from watcher.core.mail.exchanges import HostState
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.sentences import seen, shown
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.NO_SUCH_NAME
WORDS = "the name does not exist"


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


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    first = next((answer for answer in verdict.evidence if answer.outcome is Outcome.NXDOMAIN), None)
    if Flag.ARMED in verdict.flags:
        why = "it is registered but not in service" if Flag.ALIAS not in verdict.flags else "its alias can be claimed"
        return f"{name} does not exist in the DNS now: {why}{seen(name, verdict)}"
    if first is not None and all(answer.question.name != name for answer in verdict.evidence):
        return f"{name} does not exist, because {shown(first.question.name)} does not{seen(name, verdict)}"
    return f"{name} does not exist{seen(name, verdict)}"
