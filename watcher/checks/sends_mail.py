"""No mail can come in, but SPF or DMARC is set up to send: impersonation, not interception (M59)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.posture import published, sends_nothing
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.SENDS_MAIL
WORDS = "it is prepared for sending mail in its name"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers that hold the published records; None where SPF says that nothing is sent."""
    if case.basis is not Basis.NO_ADDRESS or sends_nothing(case.reading):
        return None
    return published(case.reading) or None
