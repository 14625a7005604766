"""The exchange belongs to an operator that takes mail for any name and never bounces: worse, not better (M32)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.COLLECTOR
WORDS = "at a known collector of mail"
NOTE = "the operator takes mail for any name"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer."""
    reading = case.reading
    operators = case.context.surroundings.operators
    if not case.able or reading.mx is None or reading.implicit:
        return None
    return (reading.mx,) if any(operators.collects(host.name) for host in reading.usable) else None
