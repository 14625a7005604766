"""The name has MX records, and at least one exchange has an address that senders can reach (M14)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.sentences import delivered
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.EXPLICIT_MX
WORDS = "it names mail exchanges (MX)"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer and the usable exchanges' addresses."""
    reading = case.reading
    if reading.existence is not NameExistence.EXPLICIT or not reading.usable or reading.mx is None:
        return None
    return (reading.mx, *(answer for host in reading.usable for answer in host.evidence))


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    return delivered(name, verdict)
