"""A filter or sinkhole answered in place of the name's owner: another resolver has to be asked (M62)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.FILTERED
WORDS = "the resolver filters it"
NOTE = "a filter answered in place of the name's owner"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answers that came from it."""
    return case.reading.filtered or None if case.basis is Basis.LOOKUP_FAILED else None
