"""The name publishes MTA-STS, TLSA, SPF or DMARC: somebody runs mail there in earnest (M58)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.posture import published
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.OPERATED


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers that hold MTA-STS, TLSA, SPF or DMARC records."""
    shown = published(case.reading)
    return shown or None if case.basis is not Basis.NO_ADDRESS else None
