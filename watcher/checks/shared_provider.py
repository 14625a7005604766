"""The exchange serves many customers (Google, Microsoft, ...): the DNS cannot show whose mailbox it is (M33)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.SHARED_PROVIDER
WORDS = "at a shared provider"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer."""
    reading = case.reading
    operators = case.context.surroundings.operators
    if not case.able or reading.mx is None or reading.implicit:
        return None
    return (reading.mx,) if any(operators.provider(host.name) for host in reading.usable) else None
