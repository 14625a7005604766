"""There are MX records, and no exchange exists or has an address; senders do not fall back to the name (M20)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.reading import NameExistence
from watcher.core.mail.sentences import hosts, seen
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.DEAD_EXCHANGES
WORDS = "its exchanges have no address"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer and the exchanges' empty ones."""
    reading = case.reading
    if reading.existence is not NameExistence.EXPLICIT or not reading.hosts or reading.mx is None:
        return None
    return (reading.mx, *(answer for host in reading.hosts for answer in host.evidence))


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    text = f"Mail for {name} bounces: none of its exchanges ({hosts(verdict)}) has an address"
    claim = ", and one of them anybody could claim" if Flag.ARMED in verdict.flags else ""
    return text + claim + seen(name, verdict)
