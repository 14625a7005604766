"""The MX question failed, but the name has a reachable address: some senders fall back to it (M09)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.ADDRESS_SEEN
WORDS = "it has an address, so some senders deliver anyway"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses."""
    reading = case.reading
    if case.basis is not Basis.LOOKUP_FAILED or reading.existence is not NameExistence.UNSETTLED or not reading.usable:
        return None
    return reading.usable[0].evidence
