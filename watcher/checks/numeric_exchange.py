"""An exchange is an address written as a name: Postfix connects, Exim refuses (M25)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.exchanges import HostKind
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.NUMERIC_EXCHANGE
WORDS = "its exchange is written as a number, which some senders refuse"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer."""
    reading = case.reading
    if reading.existence is not NameExistence.EXPLICIT or reading.mx is None:
        return None
    return (reading.mx,) if any(host.kind is HostKind.NUMERIC for host in reading.hosts) else None
