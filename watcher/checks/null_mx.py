"""The MX record is "." alone: the name says that it takes no mail (RFC 7505; M17)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Basis.NULL_MX


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer; beside real exchanges "." counts only when none of them is usable (M19)."""
    reading = case.reading
    if not reading.records.nulls or reading.usable or reading.mx is None:
        return None
    return (reading.mx,)
