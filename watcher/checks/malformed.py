"""The zone holds something that no zone should: a null MX with company, an illegal label, an alias beside MX."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostKind
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.MALFORMED
WORDS = "its records break the rules"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the answer that holds it."""
    reading = case.reading
    records = reading.records
    wrong = (
        bool(records.nulls) and (records.nulls != (0,) or bool(records.hosts)),  # M18, M19
        records.unreadable > 0,
        any(host.kind is HostKind.ILLEGAL or "_" in host.name for host in reading.hosts if not reading.implicit),
        bool(reading.alias_beside_mx),  # M49
    )
    if not any(wrong):
        return None
    return (*(() if reading.mx is None else (reading.mx,)), *reading.alias_beside_mx)
