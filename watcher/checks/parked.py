"""The address is a web-parking host's: no mail today, one daemon away (M44)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.PARKED
WORDS = "at a parking service"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the addresses."""
    reading = case.reading
    parking = case.context.surroundings.operators.parking
    if case.basis not in {Basis.IMPLICIT_MX, Basis.REGISTRY_WILDCARD} or not reading.implicit:
        return None
    usable = [address for host in reading.usable for address in host.usable]
    return reading.usable[0].evidence if all(address in parking for address in usable) else None
