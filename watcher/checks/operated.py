"""The name publishes MTA-STS, TLSA or an SPF record that names a sender: somebody runs mail there in earnest (M58)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.posture import published, shows_an_operator
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.OPERATED
WORDS = "somebody runs mail there with care (SPF, DMARC or the like)"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers that hold MTA-STS, TLSA, SPF or DMARC records; DMARC and `v=spf1 -all` alone show nobody."""
    if case.basis is Basis.NO_ADDRESS or not shows_an_operator(case.reading):
        return None
    return published(case.reading)
