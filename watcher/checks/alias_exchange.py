"""An exchange is an alias: outside RFC 2181 10.3, and delivered to everywhere (M23)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.ALIAS_EXCHANGE
WORDS = "its exchange is an alias, which some senders refuse"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses that came through the alias."""
    if case.reading.existence is not NameExistence.EXPLICIT:
        return None
    found = [host for host in case.reading.hosts if host.alias]
    return tuple(answer for host in found for answer in host.evidence) if found else None
