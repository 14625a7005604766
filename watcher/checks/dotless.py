"""The name has one label only: RFC 5321 wants more, mail systems deliver all the same (M57)."""

from collections.abc import Sequence

from watcher.core.mail.dns import Answer
from watcher.core.mail.verdict import Basis, Case, Flag

TAG: Basis | Flag = Flag.DOTLESS
WORDS = "its exchange is a top-level name"
NOTE = ""


def find(case: Case) -> Sequence[Answer] | None:
    """Return the MX answer."""
    if "." in case.reading.name or not case.able or case.reading.mx is None:
        return None
    return (case.reading.mx,)
