"""A validating resolver refuses the answer, and gives one with validation off (M10)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.BOGUS_DNSSEC
WORDS = "DNSSEC does not validate: some servers defer"
NOTE = "its DNSSEC signatures are wrong"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers given with validation off."""
    reading = case.reading
    if not reading.bogus or not (case.able or case.basis is Basis.LOOKUP_FAILED):
        return None
    answers = (reading.mx, *(answer for host in reading.hosts for answer in host.evidence))
    return tuple(answer for answer in answers if answer is not None and answer.question.checking_disabled)
