"""No MX records, but the name itself has an address that senders can reach (RFC 5321 5.1; M41)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.sentences import delivered
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.IMPLICIT_MX
WORDS = "no MX, but an address, and mail goes there (implicit MX)"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer and the name's addresses."""
    reading = case.reading
    if not reading.implicit or not reading.usable or reading.mx is None:
        return None
    return (reading.mx, *reading.usable[0].evidence)


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    return delivered(name, verdict, of_itself="no MX, so the address of the name itself")
