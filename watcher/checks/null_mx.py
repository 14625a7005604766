"""The MX record is "." alone: the name says that it takes no mail (RFC 7505; M17)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.sentences import seen
from watcher.core.mail.verdict import Basis, Case, Flag, Verdict

TAG: Basis | Flag = Basis.NULL_MX
WORDS = "it says that it takes no mail (null MX)"


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer; beside real exchanges "." counts only when none of them is usable (M19)."""
    reading = case.reading
    if not reading.records.nulls or reading.usable or reading.mx is None:
        return None
    return (reading.mx,)


def sentence(name: str, verdict: Verdict) -> str:
    """Return the verdict as one sentence without a full stop."""
    return f'{name} refuses all mail: its MX is "." (null MX){seen(name, verdict)}'
